use libyaml_safer::{Error, ErrorKind, Mark};
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
    /// The same in the words of the Go libraries.
    go_words: String,
}

impl ReadError {
    pub(crate) fn new(line: usize, column: usize, message: String) -> Self {
        let go_words = format!("yaml: {message}");
        Self { line, column, message, go_words }
    }

    /// The same error, which Go's libraries tell in other words.
    pub(crate) fn in_go(self, words: impl Into<String>) -> Self {
        Self { go_words: words.into(), ..self }
    }

    pub(crate) fn into_go_words(self) -> String {
        self.go_words
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
        let line = |mark: Option<Mark>| mark.map_or(0, |mark| mark.line);
        let go_line = match (line(error.problem_mark()), line(error.context_mark())) {
            (0, 0) => String::new(),
            (0, line) => format!("line {line}: "),
            // The scanner counts its line only once it has left it.
            (line, _) => format!("line {}: ", line + u64::from(error.kind() == ErrorKind::Scanner)),
        };
        Self::at(mark, words).in_go(format!("yaml: {go_line}{}", error.problem()))
    }
}
