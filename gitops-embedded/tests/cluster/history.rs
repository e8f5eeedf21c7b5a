//! The log of changes: bounded, told apart by bookmarks, and equal to what it leads to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use gitops_core::cluster::{Cluster, Delete, ErrorKind, Query, Verb, WatchEvent, Write};
use gitops_core::{GroupVersionKind, Object, Timestamp, Value};
use gitops_embedded::{EmbeddedCluster, Options};
use proptest::prelude::*;
use serde_json::json;

use super::{apply, object, still};

fn query(kind: &str) -> Query {
    Query::all(GroupVersionKind::from_api_version("v1", kind)).in_namespace("default")
}

fn one(kind: &str, name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "default", "labels": {"v": value}}})
}

#[test]
fn a_watch_from_before_the_history_starts_again() {
    let mut options = Options::new();
    options.history = 10;
    let cluster = EmbeddedCluster::in_memory(&options).unwrap();
    block_on(async {
        for number in 0..600 {
            apply(&cluster, one("ConfigMap", "a", &number.to_string())).await.unwrap();
        }
        let error = cluster.watch(&query("ConfigMap"), "1").await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Expired);
        let now = cluster.list(&query("ConfigMap")).await.unwrap().resource_version;
        assert!(cluster.watch(&query("ConfigMap"), &now).await.is_ok());
        assert_eq!(cluster.watch(&query("ConfigMap"), "99999999").await.err().unwrap().kind, ErrorKind::Expired);
    });
}

#[test]
fn a_watch_hears_by_bookmarks_that_others_go_on() {
    let cluster = still();
    block_on(async {
        let start = cluster.list(&query("ConfigMap")).await.unwrap().resource_version;
        let mut watch = cluster.watch(&query("ConfigMap"), &start).await.unwrap();
        for number in 0..300 {
            apply(&cluster, one("ServiceAccount", "a", &number.to_string())).await.unwrap();
        }
        let WatchEvent::Bookmark(version) = watch.next().await.unwrap().unwrap() else { unreachable!("no ConfigMap") };
        assert!(version.parse::<u64>().unwrap() > start.parse().unwrap());
        assert!(cluster.watch(&query("ConfigMap"), &version).await.is_ok());
    });
}

#[test]
fn what_was_due_while_it_was_closed_is_done_when_it_opens() {
    let directory = tempfile::tempdir().unwrap();
    let at = |time: &str| {
        let time: Timestamp = time.parse().unwrap();
        let mut options = Options::new();
        options.clock = Arc::new(move || time);
        options
    };
    let workload = object(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "w", "namespace": "default"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "w"}}, "template": {"metadata": {"labels": {"app": "w"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]}}}}));
    let open = |time: &str| EmbeddedCluster::open(directory.path(), &at(time)).unwrap();
    block_on(async {
        let write = Write::new(&workload, Verb::Apply { force: false }, "me");
        open("2026-01-01T00:00:00Z").write(write).await.unwrap();
        let ready = |live: Object| live.get(&["status", "readyReplicas"]).cloned();
        let at_once = open("2026-01-01T00:00:00Z").get(&workload.reference()).await.unwrap().unwrap();
        assert_eq!(ready(at_once), None);
        let later = open("2026-01-01T01:00:00Z").get(&workload.reference()).await.unwrap().unwrap();
        let moved = later.get(&["status", "conditions"]).unwrap()[0]["lastTransitionTime"].clone();
        assert!(moved.as_str().unwrap() < "2026-01-01T00:01:00Z", "{moved}");
        assert_eq!(ready(later), Some(json!(2)));
    });
}

#[derive(Clone, Debug)]
enum Step {
    Write(u8, u8),
    Hold(u8),
    Release(u8),
    Delete(u8),
    Pass,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..6_u8, 0..4_u8).prop_map(|(name, value)| Step::Write(name, value)),
        1 => (0..6_u8).prop_map(Step::Hold),
        1 => (0..6_u8).prop_map(Step::Release),
        2 => (0..6_u8).prop_map(Step::Delete),
        1 => Just(Step::Pass),
    ];
    proptest::collection::vec(step, 0..40)
}

async fn take(cluster: &EmbeddedCluster, step: &Step) {
    let named = |name: u8| format!("m{name}");
    // Refusals (of what is absent, or is being deleted) are part of it.
    match step {
        Step::Write(name, value) => {
            let _ = apply(cluster, one("ConfigMap", &named(*name), &value.to_string())).await;
        }
        Step::Hold(name) | Step::Release(name) => {
            let held = if matches!(step, Step::Hold(_)) { json!(["example.com/hold"]) } else { Value::Null };
            let mut patch = one("ConfigMap", &named(*name), "held");
            patch["metadata"]["finalizers"] = held;
            let _ = cluster.write(Write::new(&object(patch), Verb::MergePatch, "me")).await;
        }
        Step::Delete(name) => {
            let target = object(one("ConfigMap", &named(*name), "")).reference();
            if let Some(live) = cluster.get(&target).await.unwrap() {
                let _ = cluster.delete(Delete::new(&target, live.uid().unwrap())).await;
            }
        }
        Step::Pass => drop(cluster.settle(Duration::from_secs(5)).await.unwrap()),
    }
}

fn by_name(objects: Vec<Object>) -> BTreeMap<String, Object> {
    objects.into_iter().map(|object| (object.name().to_owned(), object)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// A listing and the changes after it give the next listing, whatever happened, also for a selection by label.
    #[test]
    fn a_listing_and_its_changes_give_the_next_listing(before in steps(), after in steps(), select in any::<bool>()) {
        let cluster = still();
        block_on(async {
            let query = if select { query("ConfigMap").with_label("v", "1") } else { query("ConfigMap") };
            for step in &before {
                take(&cluster, step).await;
            }
            let listing = cluster.list(&query).await.unwrap();
            let mut held = by_name(listing.objects);
            for step in &after {
                take(&cluster, step).await;
            }
            // The last change of all says where the watch is at its end.
            let mut end = one("ConfigMap", "end", "1");
            end["data"] = json!({"end": "1"});
            apply(&cluster, end).await.unwrap();
            let mut watch = cluster.watch(&query, &listing.resource_version).await.unwrap();
            while !held.contains_key("end") {
                match watch.next().await.unwrap().unwrap() {
                    WatchEvent::Changed(object) => drop(held.insert(object.name().to_owned(), Object::clone(&object))),
                    WatchEvent::Gone(object) => assert!(held.remove(object.name()).is_some(), "gone twice"),
                    WatchEvent::Bookmark(_) => {}
                }
            }
            let now = by_name(cluster.list(&query).await.unwrap().objects);
            prop_assert_eq!(held, now);
            Ok(())
        })?;
    }
}
