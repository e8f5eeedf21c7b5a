//! The crate against real repositories and a web server on this machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where its input is not as made"
)]

#[path = "suite/charts.rs"]
mod charts;
#[path = "suite/files.rs"]
mod files;
#[path = "suite/repositories.rs"]
mod repositories;
