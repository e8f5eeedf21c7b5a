//! Whole syncs against a small cluster in memory: stopped at every call, generated at random, and made stale.

mod machine;
mod plans;
mod scenarios;
mod stops;
mod support;
