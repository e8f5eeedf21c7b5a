//! sprig's conversions and questions about types: `toString`, `int`, `kindOf`, `typeIs`, `deepEqual` and their relatives.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
