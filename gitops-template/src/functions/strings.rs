//! sprig's text functions.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
