//! Renders golden directories, and where they are there, real applications and kustomize's own cases.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests read folders, print figures and fail by panics"
)]

mod conformance;
mod golden;
mod helm;
mod limits;
mod real_apps;
mod support;
