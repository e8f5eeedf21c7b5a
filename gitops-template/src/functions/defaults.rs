//! sprig's `default`, `empty`, `coalesce`, `ternary`, `all`, `any`.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
