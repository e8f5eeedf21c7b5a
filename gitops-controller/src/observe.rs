//! The third step: the live objects of everything that is desired or listed.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};
use gitops_apply::plan::Live;
use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Query};
use gitops_core::{GroupVersionKind, Object, ObjectRef};

/// From so many objects of a kind in a namespace on, they are listed rather than read one by one.
const LIST_FROM: usize = 24;

/// Reads that are out at the same time.
const PARALLEL: usize = 16;

/// Reads objects; those that are absent are not among them. An object of a kind that the cluster does not serve is absent.
///
/// # Errors
/// Where one cannot be read: what was seen is complete, or it is an error.
pub(crate) async fn observe(cluster: &dyn Cluster, wanted: Vec<ObjectRef>) -> Result<Live, ClusterError> {
    let mut groups: BTreeMap<(GroupVersionKind, Option<String>), Vec<ObjectRef>> = BTreeMap::new();
    for reference in wanted {
        groups.entry((reference.gvk(), reference.id.namespace.clone())).or_default().push(reference);
    }
    let reads = stream::iter(groups).map(|((gvk, namespace), members)| read_group(cluster, gvk, namespace, members));
    let mut reads = reads.buffer_unordered(PARALLEL);
    let mut objects = Vec::new();
    while let Some(found) = reads.next().await {
        objects.extend(found?);
    }
    Ok(Live::complete(objects))
}

async fn read_group(
    cluster: &dyn Cluster,
    gvk: GroupVersionKind,
    namespace: Option<String>,
    members: Vec<ObjectRef>,
) -> Result<Vec<Object>, ClusterError> {
    let read: Result<Vec<Object>, ClusterError> = async {
        if members.len() >= LIST_FROM {
            let mut query = Query::all(gvk);
            query.namespace = namespace;
            let listed = cluster.list(&query).await?.objects;
            let wanted: std::collections::BTreeSet<_> = members.iter().map(|member| &member.id).collect();
            return Ok(listed.into_iter().filter(|object| wanted.contains(&object.id())).collect());
        }
        let mut gets = stream::iter(&members).map(|member| cluster.get(member)).buffer_unordered(PARALLEL);
        let mut found = Vec::new();
        while let Some(object) = gets.next().await {
            found.extend(object?);
        }
        Ok(found)
    }
    .await;
    match read {
        Err(error) if error.kind == ErrorKind::UnknownKind => Ok(Vec::new()),
        result => result,
    }
}
