//! Go's `fmt`: how values are printed.

mod plain;
mod printf;

pub(crate) use plain::{display, print, println, write};
pub(crate) use printf::printf;
