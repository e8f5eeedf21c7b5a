use std::ops::Deref;
use std::rc::Rc;

use super::Value;

/// A slice as Go has it: values and the type that its elements are declared with. Nothing changes it.
#[derive(Clone)]
pub struct List {
    items: Rc<Vec<Value>>,
    element: Element,
    nil: bool,
}

/// What the elements of a list are declared as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`: anything.
    #[default]
    Any,
    /// `string`.
    Text,
    /// `int`.
    Int,
    /// `[]interface {}`.
    List,
    /// Some other type, by its name.
    Named(&'static str),
}

impl Element {
    /// The name of the type of an element.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Text => "string",
            Self::Int => "int",
            Self::List => "[]interface {}",
            Self::Named(name) => name,
        }
    }
}

impl List {
    /// A list of some type.
    pub fn of(element: Element, items: Vec<Value>) -> Self {
        Self { items: Rc::new(items), element, nil: false }
    }

    /// A nil slice of some type, which is empty and is written as `null` where JSON or YAML is written.
    pub fn nil(element: Element) -> Self {
        Self { items: Rc::default(), element, nil: true }
    }

    /// Whether it is a nil slice.
    pub fn is_nil(&self) -> bool {
        self.nil
    }

    /// The elements, which are not copied if nobody else has them.
    pub fn into_vec(self) -> Vec<Value> {
        Rc::try_unwrap(self.items).unwrap_or_else(|items| items.to_vec())
    }

    /// What its elements are declared as.
    pub fn element(&self) -> Element {
        self.element
    }

    /// The elements from one index up to another, with the same type. Indexes beyond the end are the end.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        let to = to.min(self.items.len());
        Self::of(self.element, self.items.get(from.min(to)..to).unwrap_or_default().to_vec())
    }
}

impl Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.items
    }
}

impl From<Vec<Value>> for List {
    fn from(items: Vec<Value>) -> Self {
        Self::of(Element::Any, items)
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self::from(items.into_iter().collect::<Vec<_>>())
    }
}
