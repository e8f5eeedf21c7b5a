//! Looking at a cluster for a plan: the live objects of everything that is desired or listed, and how they differ.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Query};
use gitops_core::{GroupVersionKind, Object, ObjectId, ObjectRef};
use gitops_diff::{DiffContext, DiffError, ObjectDiff, client_side};
use thiserror::Error;

use crate::inventory::Inventory;
use crate::plan::{Live, WriteMethod};
use crate::prepare::{Desired, DesiredObject};

/// From so many objects of a kind in a namespace on, they are listed rather than read one by one.
const LIST_FROM: usize = 24;

/// Reads that are out at the same time.
const PARALLEL: usize = 16;

/// Why objects are not compared.
#[derive(Debug, Error)]
#[error("`{object}` cannot be compared")]
pub struct CompareError {
    /// The object.
    pub object: ObjectId,
    /// Why.
    #[source]
    pub source: DiffError,
}

/// Reads everything that is desired or listed; what is absent is not among it. An object of a kind that the cluster does
/// not serve is absent.
///
/// # Errors
/// Where one cannot be read: what was seen is complete, or it is an error.
pub async fn observe(cluster: &dyn Cluster, desired: &Desired, inventory: &Inventory) -> Result<Live, ClusterError> {
    let mut groups: BTreeMap<(GroupVersionKind, Option<String>), Vec<ObjectRef>> = BTreeMap::new();
    for reference in wanted(desired, inventory).into_values() {
        groups.entry((reference.gvk(), reference.id.namespace.clone())).or_default().push(reference);
    }
    let mut reads = Vec::with_capacity(groups.len());
    for ((gvk, namespace), members) in &groups {
        let read: BoxFuture<'_, _> = Box::pin(read_group(cluster, gvk, namespace.as_deref(), members));
        reads.push(read);
    }
    let mut reads = stream::iter(reads).buffer_unordered(PARALLEL);
    let mut objects = Vec::new();
    while let Some(found) = reads.next().await {
        objects.extend(found?);
    }
    Ok(Live::complete(objects))
}

/// How each desired resource differs from its live object.
///
/// # Errors
/// Where two objects cannot be compared.
pub fn compare(
    desired: &Desired,
    live: &Live,
    context: &DiffContext<'_>,
) -> Result<BTreeMap<ObjectId, ObjectDiff>, CompareError> {
    compare_with(desired, live, &BTreeMap::new(), context)
}

/// The same where the server said of some objects what they would be.
///
/// # Errors
/// As [`compare`].
pub fn compare_with(
    desired: &Desired,
    live: &Live,
    predicted: &BTreeMap<ObjectId, Object>,
    context: &DiffContext<'_>,
) -> Result<BTreeMap<ObjectId, ObjectDiff>, CompareError> {
    let one = |(id, one): (&ObjectId, &DesiredObject)| {
        let live = live.get(id);
        let diff = match predicted.get(id) {
            Some(predicted) => gitops_diff::diff(&one.object, live, &context.with_predicted(Some(predicted))),
            None => compare_one(&one.object, live, WriteMethod::of(&one.object, live, &desired.sync_options), context),
        };
        diff.map(|diff| (id.clone(), diff)).map_err(|source| CompareError { object: id.clone(), source })
    };
    desired.resources.iter().map(one).collect()
}

/// How one object differs. What becomes of one that is merged here is known beforehand; of a Secret's payload only whoever
/// calls the cluster may know it, so that Secrets are compared by who owns their fields.
pub(crate) fn compare_one(
    desired: &Object,
    live: Option<&Object>,
    method: WriteMethod,
    context: &DiffContext<'_>,
) -> Result<ObjectDiff, DiffError> {
    let merges = method == WriteMethod::ClientSideApply && !desired.is_secret();
    let merged = live.filter(|_| merges).and_then(|live| client_side::predicted(desired, live, context.kinds));
    match &merged {
        Some(merged) => gitops_diff::diff(desired, live, &context.with_merged(Some(merged))),
        None => gitops_diff::diff(desired, live, context),
    }
}

fn wanted(desired: &Desired, inventory: &Inventory) -> BTreeMap<ObjectId, ObjectRef> {
    let resources = desired.resources.values().map(|one| one.object.reference());
    let hooks = desired.hooks.iter().map(|hook| hook.object.reference()).filter(|hook| !hook.id.name.is_empty());
    let listed = inventory.entries.iter().map(|(id, entry)| (id.clone(), id.at_version(entry.version.as_str())));
    let mut wanted: BTreeMap<ObjectId, ObjectRef> = listed.collect();
    wanted.extend(resources.chain(hooks).map(|reference| (reference.id.clone(), reference)));
    wanted
}

async fn read_group(
    cluster: &dyn Cluster,
    gvk: &GroupVersionKind,
    namespace: Option<&str>,
    members: &[ObjectRef],
) -> Result<Vec<Object>, ClusterError> {
    let found = if members.len() >= LIST_FROM {
        list_members(cluster, gvk, namespace, members).await
    } else {
        get_members(cluster, members).await
    };
    match found {
        Err(error) if error.kind == ErrorKind::UnknownKind => Ok(Vec::new()),
        result => result,
    }
}

async fn list_members(
    cluster: &dyn Cluster,
    gvk: &GroupVersionKind,
    namespace: Option<&str>,
    members: &[ObjectRef],
) -> Result<Vec<Object>, ClusterError> {
    let mut query = Query::all(gvk.clone());
    query.namespace = namespace.map(Into::into);
    let listed = cluster.list(&query).await?.objects;
    let wanted: BTreeSet<_> = members.iter().map(|member| &member.id).collect();
    Ok(listed.into_iter().filter(|object| wanted.contains(&object.id())).collect())
}

/// Reads objects one by one, several at the same time; those that are absent are left out.
pub(crate) async fn get_members(cluster: &dyn Cluster, members: &[ObjectRef]) -> Result<Vec<Object>, ClusterError> {
    let mut gets = Vec::with_capacity(members.len());
    for member in members {
        gets.push(cluster.get(member));
    }
    let mut gets = stream::iter(gets).buffer_unordered(PARALLEL);
    let mut found = Vec::new();
    while let Some(object) = gets.next().await {
        found.extend(object?);
    }
    Ok(found)
}
