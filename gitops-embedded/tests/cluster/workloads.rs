use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use gitops_core::cluster::*;
use gitops_core::*;
use gitops_embedded::{EmbeddedCluster, Options};
use serde_json::json;

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

fn deployment(name: &str, replicas: i64) -> Object {
    object(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}}))
}

#[test]
fn a_deployment_becomes_ready() {
    let options = Options::new().manual(Arc::new(|| "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap()));
    let cluster = EmbeddedCluster::in_memory(&options).unwrap();
    block_on(async {
        let object = deployment("web", 3);
        let query = Query::all(object.gvk());
        let start = cluster.list(&query).await.unwrap().resource_version;
        let mut watch = cluster.watch(&query, &start).await.unwrap();
        let applied = cluster.write(Write::new(&object, Verb::Apply { force: false }, "me")).await.unwrap();
        assert_eq!(applied.change, Change::Created);
        cluster.settle(Duration::from_secs(60)).await.unwrap();
        let live = cluster.get(&object.reference()).await.unwrap().unwrap();
        assert_eq!(live.get(&["status", "readyReplicas"]), Some(&json!(3)));
        loop {
            match watch.next().await.unwrap().unwrap() {
                WatchEvent::Changed(seen) => {
                    if seen.resource_version() == live.resource_version() {
                        break;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn it_runs_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = EmbeddedCluster::open(&directory.path().join("a/b"), &Options::new()).unwrap();
    block_on(async {
        let object = deployment("web", 3);
        cluster.write(Write::new(&object, Verb::Apply { force: false }, "me")).await.unwrap();
        let mut patience = 1_500;
        loop {
            let live = cluster.get(&object.reference()).await.unwrap().unwrap();
            if live.get(&["status", "readyReplicas"]) == Some(&json!(3)) {
                break;
            }
            patience -= 1;
            assert!(patience > 0, "the Deployment did not become ready");
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}
