//! Regular expressions in the syntax and with the meaning of Go's RE2, over a library that has another syntax.

mod class;
mod error;
mod replace;
mod search;
mod translate;

pub(crate) use error::PatternError;
pub(crate) use search::Subject;

use regex::bytes::{Regex, RegexBuilder};

/// The most memory that an expression may take once it is compiled, in bytes.
const MAX_SIZE: usize = 16 << 20;

/// Groups in each other, with those that the translation adds.
const MAX_NESTING: u32 = 4_000;

/// A regular expression.
pub(crate) struct Pattern {
    regex: Regex,
    /// The names of the groups, the first one being the whole; empty for those without.
    names: Vec<String>,
    is_empty: bool,
}

impl Pattern {
    /// Reads an expression as Go's `regexp.Compile` does.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, PatternError> {
        let translated = translate::translate(text)?;
        let compile = || {
            let mut builder = RegexBuilder::new(&translated.pattern);
            builder.size_limit(MAX_SIZE).dfa_size_limit(MAX_SIZE).nest_limit(MAX_NESTING).build()
        };
        let regex = stacker::maybe_grow(4 << 20, 16 << 20, compile)
            .map_err(|_| PatternError::new("expression too large", text))?;
        Ok(Self { regex, names: translated.names, is_empty: text.is_empty() })
    }
}
