//! What the crate reads and writes, against real output of the real tools.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests read their cases and say what they skip"
)]

mod emitted;
mod hostile;
mod properties;
