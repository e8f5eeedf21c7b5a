//! A cluster in memory with a clock of its own, and syncs on it.

mod fake;
mod world;

pub(crate) use fake::{Call, Fake, Fault};
pub(crate) use world::*;
