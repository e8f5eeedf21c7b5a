use std::fmt;

/// Why a text is no regular expression, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatternError {
    words: &'static str,
    part: String,
}

impl PatternError {
    /// What is wrong with a part of the expression.
    pub(super) fn new(words: &'static str, part: &[u8]) -> Self {
        Self { words, part: String::from_utf8_lossy(part).into_owned() }
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error parsing regexp: {}: `{}`", self.words, self.part)
    }
}
