//! Writes of several field managers, recorded on a real API server and replayed.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests read recorded answers and print how many were given"
)]

mod replay;
