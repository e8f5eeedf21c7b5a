//! What Kubernetes itself answers: golden cases of its libraries, and writes recorded on a real API server.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests read recorded answers and print how many were given"
)]

mod expected;
mod replay;
