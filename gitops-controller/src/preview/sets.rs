//! ApplicationSets at a commit: their generators see the repositories that Applications see, and no cluster.

use std::sync::Arc;

use gitops_core::Tree;

use super::sources::Sources;
use crate::appset::{self, Definition, Expansion, Outside, OutsideError, Settings};
use crate::compare::CONTROL_NAMESPACE;

struct AtCommit<'s> {
    sources: &'s Sources<'s>,
    tree: &'s Arc<dyn Tree>,
}

impl Outside for AtCommit<'_> {
    fn tree(&self, repository: &str, revision: &str) -> Result<Arc<dyn Tree>, OutsideError> {
        self.sources.tree(repository, revision, self.tree).map_err(OutsideError::Failed)
    }
}

/// The Applications of a set, where `tree` is what the commit at hand has.
pub(super) fn expand(set: &Definition, sources: &Sources<'_>, tree: &Arc<dyn Tree>) -> Expansion {
    appset::expand(set, &AtCommit { sources, tree }, &Settings::new(CONTROL_NAMESPACE))
}
