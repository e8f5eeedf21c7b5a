//! sprig's paths.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
