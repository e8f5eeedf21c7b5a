//! sprig's hashes and checksums.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
