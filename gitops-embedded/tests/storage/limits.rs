//! A full disk, and objects that are too large.

use futures::executor::block_on;
use gitops_core::cluster::{Cluster, ErrorKind, Verb, Write};
use gitops_core::{Object, Value};
use gitops_embedded::{EmbeddedCluster, Options};
use serde_json::json;

use super::maps;

fn large(name: &str, bytes: usize) -> Object {
    let data = json!({"a": "x".repeat(bytes)});
    let metadata = json!({"name": name, "namespace": "default"});
    let body: Value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
    Object::from_value(body).unwrap()
}

#[test]
fn a_full_disk_is_said_and_nothing_is_half_done() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = Options::new();
    options.max_bytes = 2 << 20;
    let cluster = EmbeddedCluster::open(directory.path(), &options).unwrap();
    block_on(async {
        let mut kept = 0;
        let error = loop {
            let object = large(&format!("m{kept}"), 100_000);
            match cluster.write(Write::new(&object, Verb::Create, "me")).await {
                Ok(_) => kept += 1,
                Err(error) => break error,
            }
            assert!(kept < 100, "the disk is never full");
        };
        assert_eq!(error.kind, ErrorKind::Internal);
        assert!(error.message.contains("the disk is full"), "{error}");
        let listing = cluster.list(&maps()).await.unwrap();
        assert_eq!(listing.objects.len(), kept);
        // The next write does not wait for anything, and small ones may still fit.
        let _ = cluster.write(Write::new(&large("small", 10), Verb::Create, "me")).await;
        let reopened = EmbeddedCluster::open(directory.path(), &Options::new()).unwrap();
        cluster.list(&maps()).await.unwrap();
        reopened.write(Write::new(&large("after", 100_000), Verb::Create, "me")).await.unwrap();
    });
}

#[test]
fn objects_have_a_largest_size() {
    let cluster = EmbeddedCluster::in_memory(&Options::new()).unwrap();
    block_on(async {
        let error = cluster.write(Write::new(&large("m", 4 << 20), Verb::Create, "me")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadRequest);
        assert!(cluster.list(&maps()).await.unwrap().objects.is_empty());
    });
}

#[test]
fn many_open_a_new_store_at_once() {
    for _ in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        let opened: Vec<String> = std::thread::scope(|scope| {
            let open = || {
                let cluster = EmbeddedCluster::open(directory.path(), &Options::new()).unwrap();
                block_on(cluster.info()).unwrap().uid
            };
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(opened.iter().all(|uid| *uid == opened[0]), "all opened one cluster");
    }
}
