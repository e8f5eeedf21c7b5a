//! sprig's randomness, drawn from the host.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
