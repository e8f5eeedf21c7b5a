//! Deletion: preconditions, finalizers, and what becomes of owned objects.

use gitops_core::cluster::{Cluster, ErrorKind, Propagation};
use serde_json::json;

use super::*;

pub(super) async fn all(cluster: &dyn Cluster) {
    deletion_needs_the_uid(cluster).await;
    finalizers_hold(cluster).await;
    owned_objects_are_collected(cluster).await;
    orphans_stay(cluster).await;
    lost_objects_are_collected(cluster).await;
}

async fn deletion_needs_the_uid(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let live = create(cluster, map(&namespace, "a", json!({}))).await.unwrap().object;
    let target = live.reference();
    let error = cluster.delete(Delete::new(&target, "somebody-else")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(get(cluster, &target).await.is_some());
    delete(cluster, &live).await.unwrap();
    until_gone(cluster, &target).await;
    assert!(matches!(delete(cluster, &live).await.unwrap(), Deleted::Gone));
}

async fn finalizers_hold(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let mut body = map(&namespace, "a", json!({}));
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let live = create(cluster, body.clone()).await.unwrap().object;
    let Deleted::Pending(waiting) = delete(cluster, &live).await.unwrap() else { unreachable!("a finalizer holds") };
    assert!(waiting.is_terminating());
    assert!(get(cluster, &live.reference()).await.unwrap().is_terminating());
    let more = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": namespace, "finalizers": ["example.com/hold", "example.com/more"]}});
    assert_eq!(patch(cluster, more).await.unwrap_err().kind, ErrorKind::Invalid);
    let release = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": namespace, "finalizers": null}});
    patch(cluster, release).await.unwrap();
    until_gone(cluster, &live.reference()).await;
    let next = create(cluster, map(&namespace, "a", json!({}))).await.unwrap().object;
    assert_ne!(next.uid(), live.uid());
}

async fn owned(cluster: &dyn Cluster, namespace: &str, name: &str, owner: &Object) -> Object {
    let mut body = map(namespace, name, json!({}));
    body["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": owner.name(), "uid": owner.uid(), "blockOwnerDeletion": true}]);
    create(cluster, body).await.unwrap().object
}

async fn owned_objects_are_collected(cluster: &dyn Cluster) {
    for propagation in [Propagation::Background, Propagation::Foreground] {
        let namespace = namespace(cluster).await;
        let owner = create(cluster, map(&namespace, "owner", json!({}))).await.unwrap().object;
        let child = owned(cluster, &namespace, "child", &owner).await;
        let grandchild = owned(cluster, &namespace, "grandchild", &child).await;
        let target = owner.reference();
        let mut deletion = Delete::new(&target, owner.uid().unwrap());
        deletion.propagation = propagation;
        cluster.delete(deletion).await.unwrap();
        for gone in [&grandchild, &child, &owner] {
            until_gone(cluster, &gone.reference()).await;
        }
    }
}

async fn orphans_stay(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let owner = create(cluster, map(&namespace, "owner", json!({}))).await.unwrap().object;
    let child = owned(cluster, &namespace, "child", &owner).await;
    let target = owner.reference();
    let mut deletion = Delete::new(&target, owner.uid().unwrap());
    deletion.propagation = Propagation::Orphan;
    cluster.delete(deletion).await.unwrap();
    until_gone(cluster, &target).await;
    let child = get(cluster, &child.reference()).await.unwrap();
    assert!(child.get(&["metadata", "ownerReferences"]).is_none(), "{child:?}");
}

async fn lost_objects_are_collected(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let owner = create(cluster, map(&namespace, "owner", json!({}))).await.unwrap().object;
    delete(cluster, &owner).await.unwrap();
    until_gone(cluster, &owner.reference()).await;
    let child = owned(cluster, &namespace, "child", &owner).await;
    until_gone(cluster, &child.reference()).await;
}
