//! What a sync owes to other applications, other syncs, and plans that have grown old.

use std::collections::BTreeSet;

use gitops_apply::execute::{OutcomePhase, ResourceStatus};
use gitops_apply::plan::{AdoptionPolicy, StepAction};
use gitops_apply::{Inventory, PlanError, Signals};
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

#[test]
fn a_selective_sync_leaves_the_hooks_to_the_next_one() {
    let hook = annotated(
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}, "spec": {"a": 1}}),
        "argocd.argoproj.io/hook",
        "PreSync",
    );
    let cluster = Fake::default();
    let mut part = App::new(vec![config("one"), hook]);
    part.options.only = vec![ObjectId::new("", "ConfigMap", Some("shop"), "one")];
    must(&cluster, &part);
    assert!(cluster.has("one") && !cluster.has("migrate"));
    part.options.only.clear();
    must(&cluster, &part);
    assert!(cluster.has("migrate"));
}

#[test]
fn a_hook_may_run_in_several_phases() {
    let hook = annotated(
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "notify"}, "spec": {"a": 1}}),
        "argocd.argoproj.io/hook",
        "PreSync,PostSync",
    );
    let cluster = Fake::default();
    let app = App::new(vec![config("one"), hook]);
    let done = must(&cluster, &app);
    assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{}", done.outcome.message);
    let mut changed = app;
    changed.objects[0]["data"]["a"] = json!("2");
    let done = must(&cluster, &changed);
    assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{}", done.outcome.message);
}

#[test]
fn a_selected_resource_does_not_need_its_dependency_selected() {
    let dependant = annotated(config("later"), "gitops.engine/depends-on", "ConfigMap/shop/first");
    let cluster = Fake::default();
    let mut app = App::new(vec![config("first"), dependant]);
    app.options.only = vec![ObjectId::new("", "ConfigMap", Some("shop"), "later")];
    assert_eq!(must(&cluster, &app).outcome.phase, OutcomePhase::Succeeded);
}

#[test]
fn adopting_is_said_in_the_plan_or_refused() {
    let cluster = Fake::default();
    let mut theirs = config("theirs");
    theirs["metadata"]["namespace"] = json!("shop");
    cluster.put(theirs);
    let mut app = App::new(vec![config("theirs")]);
    app.options.adoption = AdoptionPolicy::Refuse;
    let seen = run(&cluster, look(&cluster, &app)).unwrap().unwrap();
    assert!(matches!(make_plan(&seen, &app), Err(PlanError::Unowned(id)) if id.name == "theirs"));
    app.options.adoption = AdoptionPolicy::Adopt;
    let done = must(&cluster, &app);
    let step = done.plan.steps().next().unwrap();
    assert!(step.adopts && step.reason.contains("no application owns it"), "{step:?}");
    // Somebody takes the mark away: that is drift of an object of ours, and nothing is adopted.
    let mut bare = config("theirs");
    bare["metadata"]["namespace"] = json!("shop");
    cluster.put(annotated(bare, TRACKING_ID, ""));
    app.options.adoption = AdoptionPolicy::Refuse;
    let done = must(&cluster, &app);
    assert!(!done.plan.steps().next().unwrap().adopts);
}

#[test]
fn deletions_come_first_in_their_wave_and_as_the_policy_says() {
    let cluster = Fake::default();
    must(&cluster, &App::new(vec![config("old")]));
    let mut app = App::new(vec![config("new")]);
    app.options.sync_options.0.push("PrunePropagationPolicy=orphan".into());
    let done = must(&cluster, &app);
    let actions: Vec<StepAction> = done.plan.steps().map(|step| step.action).collect();
    assert_eq!(actions, [StepAction::Prune, StepAction::Create]);
    assert_eq!(done.plan.steps().next().unwrap().propagation, Some(gitops_core::cluster::Propagation::Orphan));
    let budget = done.plan.budget.unwrap();
    assert_eq!((budget.deletions, budget.listed, budget.refused), (1, 1, None));
}

#[test]
fn deletions_that_come_last_come_after_the_hooks_of_the_phase() {
    let hook = annotated(config("hook"), "argocd.argoproj.io/hook", "Sync");
    let hook = annotated(hook, "argocd.argoproj.io/sync-wave", "7");
    let cluster = Fake::default();
    must(&cluster, &App::new(vec![config("old"), hook.clone()]));
    let mut app = App::new(vec![hook]);
    app.options.sync_options.0.push("PruneLast=true".into());
    let done = must(&cluster, &app);
    let actions: Vec<StepAction> = done.plan.steps().map(|step| step.action).collect();
    assert_eq!(actions, [StepAction::Hook, StepAction::Prune]);
}

#[test]
fn a_dependency_that_is_not_written_is_waited_for_too() {
    let workload = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "front"},
        "spec": {"replicas": 2}});
    let dependant = annotated(config("later"), "gitops.engine/depends-on", "apps/Deployment/shop/front");
    let cluster = Fake::default();
    cluster.fail_workload("front");
    must(&cluster, &App::new(vec![workload.clone()]));
    cluster.pass(5);
    let app = App::new(vec![workload, dependant]);
    let done = must(&cluster, &app);
    assert_eq!(done.outcome.phase, OutcomePhase::Failed, "{}", done.outcome.message);
    assert!(!cluster.has("later") && done.outcome.message.contains("depends on"), "{}", done.outcome.message);
}

#[test]
fn hooks_are_deleted_by_how_the_sync_ended() {
    let job = |name: &str, phase: &str, policy: &str| {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"a": 1}});
        let job = annotated(job, "argocd.argoproj.io/hook", phase);
        annotated(job, "argocd.argoproj.io/hook-delete-policy", policy)
    };
    let hooks = |postsync: &str| {
        App::new(vec![
            config("one"),
            job("succeeded", "PreSync", "HookSucceeded"),
            job("failed", "PreSync", "HookFailed"),
            job(postsync, "PostSync", "BeforeHookCreation"),
            job("sorry", "SyncFail", "HookSucceeded"),
        ])
    };
    let cluster = Fake::default();
    must(&cluster, &hooks("after"));
    assert!(!cluster.has("succeeded") && cluster.has("failed") && !cluster.has("sorry"));
    let cluster = Fake::default();
    cluster.fail_workload("after");
    let done = must(&cluster, &hooks("after"));
    assert_eq!(done.outcome.phase, OutcomePhase::Failed);
    assert!(cluster.has("succeeded") && !cluster.has("failed") && cluster.has("sorry"));
}

/// Calls that are made after a look at the cluster.
fn planned(cluster: &Fake, app: &App) -> (Seen, gitops_apply::ApplyPlan, usize) {
    let seen = run(cluster, look(cluster, app)).unwrap().unwrap();
    let plan = make_plan(&seen, app).unwrap();
    let calls = cluster.calls();
    (seen, plan, calls)
}

fn mixed() -> (App, App) {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}, "spec": {"a": 1}});
    let hook = annotated(job, "argocd.argoproj.io/hook", "PreSync");
    let mut changed = config("one");
    changed["data"]["a"] = json!("2");
    let many = (0..20).map(|index| config(&format!("n{index:02}")));
    (App::new(vec![config("one"), config("two")]), App::new([changed, hook].into_iter().chain(many).collect()))
}

#[test]
fn a_call_that_is_never_answered_ends() {
    let (before, after) = mixed();
    let cluster = Fake::default();
    must(&cluster, &before);
    cluster.restart();
    let (seen, plan, first) = planned(&cluster, &after);
    run(&cluster, execute(&cluster, seen, plan)).unwrap();
    for call in first..cluster.calls() {
        let cluster = Fake::default();
        must(&cluster, &before);
        cluster.restart();
        cluster.fault(call, Fault::Hang);
        let (seen, plan, _) = planned(&cluster, &after);
        let done = run(&cluster, execute(&cluster, seen, plan)).unwrap();
        assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{call}: {}", done.outcome.message);
    }
}

#[test]
fn who_is_stopped_from_the_start_writes_nothing() {
    let before = App::new(vec![config("one"), config("two")]);
    let change = |name: &str| {
        let mut changed = config(name);
        changed["data"]["a"] = json!("2");
        changed
    };
    let cluster = Fake::default();
    must(&cluster, &before);
    cluster.restart();
    // The inventory has them already, so the first calls are the writes themselves.
    let (seen, plan, first) = planned(&cluster, &App::new(vec![change("one"), change("two")]));
    let signals = Signals { stop: std::future::ready(()), confirmed: std::future::pending() };
    let done = run(&cluster, execute_with(&cluster, seen, plan, signals)).unwrap();
    let written = cluster.writes_after(first).into_iter().filter(|write| !write.is_inventory());
    assert_eq!(written.map(|write| write.id).collect::<Vec<_>>(), Vec::new());
    assert_eq!((done.outcome.message.as_str(), done.outcome.terminated), ("Operation terminated", true));
}

#[test]
fn nothing_is_written_after_a_termination() {
    let (before, after) = mixed();
    let cluster = Fake::default();
    must(&cluster, &before);
    cluster.restart();
    let (seen, plan, first) = planned(&cluster, &after);
    run(&cluster, execute(&cluster, seen, plan)).unwrap();
    for call in first..cluster.calls() {
        let cluster = Fake::default();
        must(&cluster, &before);
        cluster.restart();
        let (seen, plan, _) = planned(&cluster, &after);
        let done = run(&cluster, execute_until(&cluster, seen, plan, call)).unwrap();
        let deletes_the_hook = |write: &Call| write.verb == "delete" && write.id.name == "migrate";
        let late = cluster.writes_after(call).into_iter();
        let late = late.filter(|write| !write.is_inventory() && !deletes_the_hook(write)).map(|write| write.id);
        let late: BTreeSet<ObjectId> = late.collect();
        // As many objects as may be written at the same time were being written already.
        assert!(late.len() <= 4, "{call}: {late:?}");
        if done.outcome.phase != OutcomePhase::Succeeded {
            assert_eq!(done.outcome.message, "Operation terminated", "{call}");
        }
        cluster.restart();
        let done = must(&cluster, &after);
        assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{call}: {}", done.outcome.message);
        assert_eq!(orphans(&cluster, &after), Vec::new(), "{call}");
    }
}
