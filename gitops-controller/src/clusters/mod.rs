//! The clusters that Applications are deployed to: the one that keeps them, and those of Argo CD's cluster Secrets ("Declarative
//! Setup", Argo CD 3.5). How a cluster is spoken with is its maker's to know ([`Clusters`]); here is who may be spoken with, under
//! which name, and whether it can be reached.
//!
//! A cluster that cannot be reached is asked beside the work, never within a look at an Application: looks at what goes there end
//! at once, with what is known, so that no other Application waits for it.

mod definition;
mod identity;
mod known;
mod link;
mod place;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures::future::BoxFuture;
use gitops_core::Cluster;
use thiserror::Error;

pub use definition::{ClusterDefinition, CredentialProgram};
pub use identity::CloudIdentity;
pub(crate) use known::KnownClusters;
pub use place::{Place, Unplaced};

/// Makes clusters of what Secrets say of them.
pub trait Clusters: Send + Sync {
    /// The cluster of a definition. It is called for the first time afterwards.
    ///
    /// # Errors
    /// Where the definition cannot be used, or asks for what this process may not do.
    fn make<'a>(&'a self, definition: &'a ClusterDefinition)
    -> BoxFuture<'a, Result<Arc<dyn Cluster>, ClusterRefused>>;
}

/// Why a definition makes no cluster.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ClusterRefused(pub String);
