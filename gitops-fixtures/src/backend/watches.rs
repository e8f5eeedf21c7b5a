//! Watches: every change of a kind after a listing, in order.

use futures::StreamExt as _;
use gitops_core::cluster::{Cluster, ErrorKind, WatchEvent, WatchStream};
use serde_json::json;

use super::*;

pub(super) async fn all(cluster: &dyn Cluster) {
    changes_come_in_order(cluster).await;
    labels_select(cluster).await;
    a_name_selects(cluster).await;
    a_watch_from_no_version_is_refused(cluster).await;
}

/// The next change, without bookmarks: `+` or `-` and the name.
async fn next(watch: &mut WatchStream) -> String {
    loop {
        let event = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap().unwrap().unwrap();
        match event {
            WatchEvent::Changed(object) => return format!("+{}", object.name()),
            WatchEvent::Gone(object) => return format!("-{}", object.name()),
            WatchEvent::Bookmark(version) => assert!(!version.is_empty()),
        }
    }
}

async fn changes_come_in_order(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let before = create(cluster, map(&namespace, "before", json!({}))).await.unwrap().object;
    let start = cluster.list(&maps(&namespace)).await.unwrap().resource_version;
    let a = create(cluster, map(&namespace, "a", json!({}))).await.unwrap().object;
    let mut watch = cluster.watch(&maps(&namespace), &start).await.unwrap();
    assert_eq!(next(&mut watch).await, "+a");
    create(cluster, map(&namespace, "b", json!({}))).await.unwrap();
    patch(cluster, map(&namespace, "a", json!({"k": "1"}))).await.unwrap();
    let target = a.reference();
    let mut deletion = Delete::new(&target, a.uid().unwrap());
    deletion.propagation = gitops_core::cluster::Propagation::Background;
    cluster.delete(deletion).await.unwrap();
    for expected in ["+b", "+a", "-a"] {
        assert_eq!(next(&mut watch).await, expected);
    }
    patch(cluster, map(&namespace, "before", json!({"k": "1"}))).await.unwrap();
    assert_eq!(next(&mut watch).await, format!("+{}", before.name()));
    // The same again from the past.
    let mut past = cluster.watch(&maps(&namespace), &start).await.unwrap();
    for expected in ["+a", "+b", "+a", "-a", "+before"] {
        assert_eq!(next(&mut past).await, expected);
    }
}

async fn labels_select(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let labelled = |name: &str, value: Value| {
        let mut body = map(&namespace, name, json!({}));
        body["metadata"]["labels"] = json!({"watched": value});
        body
    };
    let query = maps(&namespace).with_label("watched", "yes");
    let start = cluster.list(&query).await.unwrap().resource_version;
    let mut watch = cluster.watch(&query, &start).await.unwrap();
    create(cluster, labelled("a", json!("no"))).await.unwrap();
    create(cluster, labelled("b", json!("yes"))).await.unwrap();
    patch(cluster, labelled("a", json!("yes"))).await.unwrap();
    patch(cluster, labelled("b", json!(null))).await.unwrap();
    patch(cluster, map(&namespace, "b", json!({"k": "1"}))).await.unwrap();
    patch(cluster, map(&namespace, "a", json!({"k": "1"}))).await.unwrap();
    for expected in ["+b", "+a", "-b", "+a"] {
        assert_eq!(next(&mut watch).await, expected);
    }
}

async fn a_name_selects(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let query = maps(&namespace).named("b");
    let start = cluster.list(&query).await.unwrap().resource_version;
    let mut watch = cluster.watch(&query, &start).await.unwrap();
    for name in ["a", "b", "bb"] {
        create(cluster, map(&namespace, name, json!({}))).await.unwrap();
    }
    patch(cluster, map(&namespace, "a", json!({"k": "1"}))).await.unwrap();
    patch(cluster, map(&namespace, "b", json!({"k": "1"}))).await.unwrap();
    for expected in ["+b", "+b"] {
        assert_eq!(next(&mut watch).await, expected);
    }
}

async fn a_watch_from_no_version_is_refused(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    match cluster.watch(&maps(&namespace), "not a version").await.map(drop) {
        Ok(()) => unreachable!("text was taken for a resource version"),
        // kube-apiserver 1.34 answers with a 500.
        Err(error) => assert_ne!(error.kind, ErrorKind::Unavailable, "{error:?}"),
    }
}
