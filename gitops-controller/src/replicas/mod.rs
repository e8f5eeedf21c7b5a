//! Several replicas of one operator: who works at what, agreed on by Leases of the cluster that keeps the Applications.
//!
//! Applications are parted into shards by a hash of their names, and ApplicationSets are a shard of their own. Each replica has
//! a Lease that it renews, and each shard one that names its holder; what is to be whose follows from who lives
//! ([`shard`]). [`coordination`] decides, [`run`] calls the cluster, and a [`Hold`] stops every write of a replica before another
//! one can have taken its shard.

mod coordination;
mod hold;
mod lease;
mod run;
mod shard;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use gitops_core::Cluster;
use thiserror::Error;

pub(crate) use hold::Hold;
pub(crate) use run::{Said, ShardSignal, coordinate};
pub use shard::Shard;

/// How many calls fit into the time in which a replica has to renew, however slowly they are answered.
const CALLS: u32 = 4;

/// How an operator shares its work with other replicas of it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Replicas {
    /// The cluster that keeps the Applications, without a memory: what it answers is so.
    pub cluster: Arc<dyn Cluster>,
    /// The namespace of the Leases.
    pub namespace: String,
    /// What tells this replica from all others, as a name of an object.
    pub identity: String,
    /// Into how many shards Applications are parted, equal for all replicas.
    pub shards: u32,
    /// For how long after a replica's last renewal nobody takes its shards.
    pub lease: Duration,
    /// For how long after its last renewal a replica writes; shorter than [`Replicas::lease`].
    pub deadline: Duration,
    /// How often replicas renew, and look at each other.
    pub period: Duration,
}

/// Why replicas cannot share as they are told to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplicasError {
    /// Times contradict each other.
    #[error(
        "a replica has to stop before others take over, and to try several times before it stops: the lease's duration \
         ({lease:?}) has to be longer than the deadline ({deadline:?}), and that at least four times the period ({period:?})"
    )]
    Times {
        /// The lease's duration.
        lease: Duration,
        /// The deadline.
        deadline: Duration,
        /// The period.
        period: Duration,
    },
    /// There are no shards.
    #[error("there has to be a shard at least")]
    Shards,
    /// The identity cannot be a part of an object's name.
    #[error(
        "the identity `{0}` is no name of an object: lower-case letters, digits, `-` and `.`, at most 200 characters"
    )]
    Identity(String),
}

impl Replicas {
    /// A replica with the times of Kubernetes' own leader election: 15 s, 10 s and 2 s; eight shards.
    pub fn new(cluster: Arc<dyn Cluster>, namespace: impl Into<String>, identity: impl Into<String>) -> Self {
        let [lease, deadline, period] = [15, 10, 2].map(Duration::from_secs);
        Self { cluster, namespace: namespace.into(), identity: identity.into(), shards: 8, lease, deadline, period }
    }

    /// Whether replicas can share so.
    ///
    /// # Errors
    /// [`ReplicasError`].
    pub fn check(&self) -> Result<(), ReplicasError> {
        let Self { lease, deadline, period, .. } = *self;
        if deadline >= lease || period.is_zero() || period * CALLS > deadline || lease.subsec_nanos() != 0 {
            return Err(ReplicasError::Times { lease, deadline, period });
        }
        if self.shards == 0 {
            return Err(ReplicasError::Shards);
        }
        let within = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
        let is_name = self.identity.len() <= 200
            && self.identity.starts_with(within)
            && self.identity.ends_with(within)
            && self.identity.chars().all(|character| within(character) || "-.".contains(character));
        if is_name { Ok(()) } else { Err(ReplicasError::Identity(self.identity.clone())) }
    }
}
