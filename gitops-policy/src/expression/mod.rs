//! Regular expressions as users wrote them for another library, read strictly and said in the syntax of the libraries here.
//!
//! Patterns decide what is permitted, so that what the other library refuses must not match here. Everything that is not
//! known to be valid there, or to mean the same here, is refused.

mod class;
mod escape;
mod reader;
mod repetition;
#[cfg(test)]
mod tests;

use reader::Reader;

/// The longest expression, in bytes.
const MAX_LENGTH: usize = 4096;

/// Whose expressions are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Go's `regexp`, with the flags that `regexp.Compile` has. What is left out: a flag group that is repeated, as in
    /// `a(?i)*`, and surrogates.
    Go,
    /// github.com/dlclark/regexp2, .NET's. What is left out: references to groups, conditions, comments, subtracted classes,
    /// octal and control characters, and the flags `m`, `n` and `x`.
    Net,
}

/// The same expression in the syntax of `regex`, with `fancy_regex`'s lookaround for .NET's; none where the dialect refuses it.
/// It has no groups that capture: whether it matches is all that is asked.
pub(crate) fn translated(text: &str, dialect: Dialect) -> Option<String> {
    if text.len() > MAX_LENGTH { None } else { Reader::new(text, dialect).all() }
}
