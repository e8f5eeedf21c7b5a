//! The operator as a program, on a real control plane. Without one (`KUBEBUILDER_ASSETS`) the tests say that they were
//! skipped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod bench;
mod churn;
mod clusters;
mod exclusions;
mod ground;
mod isolation;
mod replicas;
mod statuses;
mod stories;
mod traces;
mod wall;
