//! sprig's dates.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
