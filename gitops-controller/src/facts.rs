//! What is known of a cluster and its control plane before anything of an Application's sources is.

use std::sync::Arc;

use futures::{TryFutureExt as _, try_join};
use gitops_apply::Inventory;
use gitops_apply::drive::load_inventory;
use gitops_core::api::Application;
use gitops_core::cluster::{ClusterInfo, Discovery};
use gitops_core::secret::DigestKey;

use crate::clusters::Place;
use crate::compare::{CompareError, control_namespace, owner_name};
use crate::digest_key::digest_key;
use crate::engine::Engine;
use crate::settings::ClusterSettings;

/// What a render is told of the cluster.
pub(crate) struct Facts {
    pub(crate) info: ClusterInfo,
    pub(crate) discovery: Arc<Discovery>,
    pub(crate) digest_key: DigestKey,
}

/// What the control plane keeps that bears on an Application.
pub(crate) struct Recorded {
    pub(crate) inventory: Inventory,
    pub(crate) settings: ClusterSettings,
}

impl Engine {
    pub(crate) async fn facts(&self, application: &Application, place: &Place) -> Result<Facts, CompareError> {
        let key = digest_key(self.cluster.as_ref(), control_namespace(application));
        let read = try_join!(place.cluster.info(), place.cluster.discover(), key);
        let (info, discovery, digest_key) = read.map_err(CompareError::Cluster)?;
        Ok(Facts { info, discovery, digest_key })
    }

    pub(crate) async fn record(&self, application: &Application) -> Result<Recorded, CompareError> {
        let (namespace, owner) = (control_namespace(application), owner_name(application));
        let inventory = load_inventory(self.cluster.as_ref(), namespace, &owner).map_err(CompareError::from);
        let (inventory, settings) = try_join!(inventory, self.settings())?;
        Ok(Recorded { inventory, settings })
    }
}
