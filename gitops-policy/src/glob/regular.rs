//! Regular expressions between slashes. Argo CD reads them by github.com/dlclark/regexp2, which has lookahead and the like,
//! as the library here does.

use fancy_regex::{Regex, RegexBuilder};

use crate::expression::{Dialect, translated};

/// How often a match may go back before it counts as none.
const MAX_BACKTRACKS: usize = 100_000;

/// A regular expression that a user wrote.
#[derive(Clone, Debug)]
pub struct RegularExpression(Regex);

impl RegularExpression {
    /// Reads an expression; none where the text is no expression, which matches nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let regular = translated(text, Dialect::Net)?;
        RegexBuilder::new(&regular).backtrack_limit(MAX_BACKTRACKS).build().ok().map(Self)
    }

    /// Whether some part of the text matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text).unwrap_or(false)
    }
}
