//! What a watch cache keeps, on a real API server.

use std::time::Duration;

use gitops_core::annotations::TRACKING_ID;
use gitops_core::cluster::{Cluster, Delete, Propagation, Query, Verb, Write};
use gitops_core::{GroupVersionKind, Object, ObjectId};
use gitops_fixtures::testbed::{Assets, ControlPlane};
use gitops_kube::{CacheOptions, CacheState, CallKind, Connection, KubeCluster, WatchCache};
use serde_json::{Value, json};

fn maps() -> GroupVersionKind {
    GroupVersionKind::from_api_version("v1", "ConfigMap")
}

fn map(namespace: &str, name: &str, managed: bool, data: &str) -> Object {
    let annotations =
        if managed { json!({TRACKING_ID: format!("web:/ConfigMap:{namespace}/{name}")}) } else { json!({}) };
    let metadata = json!({"name": name, "namespace": namespace, "annotations": annotations});
    Object::from_value(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": data}}))
        .unwrap()
}

async fn put(cluster: &dyn Cluster, object: &Object) -> Object {
    cluster.write(Write::new(object, Verb::Apply { force: true }, "tests")).await.unwrap().object
}

async fn namespace(cluster: &dyn Cluster) -> String {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "cache-"}});
    let body = Object::from_value(body).unwrap();
    cluster.write(Write::new(&body, Verb::Create, "tests")).await.unwrap().object.name().to_owned()
}

/// Waits until the cache has this value of an object.
async fn until(cache: &WatchCache, id: &ObjectId, value: Option<&str>) {
    let target = id.at_version("v1");
    for _ in 0..1_200 {
        let held = cache.get(&target).await;
        if held.is_ok_and(|held| held.as_ref().and_then(|held| held.text(&["data", "k"])) == value) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{id} did not come to {value:?}");
}

#[tokio::test]
async fn reads_of_what_is_managed_cost_no_call() {
    let Some((_, cluster)) = crate::real().await else { return };
    let namespace = namespace(&cluster).await;
    for number in 0..600 {
        put(&cluster, &map(&namespace, &format!("m{number:03}"), number % 3 == 0, "1")).await;
    }
    let cache = WatchCache::new(cluster.clone(), CacheOptions::default());
    cache.follow(&maps()).await.unwrap();
    let (all, whole) = cache.count(&maps());
    assert!(all >= 600 && (200..400).contains(&whole), "{all} {whole}");
    let reads = || cluster.counts().of(CallKind::Get) + cluster.counts().of(CallKind::List);
    let before = reads();
    for number in (0..600).step_by(3) {
        let id = ObjectId::new("", "ConfigMap", Some(&namespace), format!("m{number:03}"));
        assert!(cache.get(&id.at_version("v1")).await.unwrap().is_some());
    }
    let absent = ObjectId::new("", "ConfigMap", Some(&namespace), "none");
    assert!(cache.get(&absent.at_version("v1")).await.unwrap().is_none());
    assert_eq!(reads(), before);
    // Of what is not managed the content is read.
    let other = ObjectId::new("", "ConfigMap", Some(&namespace), "m001");
    assert!(cache.get(&other.at_version("v1")).await.unwrap().is_some());
    assert_eq!(reads(), before + 1);
}

#[tokio::test]
async fn writers_see_their_writes_and_others_changes_come() {
    let Some((_, cluster)) = crate::real().await else { return };
    let namespace = namespace(&cluster).await;
    let cache = WatchCache::new(cluster.clone(), CacheOptions::default());
    cache.follow(&maps()).await.unwrap();
    let written = put(&cache, &map(&namespace, "a", true, "1")).await;
    assert_eq!(cache.get(&written.reference()).await.unwrap().unwrap(), written);
    put(&cluster, &map(&namespace, "a", true, "2")).await;
    until(&cache, &written.id(), Some("2")).await;
    let target = written.reference();
    cluster.delete(Delete::new(&target, written.uid().unwrap())).await.unwrap();
    until(&cache, &written.id(), None).await;
    let query = Query::all(maps()).in_namespace(&namespace);
    assert!(cache.list(&query).await.is_ok());
}

#[tokio::test]
async fn a_writer_who_reads_no_answer_sees_what_it_wrote() {
    let Some((_, cluster)) = crate::real().await else { return };
    let namespace = namespace(&cluster).await;
    let cache = WatchCache::new(cluster.clone(), CacheOptions::default());
    cache.follow(&maps()).await.unwrap();
    let first = put(&cache, &map(&namespace, "a", true, "0")).await;
    let absent = ObjectId::new("", "ConfigMap", Some(&namespace), "none").at_version("v1");
    let targets = [first.reference(), absent];
    let reads = || cluster.counts().of(CallKind::Get) + cluster.counts().of(CallKind::List);
    let before = reads();
    for value in ["1", "2", "3", "4", "5"] {
        let object = map(&namespace, "a", true, value);
        let write = Write::new(&object, Verb::Apply { force: true }, "tests").briefly();
        let written = cache.write(write).await.unwrap().object;
        assert_eq!((written.reference(), written.uid()), (first.reference(), first.uid()));
        assert_eq!(written.get(&["data"]), None, "nobody reads more");
        let seen = cache.get(&targets[0]).await.unwrap().unwrap();
        assert_eq!(seen.text(&["data", "k"]), Some(value));
        assert_eq!(seen.resource_version(), written.resource_version());
        let versions = cache.versions(&targets).await;
        assert_eq!(versions, Some(vec![written.resource_version().map(Into::into), None]));
    }
    assert_eq!(reads(), before, "the watch told it");
    let other = ObjectId::new("", "Secret", Some(&namespace), "none").at_version("v1");
    assert_eq!(cache.versions(&[other]).await, None, "a kind that is not followed");
    // What is written and gone before it is told is not waited for again and again.
    let write = map(&namespace, "a", true, "6");
    cache.write(Write::new(&write, Verb::Apply { force: true }, "tests").briefly()).await.unwrap();
    cluster.delete(Delete::new(&targets[0], first.uid().unwrap())).await.unwrap();
    until(&cache, &first.id(), None).await;
}

#[tokio::test]
async fn a_kind_that_is_served_of_late_is_followed_by_who_lists_it() {
    let Some((_, cluster)) = crate::real().await else { return };
    let kind = GroupVersionKind::from_api_version("late.example/v1", "Guest");
    let cache = WatchCache::new(cluster.clone(), CacheOptions::default());
    assert!(cache.follow(&kind).await.is_err());
    // By now it is seldom asked whether the kind is served.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "guests.late.example"}, "spec": {"group": "late.example", "scope": "Namespaced",
        "names": {"kind": "Guest", "plural": "guests"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}});
    put(&cluster, &Object::from_value(definition).unwrap()).await;
    while cache.list(&Query::all(kind.clone())).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(cache.state(&kind), Some(CacheState::Following));
}

#[tokio::test]
async fn a_cache_survives_restarts_and_forgotten_history() {
    let Some((plane, _)) = crate::real().await else { return };
    let plane = ControlPlane::without_controllers(Assets::clone(plane.assets())).unwrap();
    let connection = Connection::from_kubeconfig(Some(&plane.kubeconfig()), None).await.unwrap();
    let cluster = KubeCluster::connect(&connection).unwrap();
    let namespace = namespace(&cluster).await;
    let first = put(&cluster, &map(&namespace, "a", true, "1")).await;
    let gone = put(&cluster, &map(&namespace, "b", true, "1")).await;
    let cache = WatchCache::new(cluster.clone(), CacheOptions::default());
    cache.follow(&maps()).await.unwrap();
    for round in 2..4 {
        plane.stop_api_server().unwrap();
        plane.start_api_server().unwrap();
        put(&cluster, &map(&namespace, "a", true, &round.to_string())).await;
        until(&cache, &first.id(), Some(&round.to_string())).await;
    }
    // What was told is forgotten while nobody listens, and the watch begins again from a listing.
    let target = gone.reference();
    let mut delete = Delete::new(&target, gone.uid().unwrap());
    // Nobody is there who would delete what it owns first.
    delete.propagation = Propagation::Background;
    cluster.delete(delete).await.unwrap();
    until(&cache, &gone.id(), None).await;
    let listing: Value =
        serde_json::from_str(&plane.kubectl(&["get", "--raw", "/api/v1/configmaps?limit=1"]).unwrap()).unwrap();
    assert!(listing["metadata"]["resourceVersion"].is_string());
    let old = cluster.watch(&Query::all(maps()), "1").await;
    assert!(old.is_ok() || old.is_err_and(|error| error.kind == gitops_core::cluster::ErrorKind::Expired));
    put(&cluster, &map(&namespace, "a", true, "last")).await;
    until(&cache, &first.id(), Some("last")).await;
}
