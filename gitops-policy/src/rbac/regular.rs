//! Regular expressions of a policy, which Argo CD reads by Go's `regexp`.

use regex::{Regex, RegexBuilder};

use crate::expression::{Dialect, translated};

/// The most memory that an expression may take once it is compiled, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// Compiles an expression; none where Go refuses it or it is too large.
pub(super) fn compile(text: &str) -> Option<Regex> {
    RegexBuilder::new(&translated(text, Dialect::Go)?).size_limit(MAX_SIZE).build().ok()
}
