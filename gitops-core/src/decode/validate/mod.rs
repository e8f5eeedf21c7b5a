//! What a value must be like beyond its shape, where Argo CD checks it without asking a cluster or a repository.

mod application;
mod application_set;
mod project;

use std::collections::BTreeSet;

use super::problem::Finding;

/// A type with rules beyond its shape.
pub trait Validate {
    /// What is wrong; nothing where all is well.
    fn validate(&self) -> Vec<Finding>;
}

/// The elements that are equal to an earlier one, with their positions.
fn repeated<'a, T: Ord + Clone + 'a>(items: impl Iterator<Item = T> + 'a) -> Vec<(usize, T)> {
    let mut seen = BTreeSet::new();
    items.enumerate().filter(|(_, item)| !seen.insert(item.clone())).collect()
}
