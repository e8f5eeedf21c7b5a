//! What a sync owes to other applications, other syncs, and plans that have grown old.

use gitops_apply::Inventory;
use gitops_apply::execute::{OutcomePhase, ResourceStatus};
use gitops_core::ObjectId;
use gitops_core::annotations::TRACKING_ID;
use serde_json::{Value, json};

use crate::support::*;

fn config(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}})
}

fn annotated(mut object: Value, key: &str, value: &str) -> Value {
    object["metadata"]["annotations"][key] = json!(value);
    object
}

fn large(application: &str, count: usize) -> Inventory {
    let mut inventory = Inventory::new(application);
    for index in 0..count {
        inventory.note(&ObjectId::new("", "ConfigMap", Some("shop"), format!("c{index:05}")).at_version("v1"), None);
    }
    inventory
}

#[test]
fn no_two_applications_share_a_part() {
    let names = |application: &str| large(application, 2_500).part_names();
    let mut all: Vec<String> =
        ["a", "a-1", "a-2", "1-a", "part-1", "a.1", "1.a"].iter().flat_map(|one| names(one)).collect();
    all.sort();
    let before = all.len();
    all.dedup();
    assert_eq!(all.len(), before);
}

#[test]
fn an_object_that_another_application_took_over_is_not_deleted() {
    let cluster = Fake::default();
    must(&cluster, &App::new(vec![config("one"), config("two")]));
    let after = App::new(vec![config("one")]);
    let seen = run(&cluster, look(&cluster, &after)).unwrap().unwrap();
    let plan = make_plan(&seen, &after).unwrap();
    let mut taken = config("two");
    taken["metadata"]["namespace"] = json!("shop");
    cluster.put(annotated(taken, TRACKING_ID, "other:/ConfigMap:shop/two"));
    let done = run(&cluster, execute(&cluster, seen, plan)).unwrap();
    assert!(cluster.has("two"), "{:?}", done.outcome);
    assert!(done.outcome.resources.iter().any(|one| one.status == ResourceStatus::PruneSkipped));
}

#[test]
fn an_object_that_was_protected_after_the_plan_is_not_deleted() {
    let cluster = Fake::default();
    must(&cluster, &App::new(vec![config("one"), config("two")]));
    let after = App::new(vec![config("one")]);
    let seen = run(&cluster, look(&cluster, &after)).unwrap().unwrap();
    let plan = make_plan(&seen, &after).unwrap();
    let mut kept = config("two");
    kept["metadata"]["namespace"] = json!("shop");
    cluster.put(annotated(kept, "argocd.argoproj.io/sync-options", "Prune=false"));
    let done = run(&cluster, execute(&cluster, seen, plan)).unwrap();
    assert!(cluster.has("two"), "{:?}", done.outcome);
}

#[test]
fn two_syncs_at_once_lose_nothing_from_the_inventory() {
    let cluster = Fake::default();
    must(&cluster, &App::new(vec![config("one")]));
    let (left, right) = (App::new(vec![config("one"), config("left")]), App::new(vec![config("one"), config("right")]));
    let seen = run(&cluster, look(&cluster, &left)).unwrap().unwrap();
    let other = run(&cluster, look(&cluster, &right)).unwrap().unwrap();
    let (plan, second) = (make_plan(&seen, &left).unwrap(), make_plan(&other, &right).unwrap());
    assert_eq!(run(&cluster, execute(&cluster, seen, plan)).unwrap().outcome.phase, OutcomePhase::Succeeded);
    let done = run(&cluster, execute(&cluster, other, second)).unwrap();
    assert_eq!(done.outcome.phase, OutcomePhase::Error, "{}", done.outcome.message);
    assert!(!cluster.has("right"));
    let listed = inventory(&cluster);
    assert!(listed.entries.keys().any(|id| id.name == "left"));
    let done = must(&cluster, &right);
    assert_eq!(done.outcome.phase, OutcomePhase::Succeeded);
    assert!(cluster.has("right") && !cluster.has("left"));
}

#[test]
fn what_depends_on_a_failure_is_not_written() {
    let workload = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "front"},
        "spec": {"replicas": 2}});
    let dependant = annotated(config("later"), "gitops.engine/depends-on", "apps/Deployment/shop/front");
    let cluster = Fake::default();
    cluster.fail_workload("front");
    let done = must(&cluster, &App::new(vec![workload, dependant]));
    assert_eq!(done.outcome.phase, OutcomePhase::Failed);
    assert!(!cluster.has("later"), "{:?}", done.outcome);
}
