//! sprig's lists.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
