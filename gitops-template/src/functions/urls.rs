//! sprig's URLs.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
