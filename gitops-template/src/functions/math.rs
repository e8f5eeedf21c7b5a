//! sprig's arithmetic.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
