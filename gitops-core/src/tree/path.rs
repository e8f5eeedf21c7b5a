use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A path inside a tree: relative to its root, parts joined by `/`, without `.`, `..` or empty parts.
/// The root is the empty path.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TreePath(String);

/// Why a text is not a path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// It starts at the root of a machine.
    #[error("`{0}` is an absolute path, expected one inside the repository")]
    Absolute(String),
    /// It climbs out of the tree.
    #[error("`{0}` leads outside the repository")]
    Outside(String),
    /// It has a NUL byte or a backslash-free form is impossible.
    #[error("the path holds a NUL byte")]
    Nul,
}

impl TreePath {
    /// The root of a tree.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path from its text. `.` and empty parts are dropped, `..` climbs.
    ///
    /// # Errors
    /// Where the path is absolute or climbs above the root.
    pub fn new(text: &str) -> Result<Self, PathError> {
        Self::root().join(text)
    }

    /// This path followed by another, which may climb by `..` but not above the root.
    ///
    /// # Errors
    /// Where the text is absolute or the result lies above the root.
    pub fn join(&self, text: &str) -> Result<Self, PathError> {
        if text.starts_with('/') {
            return Err(PathError::Absolute(text.into()));
        }
        if text.contains('\0') {
            return Err(PathError::Nul);
        }
        let mut joined = self.clone();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => joined = joined.parent().ok_or_else(|| PathError::Outside(text.into()))?,
                name => joined.push(name),
            }
        }
        Ok(joined)
    }

    /// The directory that holds this path; none for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.into())))
    }

    /// The last part; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this path is the other one or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        other.is_root() || self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The deepest path that this one and the other one are within.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let parts = self.parts().zip(other.parts()).take_while(|(one, other)| one == other);
        let mut common = Self::root();
        parts.for_each(|(part, _)| common.push(part));
        common
    }

    /// The path as text, `""` for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts, from the root down.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// A child of this path, by a name that is one part.
    pub fn child(&self, name: &str) -> Self {
        let mut path = self.clone();
        path.push(name);
        path
    }

    fn push(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push('/');
        }
        self.0.push_str(name);
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normal_and_stay_inside() {
        let path = TreePath::new("apps//web/./base/").unwrap();
        assert_eq!(path.as_str(), "apps/web/base");
        assert_eq!(path.join("../overlays/x").unwrap().as_str(), "apps/web/overlays/x");
        assert_eq!(path.join("../../../..").unwrap_err(), PathError::Outside("../../../..".into()));
        assert_eq!(TreePath::new("/etc").unwrap_err(), PathError::Absolute("/etc".into()));
        assert!(path.is_within(&TreePath::new("apps/web").unwrap()));
        assert!(!path.is_within(&TreePath::new("apps/we").unwrap()));
        assert_eq!(path.parent().unwrap().parent().unwrap().parent().unwrap(), TreePath::root());
        assert_eq!(TreePath::root().parent(), None);
    }
}
