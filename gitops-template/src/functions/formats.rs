//! JSON, YAML and TOML as Helm's functions read and write them.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
