//! The crate beside the real `git`, which each test that needs it skips with a line where it is absent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where its input is not as made"
)]

#[path = "suite/support.rs"]
mod support;

#[path = "suite/access.rs"]
mod access;
#[path = "suite/changed.rs"]
mod changed;
#[path = "suite/fetch.rs"]
mod fetch;
#[path = "suite/open.rs"]
mod open;
#[path = "suite/revision.rs"]
mod revision;
#[path = "suite/tree.rs"]
mod tree;
#[path = "suite/write.rs"]
mod write;
