//! As whom an Application's objects are read and written.

use std::fmt;
use std::sync::Arc;

use gitops_core::api::Application;
use gitops_core::cluster::Cluster;
use gitops_policy::Project;
use gitops_policy::project::Accounts;

use crate::clusters::Place;
use crate::compare::{CompareError, control_namespace};
use crate::engine::Engine;

/// The cluster as it is called for an Application's objects: under the service account that its project names, or under the
/// engine's own identity. What the engine keeps for itself (Applications, inventories, keys) is never called this way.
#[derive(Clone)]
pub struct Tenant(pub Arc<dyn Cluster>);

impl fmt::Debug for Tenant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Tenant").finish_non_exhaustive()
    }
}

impl Engine {
    /// The cluster for the objects of an Application.
    ///
    /// # Errors
    /// Where its project names service accounts and none of them for its destination, as Argo CD refuses it, or the cluster
    /// cannot be called for others.
    pub(crate) fn tenant(
        &self,
        application: &Application,
        project: &Project,
        place: &Place,
    ) -> Result<Tenant, CompareError> {
        let accounts = project.found().map(Accounts::of);
        let home = control_namespace(application);
        let identity = accounts.map(|accounts| accounts.identity(&place.destination(), home)).transpose()?.flatten();
        match identity {
            Some(identity) => Ok(Tenant(place.cluster.acting_as(&identity).map_err(CompareError::Cluster)?)),
            None => Ok(Tenant(Arc::clone(&place.cluster))),
        }
    }
}
