//! sprig's keys and certificates.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
