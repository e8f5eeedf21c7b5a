//! A path from an object's root to one of its fields.

use std::fmt;

use super::PathElement;

/// Steps from the root; printed as the API server prints conflicts: `.spec.ports[port=80,protocol="TCP"].name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Path(Vec<PathElement>);

impl Path {
    /// A path of fields: `Path::fields(["metadata", "name"])`.
    #[must_use]
    pub fn fields<const N: usize>(names: [&str; N]) -> Self {
        Self(names.into_iter().map(PathElement::field).collect())
    }

    /// The steps, root first.
    #[must_use]
    pub fn elements(&self) -> &[PathElement] {
        &self.0
    }

    /// Goes one step deeper.
    pub fn push(&mut self, element: PathElement) {
        self.0.push(element);
    }

    /// Goes back one step.
    pub fn pop(&mut self) {
        self.0.pop();
    }
}

impl From<Vec<PathElement>> for Path {
    fn from(elements: Vec<PathElement>) -> Self {
        Self(elements)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|element| element.fmt(formatter))
    }
}
