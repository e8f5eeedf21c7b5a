//! From a value to a type, with the place of what does not fit.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::message::{path_of, translate};
use super::problem::{DecodeError, Finding, Problem, Severity};
use super::validate::Validate;
use crate::api::{FieldPath, Schema};

/// A value that was decoded, and what there is to say about it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decoded<T> {
    /// The value.
    pub value: T,
    /// Number of the document in its file, counted from 0.
    pub document: usize,
    /// Line the document begins on, counted from 1, where it is known.
    pub line: Option<usize>,
    /// Fields the schema does not know, which the value keeps.
    pub unknown_fields: Vec<UnknownField>,
    /// What is wrong with the value though it has the right shape.
    pub problems: Vec<Problem>,
}

/// A field the schema does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownField {
    /// The field.
    pub path: FieldPath,
    /// Its line, counted from 1, where it is known.
    pub line: Option<usize>,
}

impl<T> Decoded<T> {
    /// The value, unless it has a problem that makes it useless; then the first of these.
    pub fn checked(self) -> Result<T, DecodeError> {
        match self.problems.into_iter().find(|problem| problem.severity == Severity::Error) {
            Some(problem) => Err(DecodeError::Field(problem)),
            None => Ok(self.value),
        }
    }

    /// The same with another value.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Decoded<U> {
        Decoded {
            value: change(self.value),
            document: self.document,
            line: self.line,
            unknown_fields: self.unknown_fields,
            problems: self.problems,
        }
    }
}

/// Where a value came from.
pub struct Place<'a> {
    /// The file, as errors are to name it.
    pub file: &'a str,
    /// Number of the document in the file, counted from 0.
    pub document: usize,
    /// Finds the line of a field, counted from 1.
    pub line_of: &'a dyn Fn(&FieldPath) -> Option<usize>,
}

impl Place<'_> {
    /// The line of a field; where there is no such field, of what it would be in.
    fn line(&self, path: &FieldPath) -> Option<usize> {
        let mut path = path.clone();
        loop {
            if let Some(line) = (self.line_of)(&path) {
                return Some(line);
            }
            path.pop()?;
        }
    }

    /// A finding at its place.
    pub fn problem(&self, finding: Finding) -> Problem {
        Problem {
            file: self.file.to_owned(),
            line: self.line(&finding.path),
            path: finding.path,
            message: finding.message,
            severity: finding.severity,
        }
    }
}

/// Decodes a value that was read from `place`.
///
/// # Errors
/// [`DecodeError::Field`] for the first field that does not have the schema's shape.
pub fn decode_value<T>(value: &Value, place: &Place<'_>) -> Result<Decoded<T>, DecodeError>
where
    T: DeserializeOwned + Schema + Validate,
{
    let typed: T = serde_path_to_error::deserialize(value).map_err(|error| {
        let said = error.inner().to_string();
        let (path, message) = translate(value, path_of(error.path()), &said);
        DecodeError::Field(place.problem(Finding::error(path, message)))
    })?;
    let unknown_fields =
        typed.unknown_fields().into_iter().map(|path| UnknownField { line: place.line(&path), path }).collect();
    let problems = typed.validate().into_iter().map(|finding| place.problem(finding)).collect();
    Ok(Decoded {
        value: typed,
        document: place.document,
        line: place.line(&FieldPath::root()),
        unknown_fields,
        problems,
    })
}
