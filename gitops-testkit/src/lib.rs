//! What proves the engine from outside: the conformance runner, and the tests that keep the tree tidy.
//!
//! Unpublished, and a leaf: no crate depends on it.
//!
//! # What this crate must not know
//! Any case by its name: a rule is followed for every case, or for none.

pub mod conformance;
