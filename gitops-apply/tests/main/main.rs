//! Whole syncs against a small cluster in memory: stopped at every call, generated at random, and made stale.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_macros,
    clippy::field_reassign_with_default,
    reason = "a test that fails may panic, and prints what it counted"
)]

mod deletion;
mod machine;
mod methods;
mod observing;
mod plans;
mod safety;
mod scenarios;
mod stops;
mod support;
