//! What is known of a cluster and its control plane before anything of an Application's sources is.

use std::sync::Arc;

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
        let namespace = control_namespace(application);
        Ok(Facts {
            info: place.cluster.info().await.map_err(CompareError::Cluster)?,
            discovery: place.cluster.discover().await.map_err(CompareError::Cluster)?,
            digest_key: digest_key(self.cluster.as_ref(), namespace).await.map_err(CompareError::Cluster)?,
        })
    }

    pub(crate) async fn record(&self, application: &Application) -> Result<Recorded, CompareError> {
        let (namespace, owner) = (control_namespace(application), owner_name(application));
        let inventory = load_inventory(self.cluster.as_ref(), namespace, &owner).await?;
        Ok(Recorded { inventory, settings: self.settings().await? })
    }
}
