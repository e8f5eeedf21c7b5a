//! ApplicationSets as objects of the cluster.

use gitops_core::api::ApplicationSet;
use gitops_core::cluster::{Cluster, ClusterError, Verb, Write};
use gitops_core::{Object, ObjectError};
use thiserror::Error;

use crate::FIELD_MANAGER;

/// Why an ApplicationSet cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApplicationSetError {
    /// The cluster refuses it.
    #[error("ApplicationSet `{name}`: the cluster refused the call")]
    Cluster {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: ClusterError,
    },
    /// It cannot be said as JSON.
    #[error("ApplicationSet `{name}` is not valid")]
    Schema {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// It is no object.
    #[error("ApplicationSet `{name}` is not an object")]
    Object {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: ObjectError,
    },
}

/// ApplicationSets of a cluster.
pub struct ApplicationSets<'a> {
    cluster: &'a dyn Cluster,
}

impl<'a> ApplicationSets<'a> {
    /// The sets that this cluster keeps.
    pub fn of(cluster: &'a dyn Cluster) -> Self {
        Self { cluster }
    }

    /// Writes what is wanted of a set, not its status.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub async fn apply(&self, set: &ApplicationSet) -> Result<(), ApplicationSetError> {
        let name = || set.name().to_owned();
        let mut wanted = set.clone();
        wanted.status = None;
        let value =
            serde_json::to_value(&wanted).map_err(|source| ApplicationSetError::Schema { name: name(), source })?;
        let object =
            Object::from_value(value).map_err(|source| ApplicationSetError::Object { name: name(), source })?;
        let written = self.cluster.write(Write::new(&object, Verb::Apply { force: true }, FIELD_MANAGER)).await;
        written.map(drop).map_err(|source| ApplicationSetError::Cluster { name: name(), source })
    }
}
