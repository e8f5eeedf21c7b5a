//! Identity, listings, discovery, namespaces.

use gitops_core::cluster::{Change, Cluster, ErrorKind, Query, Verb, Write};
use gitops_core::{GroupKind, GroupVersionKind};
use serde_json::json;

use super::*;

pub(super) async fn all(cluster: &dyn Cluster) {
    it_says_what_it_is(cluster).await;
    created_objects_have_an_identity(cluster).await;
    names_are_generated(cluster).await;
    listings_select(cluster).await;
    unknown_kinds_are_named(cluster).await;
    namespaces_are_needed(cluster).await;
    namespaces_end_with_their_contents(cluster).await;
    refusals_of_secrets_hold_no_value(cluster).await;
}

async fn it_says_what_it_is(cluster: &dyn Cluster) {
    let info = cluster.info().await.unwrap();
    let system = object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}));
    let system = get(cluster, &system.reference()).await.unwrap();
    assert_eq!(system.uid(), Some(info.uid.as_str()));
    assert!(info.version.starts_with("v1."), "{}", info.version);
    let discovery = cluster.discover().await.unwrap();
    let deployment = discovery.kind(&GroupKind::new("apps", "Deployment")).unwrap();
    assert!(deployment.namespaced && deployment.plural == "deployments" && deployment.gvk.version == "v1");
    assert!(["status", "scale"].iter().all(|part| deployment.subresources.iter().any(|held| held == part)));
    assert!(!discovery.kind(&GroupKind::new("", "Namespace")).unwrap().namespaced);
    let autoscaler = GroupKind::new("autoscaling", "HorizontalPodAutoscaler");
    assert_eq!(discovery.kind(&autoscaler).unwrap().gvk.version, "v2");
}

async fn created_objects_have_an_identity(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let applied = create(cluster, map(&namespace, "a", json!({"k": "v"}))).await.unwrap();
    assert_eq!(applied.change, Change::Created);
    let live = applied.object;
    assert!(live.uid().is_some() && live.resource_version().is_some());
    assert!(live.text(&["metadata", "creationTimestamp"]).is_some());
    assert_eq!(get(cluster, &live.reference()).await.unwrap(), live);
    let again = create(cluster, map(&namespace, "a", json!({}))).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::AlreadyExists);
    assert!(get(cluster, &object(map(&namespace, "b", json!({}))).reference()).await.is_none());
}

async fn names_are_generated(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let body =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "g-", "namespace": namespace}});
    let one = create(cluster, body.clone()).await.unwrap().object;
    let other = create(cluster, body).await.unwrap().object;
    assert!(one.name().starts_with("g-") && one.name().len() > 2);
    assert_ne!(one.name(), other.name());
}

async fn listings_select(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    for (name, tier) in [("a", "x"), ("b", "y"), ("c", "x")] {
        let mut body = map(&namespace, name, json!({}));
        body["metadata"]["labels"] = json!({"tier": tier, "suite": namespace});
        create(cluster, body).await.unwrap();
    }
    let names = |query: Query| async move {
        let listing = cluster.list(&query).await.unwrap();
        assert!(!listing.resource_version.is_empty());
        listing.objects.iter().map(|object| object.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(maps(&namespace).with_label("suite", &namespace)).await, ["a", "b", "c"]);
    assert_eq!(names(maps(&namespace).with_label("tier", "x")).await, ["a", "c"]);
    let everywhere = Query::all(GroupVersionKind::from_api_version("v1", "ConfigMap"));
    assert_eq!(names(everywhere.with_label("suite", &namespace)).await, ["a", "b", "c"]);
    assert!(names(maps(&namespace).with_label("tier", "z")).await.is_empty());
    assert_eq!(names(maps(&namespace).named("b")).await, ["b"]);
    assert!(names(maps(&namespace).named("b").with_label("tier", "x")).await.is_empty());
}

async fn unknown_kinds_are_named(cluster: &dyn Cluster) {
    let body = json!({"apiVersion": "nobody.example.com/v1", "kind": "Nothing", "metadata": {"name": "a", "namespace": "default"}});
    let error = create(cluster, body.clone()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnknownKind);
    let query = Query::all(object(body.clone()).gvk());
    assert_eq!(cluster.list(&query).await.unwrap_err().kind, ErrorKind::UnknownKind);
    assert_eq!(cluster.get(&object(body).reference()).await.unwrap_err().kind, ErrorKind::UnknownKind);
}

async fn namespaces_are_needed(cluster: &dyn Cluster) {
    for body in [map("there-is-none", "a", json!({}))] {
        assert_eq!(create(cluster, body.clone()).await.unwrap_err().kind, ErrorKind::NotFound);
        assert_eq!(apply(cluster, "suite", body).await.unwrap_err().kind, ErrorKind::NotFound);
    }
}

async fn namespaces_end_with_their_contents(cluster: &dyn Cluster) {
    let name = namespace(cluster).await;
    let mut held = map(&name, "held", json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let held = create(cluster, held).await.unwrap().object;
    let free = create(cluster, map(&name, "free", json!({}))).await.unwrap().object;
    let space = object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    let space = get(cluster, &space.reference()).await.unwrap();
    assert!(matches!(delete(cluster, &space).await.unwrap(), Deleted::Pending(_)));
    let refused = create(cluster, map(&name, "late", json!({}))).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Forbidden, "{refused}");
    until_gone(cluster, &free.reference()).await;
    assert!(get(cluster, &space.reference()).await.unwrap().is_terminating());
    let release = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": name, "finalizers": null}});
    patch(cluster, release).await.unwrap();
    until_gone(cluster, &held.reference()).await;
    until_gone(cluster, &space.reference()).await;
}

async fn refusals_of_secrets_hold_no_value(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let secret = |data: Value| {
        let metadata = json!({"name": "s", "namespace": namespace});
        object(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}))
    };
    let first = secret(json!({"k": "Y2FuYXJ5LTE="}));
    let live = cluster.write(Write::new(&first, Verb::Create, "suite")).await.unwrap().object;
    assert!(!format!("{live:?}").contains("Y2FuYXJ5"));
    assert_eq!(get(cluster, &live.reference()).await.unwrap().secret_data(), first.secret_data());
    let refused = [
        (json!("canary-1"), Verb::Update),
        (json!({"k": {"deep": "canary-1"}}), Verb::Apply { force: true }),
        (json!({"k": ["canary-1"]}), Verb::MergePatch),
        (json!({"k": "Y2FuYXJ5LTI="}), Verb::Apply { force: false }),
        (json!({"k": "Y2FuYXJ5LTI="}), Verb::Create),
    ];
    for (data, verb) in refused {
        let error = cluster.write(Write::new(&secret(data), verb, "other")).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("canary") && !text.contains("Y2FuYXJ5"), "{text}");
    }
}
