//! sprig's semantic versions.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
