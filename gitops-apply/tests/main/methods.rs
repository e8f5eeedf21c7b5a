//! How objects are written, by the sync options; rehearsals, dry runs, confirmations and pauses.

use std::task::Poll;

use gitops_apply::Signals;
use gitops_apply::execute::{OutcomePhase, TaskState};
use gitops_apply::plan::{KeptRule, StepAction, WriteMethod};
use gitops_core::annotations::{LAST_APPLIED, SYNC_OPTIONS};
use gitops_core::{Clock as _, Value};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::*;

fn config(name: &str, options: &str, spec: Value) -> Value {
    let metadata = json!({"name": name, "annotations": {SYNC_OPTIONS: options}});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "spec": spec})
}

fn live(cluster: &Fake, name: &str) -> Value {
    let found = cluster.objects().into_iter().find(|object| object.name() == name).unwrap();
    Value::Object(found.body().clone())
}

/// Somebody else sets a field.
fn touch(cluster: &Fake, name: &str) {
    let mut object = live(cluster, name);
    object["spec"]["foreign"] = json!(true);
    cluster.put(object);
}

fn verbs(cluster: &Fake, name: &str) -> Vec<&'static str> {
    cluster.writes().iter().filter(|call| call.id.name == name).map(|call| call.verb).collect()
}

#[test]
fn a_replacement_leaves_nothing_of_others() {
    let cluster = Fake::default();
    must(&cluster, &App::new(vec![config("c", "Replace=true", json!({"a": 1}))]));
    touch(&cluster, "c");
    let done = must(&cluster, &App::new(vec![config("c", "Replace=true", json!({"a": 2}))]));
    assert_eq!(done.plan.steps().map(|step| step.method).collect::<Vec<_>>(), [WriteMethod::Replace]);
    assert_eq!(live(&cluster, "c")["spec"], json!({"a": 2}));
    assert_eq!(verbs(&cluster, "c"), ["create", "update"]);
}

#[test]
fn what_cannot_be_changed_is_created_anew_by_force_only() {
    for (options, verbs_by_force) in
        [("Force=true", ["create", "delete", "create"]), ("Force=true,Replace=true", ["create", "delete", "create"])]
    {
        let cluster = Fake::default();
        must(&cluster, &App::new(vec![config("c", "", json!({"fixed": 1}))]));
        let before = live(&cluster, "c")["metadata"]["uid"].clone();
        let refused = must(&cluster, &App::new(vec![config("c", "", json!({"fixed": 2}))]));
        assert_eq!(refused.outcome.phase, OutcomePhase::Failed);
        assert!(refused.outcome.message.contains("immutable"), "{}", refused.outcome.message);
        assert_eq!(live(&cluster, "c")["metadata"]["uid"], before);

        let forced = must(&cluster, &App::new(vec![config("c", options, json!({"fixed": 2}))]));
        assert_eq!(forced.outcome.phase, OutcomePhase::Succeeded, "{}", forced.outcome.message);
        assert_eq!(live(&cluster, "c")["spec"]["fixed"], 2);
        assert_ne!(live(&cluster, "c")["metadata"]["uid"], before);
        assert_eq!(verbs(&cluster, "c"), verbs_by_force, "{options}");
        let entry = inventory(&cluster).entries.into_values().next().unwrap();
        assert_eq!(json!(entry.uid), live(&cluster, "c")["metadata"]["uid"], "the inventory knows the new object");
    }
}

#[test]
fn a_namespace_is_never_created_anew() {
    let cluster = Fake::default();
    let namespace = |fixed: u32| {
        let metadata = json!({"name": "other", "annotations": {SYNC_OPTIONS: "Replace=true,Force=true"}});
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {"value": fixed}})
    };
    must(&cluster, &App::new(vec![namespace(1)]));
    must(&cluster, &App::new(vec![namespace(2)]));
    assert_eq!(verbs(&cluster, "other"), ["create", "update"]);
}

#[test]
fn client_side_apply_takes_back_what_it_applied_and_leaves_the_rest() {
    let cluster = Fake::default();
    let options = "ServerSideApply=false";
    must(&cluster, &App::new(vec![config("c", options, json!({"a": 1, "b": 1}))]));
    touch(&cluster, "c");
    let applied = live(&cluster, "c")["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap().to_owned();
    assert!(applied.contains("\"b\":1") && !applied.contains(LAST_APPLIED), "{applied}");
    let app = App::new(vec![config("c", options, json!({"a": 1}))]);
    let done = must(&cluster, &app);
    let fields: Vec<_> =
        done.plan.steps().flat_map(|step| &step.change).map(|field| field.path.pointer.as_str()).collect();
    assert_eq!(fields, ["/spec/b"]);
    assert_eq!(live(&cluster, "c")["spec"], json!({"a": 1, "foreign": true}));
    assert!(must(&cluster, &app).plan.is_empty(), "nothing differs after a sync");
    assert_eq!(verbs(&cluster, "c"), ["create", "update"]);
}

#[test]
fn a_rehearsal_that_fails_leaves_everything_as_it_is() {
    let cluster = Fake::default();
    must(&cluster, &App::new(vec![config("b", "", json!({"fixed": 1}))]));
    let written = cluster.writes().len();
    let mut app = App::new(vec![config("a", "", json!({})), config("b", "", json!({"fixed": 2}))]);
    app.settings.rehearse = true;
    let done = must(&cluster, &app);
    assert_eq!(done.outcome.phase, OutcomePhase::Failed);
    assert!(done.outcome.message.contains("dry run"), "{}", done.outcome.message);
    assert!(!cluster.has("a"));
    let after: Vec<_> = cluster.writes().into_iter().skip(written).filter(|call| !call.is_inventory()).collect();
    assert_eq!(after, []);
    assert_eq!(cluster.rehearsed().len(), 2);

    // What may be created anew is no obstacle.
    app.objects = vec![config("a", "", json!({})), config("b", "Force=true", json!({"fixed": 2}))];
    assert_eq!(must(&cluster, &app).outcome.phase, OutcomePhase::Succeeded);
    assert!(cluster.has("a"));
}

#[test]
fn a_dry_run_asks_and_writes_nothing() {
    let cluster = Fake::default();
    must(&cluster, &App::new(vec![config("gone", "", json!({})), config("kept", "", json!({"a": 1}))]));
    let written = cluster.writes().len();
    let objects = vec![config("kept", "", json!({"a": 2})), config("new", "ServerSideApply=false", json!({}))];
    let mut app = App::new(objects);
    app.settings.dry_run = true;
    let done = must(&cluster, &app);
    assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{}", done.outcome.message);
    assert_eq!(cluster.writes().len(), written);
    assert!(cluster.has("gone") && !cluster.has("new"));
    assert_eq!(live(&cluster, "kept")["spec"]["a"], 1);
    let mut told: Vec<_> =
        done.outcome.resources.iter().map(|one| (one.object.id.name.as_str(), one.message.as_str())).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [("gone", "pruned (dry run)"), ("kept", "ConfigMap/kept (dry run)"), ("new", "ConfigMap/new (dry run)")]
    );
    assert_eq!(cluster.rehearsed().len(), 2);
}

/// A sync that would delete `c`, which is marked `Prune=confirm`.
fn to_be_confirmed(cluster: &Fake) -> App {
    must(cluster, &App::new(vec![config("c", "Prune=confirm", json!({})), config("d", "", json!({}))]));
    let mut app = App::new(vec![config("d", "", json!({}))]);
    app.settings.wait = SignedDuration::from_secs(30);
    app
}

#[test]
fn what_is_not_confirmed_is_kept() {
    let cluster = Fake::default();
    let done = must(&cluster, &to_be_confirmed(&cluster));
    assert_eq!(done.plan.kept.iter().map(|kept| kept.rule).collect::<Vec<_>>(), [KeptRule::Unconfirmed]);
    assert!(cluster.has("c"));
}

#[test]
fn a_confirmation_lets_the_deletion_go_on() {
    let cluster = Fake::default();
    let mut app = to_be_confirmed(&cluster);
    app.options.await_confirmation = true;
    // It comes while the deletion is waited for: nothing else lets time pass here.
    let confirmed = std::future::poll_fn(|_| {
        assert!(cluster.has("c"));
        if cluster.now().as_second() >= 5 { Poll::Ready(()) } else { Poll::Pending }
    });
    let done = run(&cluster, async {
        let seen = look(&cluster, &app).await.unwrap();
        let plan = make_plan(&seen, &app).unwrap();
        assert!(plan.steps().all(|step| step.action == StepAction::Prune && step.unconfirmed));
        execute_with(&cluster, seen, plan, Signals { stop: std::future::pending(), confirmed }).await
    });
    let done = done.unwrap();
    assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{}", done.outcome.message);
    assert!(!cluster.has("c") && cluster.has("d"));
}

#[test]
fn a_confirmation_that_never_comes_ends_the_sync_with_its_reason() {
    let cluster = Fake::default();
    let mut app = to_be_confirmed(&cluster);
    app.options.await_confirmation = true;
    let done = must(&cluster, &app);
    assert_eq!(done.outcome.phase, OutcomePhase::Failed);
    let waited = "waiting for pruning confirmation of /ConfigMap/c";
    assert!(done.outcome.message.contains(waited), "{}", done.outcome.message);
    assert!(done.outcome.resources.iter().all(|one| one.state == TaskState::Error));
    assert!(cluster.has("c"));
}

#[test]
fn waves_are_as_far_apart_as_asked() {
    let pause = |seconds: i64| {
        let cluster = Fake::default();
        let wave = |name: &str, wave: &str| {
            let metadata = json!({"name": name, "annotations": {"argocd.argoproj.io/sync-wave": wave}});
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        };
        let mut app = App::new(vec![wave("a", "0"), wave("b", "1"), wave("c", "2")]);
        app.settings.wave_delay = SignedDuration::from_secs(seconds);
        let before = cluster.now();
        assert_eq!(must(&cluster, &app).outcome.phase, OutcomePhase::Succeeded);
        cluster.now().duration_since(before).as_secs()
    };
    assert_eq!(pause(0), 0);
    assert_eq!(pause(2), 4, "not after the last one");
}
