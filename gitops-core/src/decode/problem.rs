//! What is wrong with a manifest, and where.

use std::fmt;

use thiserror::Error;

use crate::api::FieldPath;

/// Something about a field of a value, found without knowing its file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The field.
    pub path: FieldPath,
    /// What is wrong, without the path.
    pub message: String,
    /// Whether the value cannot be used.
    pub severity: Severity,
}

/// Whether a value can be used all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It can, though perhaps not as was meant.
    Warning,
    /// It cannot: Argo CD refuses it.
    Error,
}

impl Finding {
    /// A reason why a value cannot be used.
    pub fn error(path: FieldPath, message: impl Into<String>) -> Self {
        Self { path, message: message.into(), severity: Severity::Error }
    }

    /// Something that may not be as was meant.
    pub fn warning(path: FieldPath, message: impl Into<String>) -> Self {
        Self { path, message: message.into(), severity: Severity::Warning }
    }
}

/// A [`Finding`] with its place in a file.
///
/// Displays as `examples/x.yaml:14: spec.syncPolicy.automated.prune: expected a boolean, found "maybe"`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The file, as the caller named it.
    pub file: String,
    /// Line of the field, or of the nearest field round it; counted from 1.
    pub line: Option<usize>,
    /// The field.
    pub path: FieldPath,
    /// What is wrong, without file, line and path.
    pub message: String,
    /// Whether the value cannot be used.
    pub severity: Severity,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        if !self.path.is_root() {
            write!(formatter, ": {}", self.path)?;
        }
        write!(formatter, ": {}", self.message)
    }
}

/// Why a file could not be decoded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is not YAML, or more than the budget allows.
    #[error("{0}")]
    Read(Problem),
    /// A field has another shape than the schema, or a value that cannot be used.
    #[error("{0}")]
    Field(Problem),
}
