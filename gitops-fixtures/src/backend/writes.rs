//! Ownership of fields, preconditions, patches, dry runs, subresources.

use gitops_core::cluster::{Change, Cluster, ErrorKind, Precondition, Subresource, Verb, Write};
use serde_json::json;

use super::*;

pub(super) async fn all(cluster: &dyn Cluster) {
    conflicts_name_manager_and_field(cluster).await;
    fields_go_with_their_owner(cluster).await;
    absent_means_that_it_only_creates(cluster).await;
    live_means_uid_and_version(cluster).await;
    what_changes_nothing_moves_nothing(cluster).await;
    patches_and_updates(cluster).await;
    dry_runs_keep_nothing(cluster).await;
    scale_is_written_apart(cluster).await;
    invalid_objects_name_their_fields(cluster).await;
}

async fn conflicts_name_manager_and_field(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    apply(cluster, "one", map(&namespace, "a", json!({"k": "1"}))).await.unwrap();
    let conflict = apply(cluster, "other", map(&namespace, "a", json!({"k": "2"}))).await.unwrap_err();
    assert_eq!(conflict.kind, ErrorKind::Conflict);
    assert!(conflict.causes.iter().any(|cause| cause.field == ".data.k" && cause.message.contains("\"one\"")));
    let forced = object(map(&namespace, "a", json!({"k": "2"})));
    let forced = cluster.write(Write::new(&forced, Verb::Apply { force: true }, "other")).await.unwrap().object;
    assert_eq!(forced.text(&["data", "k"]), Some("2"));
    let back = apply(cluster, "one", map(&namespace, "a", json!({"k": "1"}))).await.unwrap_err();
    assert!(back.causes.iter().any(|cause| cause.message.contains("\"other\"")));
}

async fn fields_go_with_their_owner(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    apply(cluster, "one", map(&namespace, "a", json!({"mine": "1", "ours": "1"}))).await.unwrap();
    apply(cluster, "other", map(&namespace, "a", json!({"ours": "1"}))).await.unwrap();
    let live = apply(cluster, "one", map(&namespace, "a", json!({}))).await.unwrap().object;
    assert_eq!(live.get(&["data"]), Some(&json!({"ours": "1"})));
}

async fn absent_means_that_it_only_creates(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let body = object(map(&namespace, "a", json!({"k": "1"})));
    for (verb, operation) in [(Verb::Create, "Update"), (Verb::Apply { force: true }, "Apply")] {
        let first = cluster.write(Write::new(&body, verb, "suite").when(Precondition::Absent)).await.unwrap();
        assert_eq!(first.change, Change::Created);
        let entries = first.object.get(&["metadata", "managedFields"]).and_then(Value::as_array).unwrap();
        assert!(entries.len() == 1 && entries[0]["operation"] == operation, "{entries:?}");
        let again = cluster.write(Write::new(&body, verb, "suite").when(Precondition::Absent)).await.unwrap_err();
        assert_eq!(again.kind, ErrorKind::AlreadyExists);
        delete(cluster, &first.object).await.unwrap();
        until_gone(cluster, &first.object.reference()).await;
    }
}

async fn live_means_uid_and_version(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let first = apply(cluster, "suite", map(&namespace, "a", json!({"k": "1"}))).await.unwrap().object;
    let second = apply(cluster, "suite", map(&namespace, "a", json!({"k": "2"}))).await.unwrap().object;
    let uid = first.uid().unwrap().to_owned();
    let version = |object: &Object| object.resource_version().map(str::to_owned);
    let body = object(map(&namespace, "a", json!({"k": "3"})));
    for verb in [Verb::Apply { force: true }, Verb::MergePatch, Verb::Update] {
        for (uid, resource_version) in [(&uid, version(&first)), (&"other".to_owned(), version(&second))] {
            let precondition = Precondition::Live { uid: uid.clone(), resource_version };
            let error = cluster.write(Write::new(&body, verb, "suite").when(precondition)).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Conflict, "{verb:?}: {error}");
        }
    }
    let precondition = Precondition::Live { uid: uid.clone(), resource_version: version(&second) };
    let third =
        cluster.write(Write::new(&body, Verb::Apply { force: true }, "suite").when(precondition)).await.unwrap();
    assert_eq!(third.object.text(&["data", "k"]), Some("3"));
    delete(cluster, &third.object).await.unwrap();
    until_gone(cluster, &third.object.reference()).await;
    let precondition = Precondition::Live { uid, resource_version: None };
    let gone = cluster.write(Write::new(&body, Verb::Apply { force: true }, "suite").when(precondition)).await;
    assert!(matches!(gone.unwrap_err().kind, ErrorKind::Conflict | ErrorKind::NotFound));
    assert!(get(cluster, &third.object.reference()).await.is_none());
}

async fn what_changes_nothing_moves_nothing(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let body = map(&namespace, "a", json!({"k": "1"}));
    let first = apply(cluster, "suite", body.clone()).await.unwrap().object;
    let again = apply(cluster, "suite", body).await.unwrap();
    assert_eq!(again.change, Change::Unchanged);
    assert_eq!(again.object, first);
}

async fn patches_and_updates(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let first = create(cluster, map(&namespace, "a", json!({"k": "1", "l": "1"}))).await.unwrap().object;
    let patched = patch(cluster, map(&namespace, "a", json!({"k": null, "m": "1"}))).await.unwrap();
    assert_eq!(patched.change, Change::Configured);
    assert_eq!(patched.object.get(&["data"]), Some(&json!({"l": "1", "m": "1"})));
    assert_eq!(patched.object.uid(), first.uid());
    let replaced = object(map(&namespace, "a", json!({"n": "1"})));
    let replaced = cluster.write(Write::new(&replaced, Verb::Update, "suite")).await.unwrap().object;
    assert_eq!(replaced.get(&["data"]), Some(&json!({"n": "1"})));
    let mut stale = first.clone();
    stale.set_label("a", "b");
    let stale = cluster.write(Write::new(&stale, Verb::Update, "suite")).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Conflict);
    let absent = patch(cluster, map(&namespace, "absent", json!({}))).await.unwrap_err();
    assert_eq!(absent.kind, ErrorKind::NotFound);
}

async fn dry_runs_keep_nothing(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let body = object(map(&namespace, "a", json!({"k": "1"})));
    let told = cluster.write(Write::new(&body, Verb::Apply { force: false }, "suite").dry_run()).await.unwrap();
    assert_eq!(told.change, Change::Created);
    assert!(get(cluster, &body.reference()).await.is_none());
    let live = apply(cluster, "suite", map(&namespace, "a", json!({"k": "1"}))).await.unwrap().object;
    let next = object(map(&namespace, "a", json!({"k": "2"})));
    let told = cluster.write(Write::new(&next, Verb::Apply { force: false }, "suite").dry_run()).await.unwrap().object;
    assert_eq!(told.text(&["data", "k"]), Some("2"));
    let target = live.reference();
    let mut wipe = Delete::new(&target, live.uid().unwrap());
    wipe.dry_run = true;
    cluster.delete(wipe).await.unwrap();
    assert_eq!(get(cluster, &target).await.unwrap(), live);
}

async fn scale_is_written_apart(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let body = |replicas: i64| {
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "w", "namespace": namespace},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "w"}},
                "template": {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}})
    };
    create(cluster, body(0)).await.unwrap();
    let scale = object(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "w", "namespace": namespace}, "spec": {"replicas": 2}}));
    for verb in [Verb::MergePatch, Verb::Apply { force: true }] {
        cluster.write(Write::new(&scale, verb, "scaler").to(Subresource::Scale)).await.unwrap();
        let live = get(cluster, &scale.reference()).await.unwrap();
        assert_eq!(live.get(&["spec", "replicas"]), Some(&json!(2)));
        let entries = live.get(&["metadata", "managedFields"]).and_then(Value::as_array).unwrap();
        let own = |entry: &Value| entry["manager"] == "scaler" && entry["subresource"] == "scale";
        assert!(entries.iter().any(own), "{entries:?}");
        patch(
            cluster,
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": "w", "namespace": namespace}, "spec": {"replicas": 1}}),
        )
        .await
        .unwrap();
    }
}

async fn invalid_objects_name_their_fields(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    let body = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w", "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": "w"}}, "template": {"metadata": {"labels": {"app": "other"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let error = create(cluster, body).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.causes.iter().any(|cause| cause.field.starts_with("spec.template.metadata.labels")), "{error:?}");
    let unnamed = create(cluster, map(&namespace, "Not_A_Name", json!({}))).await.unwrap_err();
    assert_eq!(unnamed.kind, ErrorKind::Invalid);
}
