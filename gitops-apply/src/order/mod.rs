//! In which order objects are written: phase, wave, kind, name, and whatever they say they depend on.
//!
//! Waves come one after the other, and within one what depends on nothing comes by rank. A cycle is an error that prints it: it
//! is looked for in a graph in which each wave lies between two barrier nodes, so that a wave of thousands costs thousands of
//! edges and not their square, and `depends-on` adds an edge.

pub mod applications;
mod graph;
mod kind_rank;
mod rank;

use gitops_core::ObjectId;
use thiserror::Error;

use crate::hook::Phase;

pub use kind_rank::kind_rank;

/// One thing to be ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its phase.
    pub phase: Phase,
    /// Its wave.
    pub wave: i64,
    /// Which object.
    pub id: ObjectId,
    /// Places of other items that must be there first.
    pub after: Vec<usize>,
    /// Whether the object is deleted. Within a wave deletions come before writes, as in Argo CD, and their kinds in the
    /// reverse order.
    pub removal: bool,
}

impl Item {
    /// An item that depends on nothing.
    pub fn new(phase: Phase, wave: i64, id: ObjectId) -> Self {
        Self { phase, wave, id, after: Vec::new(), removal: false }
    }
}

/// Items of one phase and wave, in batches: a batch is written at once, the next one when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The phase.
    pub phase: Phase,
    /// The wave.
    pub wave: i64,
    /// Places of the items.
    pub batches: Vec<Vec<usize>>,
}

impl Group {
    fn new(phase: Phase, wave: i64) -> Self {
        Self { phase, wave, batches: Vec::new() }
    }
}

/// Items that wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("these resources wait for each other: {}", shown(.0))]
pub struct Cycle(pub Vec<ObjectId>);

/// A cycle in words; of a long one the first resources.
fn shown(ids: &[ObjectId]) -> String {
    const MOST: usize = 20;
    let mut words: Vec<String> = ids.iter().take(MOST).map(|id| format!("`{id}`")).collect();
    if ids.len() > MOST {
        words.push(format!("and {} more", ids.len() - MOST));
    }
    words.join(" -> ")
}

/// Orders items. Items equal in phase, wave, kind and name are ordered by namespace, so the result is one for each input.
///
/// # Errors
/// Where items wait for each other; an item that depends on one of a later wave is such a case.
pub fn order(items: &[Item]) -> Result<Vec<Group>, Cycle> {
    graph::order(items)
}

#[cfg(test)]
mod tests;
