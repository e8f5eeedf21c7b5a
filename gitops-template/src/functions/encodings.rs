//! sprig's encodings: base64, base32.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
