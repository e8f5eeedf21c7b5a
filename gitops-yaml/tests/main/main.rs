//! What the crate reads and writes, against real output of the real tools.

mod emitted;
mod properties;
