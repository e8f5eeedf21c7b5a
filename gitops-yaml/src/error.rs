use libyaml_safer::{Error, Mark};
use thiserror::Error as ThisError;

/// Why a text cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{line}:{column}: {message}")]
#[non_exhaustive]
pub struct ReadError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl ReadError {
    pub(crate) fn new(line: usize, column: usize, message: String) -> Self {
        Self { line, column, message }
    }

    pub(crate) fn at(mark: Mark, message: String) -> Self {
        let column = usize::try_from(mark.column).unwrap_or(usize::MAX).saturating_add(1);
        Self::new(crate::compose::line(mark), column, message)
    }

    pub(crate) fn from_parser(error: &Error) -> Self {
        let mark = error.problem_mark().or_else(|| error.context_mark()).unwrap_or_default();
        let words = match error.context().filter(|context| !context.is_empty()) {
            Some(context) => format!("{context}: {}", error.problem()),
            None => error.problem().to_owned(),
        };
        Self::at(mark, words)
    }
}
