//! The inventory, read from its cluster and stored in it.

use gitops_core::annotations::INVENTORY_OF;
use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Precondition, Query, Verb, Write};
use gitops_core::{GroupVersionKind, Object, ObjectRef};
use gitops_diff::FIELD_MANAGER;

use crate::execute::Stored;
use crate::inventory::{self, Inventory, PartVersion};

/// Reads the inventory of an application: its first part by name and, where it is not the only one, all of them in one listing,
/// so that they are of one state.
///
/// # Errors
/// Where the cluster fails, or what is stored is not whole.
pub async fn load_inventory(cluster: &dyn Cluster, namespace: &str, application: &str) -> Result<Inventory, LoadError> {
    let first = inventory::first_part(namespace, application);
    let found = cluster.get(&first).await.map_err(LoadError::Cluster)?;
    if let Some(Ok(whole)) = found.map(|part| Inventory::from_objects(application, &[part])) {
        return Ok(whole);
    }
    let query = Query::all(GroupVersionKind::from_api_version("v1", "ConfigMap"))
        .in_namespace(namespace)
        .with_label(INVENTORY_OF, inventory::label(application));
    let listing = cluster.list(&query).await.map_err(LoadError::Cluster)?;
    Inventory::from_objects(application, &listing.objects).map_err(LoadError::Stored)
}

/// Why an inventory cannot be read. Nothing is pruned without one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The cluster failed.
    #[error("the inventory cannot be listed")]
    Cluster(#[source] ClusterError),
    /// What is stored is not whole.
    #[error("the inventory cannot be used")]
    Stored(#[source] inventory::InventoryError),
}

/// Stores a record. Each part is written over the state that it was read in: where another sync has written it since,
/// nothing of that sync is lost.
pub(super) async fn save(
    record: &Inventory,
    grows: bool,
    cluster: &dyn Cluster,
    namespace: &str,
) -> Result<Stored, ClusterError> {
    let internal = |error: serde_json::Error| ClusterError::new(ErrorKind::Internal, error.to_string());
    let writes = record.writes(namespace, grows).map_err(internal)?;
    let mut versions = record.versions.clone();
    for part in &writes {
        let known = versions.get(part.name()).cloned();
        let written = match write(part, known.as_ref(), cluster).await {
            Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::AlreadyExists) => {
                let Some(own) = left_by_us(part, &writes, cluster).await? else { return Err(error) };
                write(part, Some(&own), cluster).await?
            }
            result => result?,
        };
        versions.extend(PartVersion::of(&written).map(|version| (part.name().to_owned(), version)));
    }
    Ok(Stored { parts: record.part_names().len(), versions })
}

async fn write(part: &Object, known: Option<&PartVersion>, cluster: &dyn Cluster) -> Result<Object, ClusterError> {
    let precondition = match known {
        None => Precondition::Absent,
        Some(PartVersion { uid, resource_version }) => {
            Precondition::Live { uid: uid.clone(), resource_version: Some(resource_version.clone()) }
        }
    };
    let write = Write::new(part, Verb::Apply { force: true }, FIELD_MANAGER).when(precondition);
    let applied = cluster.write(write).await?;
    Ok(applied.object)
}

/// The state of a part that is as one of these writes leaves it: the answer to that write was lost.
async fn left_by_us(
    part: &Object,
    writes: &[Object],
    cluster: &dyn Cluster,
) -> Result<Option<PartVersion>, ClusterError> {
    let target: ObjectRef = part.reference();
    let Some(live) = cluster.get(&target).await? else { return Ok(None) };
    let mut own = writes.iter().filter(|write| write.name() == part.name());
    let left = own.any(|write| write.get(&["data"]) == live.get(&["data"]));
    Ok(PartVersion::of(&live).filter(|_| left))
}
