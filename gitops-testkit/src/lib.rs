//! What proves the engine from outside: the conformance runner, and the tests that keep the tree tidy.
//!
//! Unpublished, and a leaf: no crate depends on it.

pub mod conformance;
