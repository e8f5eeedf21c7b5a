//! What every cluster behind the seam does. The functions know nothing of the backend: a real API server has to pass
//! them too.

use futures::StreamExt as _;
use futures::executor::block_on;
use gitops_core::cluster::{
    Change, Cluster, Delete, Deleted, ErrorKind, Precondition, Propagation, Query, Subresource, Verb, WatchEvent, Write,
};
use gitops_core::secret::Purpose;
use gitops_core::{GroupVersionKind, Object, Reveal, Value};
use gitops_embedded::{EmbeddedCluster, Options};
use serde_json::json;

use super::{apply, object};

fn map(name: &str, data: Value) -> Value {
    let metadata = json!({"name": name, "namespace": "default"});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body["metadata"][field] = value;
    body
}

fn maps() -> Query {
    Query::all(GroupVersionKind::from_api_version("v1", "ConfigMap")).in_namespace("default")
}

fn live(object: &Object, version: Option<&str>) -> Precondition {
    Precondition::Live { uid: object.uid().unwrap().into(), resource_version: version.map(Into::into) }
}

async fn delete(cluster: &dyn Cluster, object: &Object, propagation: Propagation) -> Deleted {
    let target = object.reference();
    let mut delete = Delete::new(&target, object.uid().unwrap());
    delete.propagation = propagation;
    cluster.delete(delete).await.unwrap()
}

async fn creates_and_preconditions(cluster: &dyn Cluster) {
    let body = object(map("pre", json!({"a": "1"})));
    let create = || Write::new(&body, Verb::Create, "me");
    let first = cluster.write(create()).await.unwrap();
    assert_eq!(first.change, Change::Created);
    assert_eq!(cluster.write(create()).await.unwrap_err().kind, ErrorKind::AlreadyExists);
    let absent = Write::new(&body, Verb::Apply { force: true }, "me").when(Precondition::Absent);
    assert_eq!(cluster.write(absent).await.unwrap_err().kind, ErrorKind::AlreadyExists);

    let next = object(map("pre", json!({"a": "2"})));
    let force = Write::new(&next, Verb::Apply { force: true }, "me");
    let stranger = Precondition::Live { uid: "00000000-0000-4000-8000-000000000000".into(), resource_version: None };
    let refused = cluster.write(force.clone().when(stranger)).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    let seen = first.object.resource_version().unwrap().to_owned();
    let second = cluster.write(force.clone().when(live(&first.object, Some(&seen)))).await.unwrap();
    assert_eq!(second.change, Change::Configured);
    let late = cluster.write(force.clone().when(live(&first.object, Some(&seen)))).await.unwrap_err();
    assert_eq!(late.kind, ErrorKind::Conflict);
    assert_eq!(cluster.write(force.when(live(&first.object, None))).await.unwrap().change, Change::Unchanged);
    assert_eq!(cluster.get(&next.reference()).await.unwrap().unwrap(), second.object);

    let update = Write::new(&next, Verb::Update, "me").when(live(&first.object, Some(&seen)));
    assert_eq!(cluster.write(update).await.unwrap_err().kind, ErrorKind::Conflict);

    // A precondition on what is gone creates nothing.
    delete(cluster, &first.object, Propagation::Background).await;
    let gone = Write::new(&next, Verb::Apply { force: true }, "me").when(live(&first.object, None));
    assert!(cluster.write(gone).await.is_err());
    assert!(cluster.get(&next.reference()).await.unwrap().is_none());
}

async fn generated_names(cluster: &dyn Cluster) {
    let mut body = map("", json!({}));
    body["metadata"] = json!({"generateName": "made-", "namespace": "default"});
    let body = object(body);
    let mut names = Vec::new();
    for _ in 0..2 {
        names.push(cluster.write(Write::new(&body, Verb::Create, "me")).await.unwrap().object.name().to_owned());
    }
    assert!(names.iter().all(|name| name.starts_with("made-") && name.len() == 10), "{names:?}");
    assert_ne!(names[0], names[1]);
}

async fn refusals(cluster: &dyn Cluster) {
    let nowhere = with(map("a", json!({})), "namespace", json!("nowhere"));
    assert_eq!(apply(cluster, nowhere).await.unwrap_err().kind, ErrorKind::NotFound);
    let unknown = json!({"apiVersion": "example.net/v1", "kind": "Thing", "metadata": {"name": "a"}});
    assert_eq!(apply(cluster, unknown.clone()).await.unwrap_err().kind, ErrorKind::UnknownKind);
    assert_eq!(cluster.get(&object(unknown).reference()).await.unwrap_err().kind, ErrorKind::UnknownKind);
    let invalid = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"c": "d"}}, "spec": {}}}});
    let refused = apply(cluster, invalid).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
    assert!(!refused.causes.is_empty() && refused.to_string().contains("Deployment"), "{refused}");
    let absent = object(map("absent", json!({"a": "b"})));
    let patch = cluster.write(Write::new(&absent, Verb::MergePatch, "me")).await.unwrap_err();
    assert_eq!(patch.kind, ErrorKind::NotFound);
}

async fn field_ownership(cluster: &dyn Cluster) {
    let one = apply(cluster, map("owned", json!({"a": "1", "b": "1"}))).await.unwrap().object;
    let other = object(map("owned", json!({"a": "2"})));
    let theirs = |force| Write::new(&other, Verb::Apply { force }, "other");
    let conflict = cluster.write(theirs(false)).await.unwrap_err();
    assert_eq!(conflict.kind, ErrorKind::Conflict);
    assert!(conflict.message.contains("\"me\""), "{conflict}");
    assert_eq!(conflict.causes[0].field, ".data.a");
    assert_eq!(conflict.causes[0].reason, "FieldManagerConflict");
    cluster.write(theirs(true)).await.unwrap();
    // What its only owner applies no longer is gone.
    apply(cluster, map("owned", json!({}))).await.unwrap();
    let now = cluster.get(&one.reference()).await.unwrap().unwrap();
    assert_eq!(now.get(&["data"]), Some(&json!({"a": "2"})));
    assert_eq!(now.uid(), one.uid());
}

async fn dry_runs(cluster: &dyn Cluster) {
    let body = object(map("dry", json!({"a": "1"})));
    let before = cluster.list(&maps()).await.unwrap().resource_version;
    let said = cluster.write(Write::new(&body, Verb::Apply { force: false }, "me").dry_run()).await.unwrap();
    assert_eq!(said.change, Change::Created);
    assert!(cluster.get(&body.reference()).await.unwrap().is_none());
    assert_eq!(cluster.list(&maps()).await.unwrap().resource_version, before);
    let kept = apply(cluster, map("dry", json!({"a": "1"}))).await.unwrap().object;
    let target = kept.reference();
    let mut delete = Delete::new(&target, kept.uid().unwrap());
    delete.dry_run = true;
    cluster.delete(delete).await.unwrap();
    assert_eq!(cluster.get(&target).await.unwrap(), Some(kept));
}

async fn deletions(cluster: &dyn Cluster) {
    let held =
        apply(cluster, with(map("held", json!({})), "finalizers", json!(["example.com/hold"]))).await.unwrap().object;
    let target = held.reference();
    let stranger = Delete::new(&target, "00000000-0000-4000-8000-000000000000");
    assert_eq!(cluster.delete(stranger).await.unwrap_err().kind, ErrorKind::Conflict);
    let Deleted::Pending(pending) = delete(cluster, &held, Propagation::Background).await else { unreachable!("gone") };
    assert!(pending.is_terminating());
    let freed = object(with(map("held", json!({})), "finalizers", Value::Null));
    cluster.write(Write::new(&freed, Verb::MergePatch, "me")).await.unwrap();
    assert!(cluster.get(&target).await.unwrap().is_none());
    assert!(matches!(delete(cluster, &held, Propagation::Foreground).await, Deleted::Gone));
}

async fn subresources(cluster: &dyn Cluster) {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "sub", "namespace": "default"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let first = apply(cluster, deployment.clone()).await.unwrap().object;
    assert_eq!(first.get(&["metadata", "generation"]), Some(&json!(1)));
    let mut patch =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "sub", "namespace": "default"}});
    patch["spec"] = json!({"replicas": 9});
    patch["status"] = json!({"replicas": 7});
    let patch = object(patch);
    let status =
        cluster.write(Write::new(&patch, Verb::MergePatch, "me").to(Subresource::Status)).await.unwrap().object;
    assert_eq!(status.get(&["spec", "replicas"]), Some(&json!(1)));
    assert_eq!(status.get(&["status", "replicas"]), Some(&json!(7)));
    assert_eq!(status.get(&["metadata", "generation"]), Some(&json!(1)));
    let scale = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "sub", "namespace": "default"},
        "spec": {"replicas": 4}});
    let scale = object(scale);
    let scaled =
        cluster.write(Write::new(&scale, Verb::MergePatch, "hpa").to(Subresource::Scale)).await.unwrap().object;
    assert_eq!(scaled.get(&["spec", "replicas"]), Some(&json!(4)));
    let entries = scaled.get(&["metadata", "managedFields"]).and_then(Value::as_array).unwrap();
    assert!(entries.iter().any(|entry| entry["manager"] == "hpa" && entry["subresource"] == "scale"), "{entries:?}");
}

async fn watches(cluster: &dyn Cluster) {
    let query = maps().with_label("seen", "yes");
    let start = cluster.list(&query).await.unwrap().resource_version;
    let mut changes = cluster.watch(&query, &start).await.unwrap();
    let labelled = |name: &str, data: Value| with(map(name, data), "labels", json!({"seen": "yes"}));
    apply(cluster, labelled("w1", json!({"a": "1"}))).await.unwrap();
    apply(cluster, map("w2", json!({"a": "1"}))).await.unwrap();
    apply(cluster, labelled("w1", json!({"a": "2"}))).await.unwrap();
    apply(cluster, map("w1", json!({"a": "2"}))).await.unwrap();
    let again = apply(cluster, labelled("w1", json!({"a": "3"}))).await.unwrap().object;
    delete(cluster, &again, Propagation::Background).await;
    let mut told = Vec::new();
    let mut last = 0;
    while told.len() < 5 {
        let (what, object) = match changes.next().await.unwrap().unwrap() {
            WatchEvent::Changed(object) => ("changed", object),
            WatchEvent::Gone(object) => ("gone", object),
            WatchEvent::Bookmark(_) => continue,
        };
        assert_eq!(object.name(), "w1");
        let version: u64 = object.resource_version().unwrap().parse().unwrap();
        assert!(version > last, "changes come in order");
        last = version;
        told.push(what);
    }
    assert_eq!(told, ["changed", "changed", "gone", "changed", "gone"]);
    // The same again from the past.
    let mut past = cluster.watch(&query, &start).await.unwrap();
    let first = past.next().await.unwrap().unwrap();
    assert!(matches!(first, WatchEvent::Changed(object) if object.get(&["data", "a"]) == Some(&json!("1"))));
}

async fn listings(cluster: &dyn Cluster) {
    for (name, colour) in [("l1", "red"), ("l2", "blue"), ("l3", "red")] {
        apply(cluster, with(map(name, json!({})), "labels", json!({"colour": colour}))).await.unwrap();
    }
    let red = cluster.list(&maps().with_label("colour", "red")).await.unwrap().objects;
    assert_eq!(red.iter().map(Object::name).collect::<Vec<_>>(), ["l1", "l3"]);
    assert!(cluster.list(&maps().with_label("colour", "green")).await.unwrap().objects.is_empty());
    let elsewhere = Query::all(maps().gvk).in_namespace("kube-system").with_label("colour", "red");
    assert!(cluster.list(&elsewhere).await.unwrap().objects.is_empty());
}

async fn definitions(cluster: &dyn Cluster) {
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gears.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"kind": "Gear", "plural": "gears", "singular": "gear", "listKind": "GearList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": {"type": "object", "properties": {
                    "teeth": {"type": "integer", "default": 12}}}}}}}]}});
    let defined = apply(cluster, definition).await.unwrap().object;
    let gear = json!({"apiVersion": "example.com/v1", "kind": "Gear", "metadata": {"name": "g", "namespace": "default"},
        "spec": {}});
    let made = apply(cluster, gear.clone()).await.unwrap().object;
    assert_eq!(made.get(&["spec", "teeth"]), Some(&json!(12)));
    let kind = made.gvk().group_kind();
    assert!(cluster.discover().await.unwrap().kind(&kind).is_some_and(|resource| resource.namespaced));
    let seen = cluster.get(&defined.reference()).await.unwrap().unwrap();
    let conditions = seen.get(&["status", "conditions"]).and_then(Value::as_array).unwrap();
    assert!(conditions.iter().any(|one| one["type"] == "Established" && one["status"] == "True"), "{conditions:?}");
    let wrong = json!({"apiVersion": "example.com/v1", "kind": "Gear", "metadata": {"name": "h", "namespace": "default"},
        "spec": {"teeth": "many"}});
    assert!(apply(cluster, wrong).await.is_err());
}

/// No refusal repeats what a Secret holds.
async fn secrets(cluster: &dyn Cluster) {
    let canary = "Y2FuYXJ5LTQ3MTE=";
    let secret = |data: Value| {
        object(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}, "data": data}),
        )
    };
    let first = secret(json!({"key": canary}));
    let kept = cluster.write(Write::new(&first, Verb::Create, "one")).await.unwrap().object;
    assert_eq!(kept.reveal(&Reveal::granted(Purpose::ClusterCall))["data"]["key"], canary);
    assert!(!format!("{kept:?}").contains(canary));
    let tries = [
        (secret(json!({"key": "bmV3LTQ3MTE="})), Verb::Apply { force: false }),
        (secret(json!({"key": ["canary"]})), Verb::Apply { force: true }),
        (secret(json!({"key": {"canary": "4711"}})), Verb::Update),
        (secret(json!({"bad key 4711!": canary})), Verb::MergePatch),
        (first, Verb::Create),
    ];
    for (body, verb) in tries {
        let error = cluster.write(Write::new(&body, verb, "other")).await.unwrap_err();
        let text = format!("{error} {error:?}");
        for planted in [canary, "bmV3LTQ3MTE=", "canary"] {
            assert!(!text.contains(planted), "{text}");
        }
    }
}

/// Each cluster is new, and passes the same.
fn on_each(check: impl AsyncFn(&dyn Cluster)) {
    let directory = tempfile::tempdir().unwrap();
    let options = Options::new().without_controllers();
    block_on(check(&EmbeddedCluster::in_memory(&options).unwrap()));
    block_on(check(&EmbeddedCluster::open(directory.path(), &options).unwrap()));
}

macro_rules! suite {
    ($($name:ident),+ $(,)?) => {
        mod on_each {
            $(#[test] fn $name() { super::on_each(super::$name) })+
        }
    };
}

suite![
    creates_and_preconditions,
    generated_names,
    refusals,
    field_ownership,
    dry_runs,
    deletions,
    subresources,
    watches,
    listings,
    definitions,
    secrets,
];
