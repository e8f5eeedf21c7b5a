//! A process that is killed at any call, and calls that fail.

use gitops_apply::execute::OutcomePhase;
use serde_json::{Value, json};

use crate::support::*;

fn object(kind: &str, name: &str, wave: i64) -> Value {
    let annotations = json!({"argocd.argoproj.io/sync-wave": wave.to_string()});
    let metadata = json!({"name": name, "annotations": annotations});
    let version = match kind {
        "Deployment" => "apps/v1",
        "Job" => "batch/v1",
        _ => "v1",
    };
    let mut object = json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {"replicas": 2}});
    if kind == "ConfigMap" {
        object.as_object_mut().unwrap().remove("spec");
        object["data"] = json!({"a": "1"});
    }
    object
}

fn hook(name: &str, phase: &str, policy: &str) -> Value {
    let mut job = object("Job", name, 0);
    job["metadata"]["annotations"]["argocd.argoproj.io/hook"] = json!(phase);
    job["metadata"]["annotations"]["argocd.argoproj.io/hook-delete-policy"] = json!(policy);
    job
}

fn foreign(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": {"f": "1"}})
}

/// A cluster on which `before` was synced, and a stranger's object lies.
fn prepared(before: &App) -> Fake {
    let cluster = Fake::default();
    cluster.put(foreign("stranger"));
    cluster.put(foreign("adopted"));
    assert_eq!(must(&cluster, before).outcome.phase, OutcomePhase::Succeeded);
    cluster.pass(5);
    cluster.restart();
    cluster
}

fn cases() -> Vec<(&'static str, App, App)> {
    let mut finalized = object("ConfigMap", "slow", 0);
    finalized["metadata"]["finalizers"] = json!(["example.com/wait"]);
    let before = vec![object("ConfigMap", "config", 0), object("ConfigMap", "old", 0), finalized];
    let mut changed = object("ConfigMap", "config", 0);
    changed["data"]["a"] = json!("2");
    let three = vec![object("ConfigMap", "adopted", 0), changed.clone()];
    let larger = vec![
        changed,
        object("Deployment", "front", 0),
        object("Deployment", "back", 1),
        object("ConfigMap", "adopted", 2),
        hook("migrate", "PreSync", "HookSucceeded"),
        hook("test", "PostSync", "BeforeHookCreation"),
        hook("sorry", "SyncFail", "BeforeHookCreation"),
        hook("during", "Sync", "HookFailed"),
    ];
    vec![
        ("three calls", App::new(before.clone()), App::new(three)),
        ("everything new", App::new(Vec::new()), App::new(larger.clone())),
        ("larger", App::new(before), App::new(larger.clone())),
        ("everything pruned", App::new(larger), App::new(Vec::new())),
    ]
}

/// After the next whole sync everything is as it should be, whatever happened before.
fn converges(what: &str, cluster: &Fake, app: &App) {
    cluster.restart();
    let done = must(cluster, app);
    assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{what}: {:?}", done.outcome);
    assert_eq!(orphans(cluster, app), Vec::new(), "{what}");
    for object in cluster.deleted() {
        let mark = object["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"].as_str();
        assert!(mark.is_some_and(|mark| mark.starts_with("web:")), "{what}: a foreign deletion: {object}");
    }
    assert!(cluster.has("stranger"), "{what}");
    cluster.pass(5);
    let again = must(cluster, app);
    assert!(again.plan.is_empty(), "{what}: {:?}", again.plan);
}

#[test]
fn killed_at_every_call() {
    for (name, before, after) in cases() {
        let counted = prepared(&before);
        must(&counted, &after);
        let calls = counted.calls();
        println!("{name}: {calls} calls");
        for call in 0..calls {
            for fault in [Fault::DieBefore, Fault::DieAfter] {
                let cluster = prepared(&before);
                cluster.fault(call, fault);
                assert!(run(&cluster, sync(&cluster, &after)).is_none(), "{name} {call} {fault:?}");
                converges(&format!("{name}, {fault:?} at call {call}"), &cluster, &after);
            }
        }
    }
}

#[test]
fn killed_twice() {
    let (_, before, after) = cases().remove(2);
    let counted = prepared(&before);
    must(&counted, &after);
    let calls = counted.calls();
    for first in (0..calls).step_by(3) {
        for second in (0..calls).step_by(2) {
            let cluster = prepared(&before);
            cluster.fault(first, Fault::DieAfter);
            assert!(run(&cluster, sync(&cluster, &after)).is_none());
            cluster.restart();
            cluster.fault(second, Fault::DieAfter);
            run(&cluster, sync(&cluster, &after));
            converges(&format!("killed at {first} and {second}"), &cluster, &after);
        }
    }
}

#[test]
fn every_call_may_fail_once() {
    for (name, before, after) in cases() {
        let counted = prepared(&before);
        must(&counted, &after);
        for call in 0..counted.calls() {
            for fault in [Fault::Refuse, Fault::LoseAnswer, Fault::Forbid] {
                let cluster = prepared(&before);
                cluster.fault(call, fault);
                let _ = run(&cluster, sync(&cluster, &after)).unwrap();
                converges(&format!("{name}, {fault:?} at call {call}"), &cluster, &after);
            }
        }
    }
}

/// A write whose answer was lost is not a failure.
#[test]
fn passing_failures_of_writes_are_retried() {
    let (_, before, after) = cases().remove(2);
    let counted = prepared(&before);
    let seen = run(&counted, look(&counted, &after)).unwrap().ok().unwrap();
    let looked = counted.calls();
    let plan = make_plan(&seen, &after).unwrap();
    run(&counted, execute(&counted, seen, plan)).unwrap();
    for call in looked..counted.calls() {
        for fault in [Fault::Refuse, Fault::LoseAnswer] {
            let cluster = prepared(&before);
            cluster.fault(call, fault);
            let done = run(&cluster, sync(&cluster, &after)).unwrap().unwrap();
            assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{fault:?} at {call}: {}", done.outcome.message);
        }
    }
}

#[test]
fn a_failed_workload_stops_later_waves_and_runs_sync_fail() {
    let (_, _, after) = cases().remove(1);
    let cluster = Fake::default();
    cluster.fail_workload("front");
    let done = must(&cluster, &after);
    assert_eq!(done.outcome.phase, OutcomePhase::Failed);
    assert!(cluster.has("sorry") && !cluster.has("back") && !cluster.has("test"));
    cluster.heal_workload("front");
    cluster.remove("front");
    let done = must(&cluster, &after);
    assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{}", done.outcome.message);
    assert!(cluster.has("back") && cluster.has("test") && !cluster.has("migrate"));
}

#[test]
fn a_hanging_workload_comes_to_its_deadline() {
    let (_, _, after) = cases().remove(1);
    for name in ["migrate", "front", "test"] {
        let cluster = Fake::default();
        cluster.hang_workload(name);
        let done = must(&cluster, &after);
        assert_eq!(done.outcome.phase, OutcomePhase::Failed, "{name}");
        assert!(done.outcome.message.contains(name), "{}", done.outcome.message);
        assert!(cluster.has("sorry"));
    }
}
