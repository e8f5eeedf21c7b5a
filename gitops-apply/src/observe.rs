//! Looking at a cluster for a plan: the live objects of everything that is desired or listed, and how they differ.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use futures::stream::{self, Stream, StreamExt as _};
use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Query};
use gitops_core::{GroupVersionKind, Object, ObjectId, ObjectRef, SmolStr};
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

/// Objects by kind and namespace: they are read together.
type Groups<Member> = BTreeMap<(GroupVersionKind, Option<SmolStr>), Vec<Member>>;

/// Listed objects that were read before it was known which are desired, where a kind has many of them: what reads and what
/// renders need not wait for each other.
#[derive(Debug, Default)]
pub struct Ahead(Groups<Object>);

impl Ahead {
    /// Reads objects of the record. What fails is left out: it is read, and may fail, with the rest.
    pub async fn read(cluster: &dyn Cluster, inventory: &Inventory) -> Self {
        let listed = inventory.entries.iter().map(|(id, entry)| id.at_version(entry.version.as_str()));
        let mut groups = grouped(listed);
        groups.retain(|_, members| members.len() >= LIST_FROM);
        let read = |(key, found): (_, Result<_, _>)| Some((key, found.ok()?));
        Self(read_groups(cluster, &groups).filter_map(|group| async { read(group) }).collect().await)
    }
}

/// Reads everything that is desired or listed; what is absent is not among it. An object of a kind that the cluster does
/// not serve is absent.
///
/// # Errors
/// Where one cannot be read: what was seen is complete, or it is an error.
pub async fn observe(cluster: &dyn Cluster, desired: &Desired, inventory: &Inventory) -> Result<Live, ClusterError> {
    observe_rest(cluster, desired, inventory, Ahead::default()).await
}

/// The same where some of it was read just before.
///
/// # Errors
/// As [`observe`].
pub async fn observe_rest(
    cluster: &dyn Cluster,
    desired: &Desired,
    inventory: &Inventory,
    Ahead(mut ahead): Ahead,
) -> Result<Live, ClusterError> {
    let mut groups = grouped(wanted(desired, inventory).into_values());
    let mut objects = Vec::new();
    for (key, members) in &mut groups {
        let Some(found) = ahead.remove(key) else { continue };
        let noted = |id: &ObjectId| inventory.entries.get(id).is_some_and(|entry| entry.version == key.0.version);
        let (read, unread): (Vec<_>, Vec<_>) = members.drain(..).partition(|member| noted(&member.id));
        let names: BTreeSet<&str> = read.iter().map(|member| member.id.name.as_str()).collect();
        objects.extend(found.into_iter().filter(|object| names.contains(object.name())));
        *members = unread;
    }
    groups.retain(|_, members| !members.is_empty());
    let mut reads = read_groups(cluster, &groups);
    while let Some((_, found)) = reads.next().await {
        objects.extend(found?);
    }
    drop(reads);
    Ok(Live::complete(objects))
}

fn grouped(references: impl Iterator<Item = ObjectRef>) -> Groups<ObjectRef> {
    let mut groups = Groups::new();
    for reference in references {
        groups.entry((reference.gvk(), reference.id.namespace.clone())).or_default().push(reference);
    }
    groups
}

fn read_groups<'a>(
    cluster: &'a dyn Cluster,
    groups: &'a Groups<ObjectRef>,
) -> impl Stream<Item = ((GroupVersionKind, Option<SmolStr>), Result<Vec<Object>, ClusterError>)> + Unpin + use<'a> {
    let mut reads = Vec::with_capacity(groups.len());
    for (key, members) in groups {
        let read: BoxFuture<'_, _> = Box::pin(async move {
            let (gvk, namespace) = key;
            (key.clone(), read_group(cluster, gvk, namespace.as_deref(), members).await)
        });
        reads.push(read);
    }
    stream::iter(reads).buffer_unordered(PARALLEL)
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

/// What is desired or listed, each in the version in which it is read.
pub fn wanted(desired: &Desired, inventory: &Inventory) -> BTreeMap<ObjectId, ObjectRef> {
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
    let mut listed = cluster.list(&query).await?.objects;
    let wanted: BTreeSet<&str> = members.iter().map(|member| member.id.name.as_str()).collect();
    listed.retain(|object| object.namespace() == namespace && wanted.contains(object.name()));
    Ok(listed)
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
