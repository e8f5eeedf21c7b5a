//! sprig's maps.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
