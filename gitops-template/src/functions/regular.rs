//! sprig's regular expressions, in the syntax of Go's RE2.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
