//! Generated syncs: what is executed is what was planned.

use std::collections::BTreeMap;

use gitops_apply::plan::StepAction;
use gitops_core::ObjectId;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::*;

/// One object in one state of the source, or out of it.
#[derive(Clone, Debug)]
struct Piece {
    kind: usize,
    wave: i64,
    data: u8,
    options: usize,
    role: usize,
}

fn piece() -> impl Strategy<Value = Option<Piece>> {
    let fields = (0usize..4, -2i64..4, 0u8..3, 0usize..6, 0usize..12);
    let some = fields.prop_map(|(kind, wave, data, options, role)| Piece { kind, wave, data, options, role });
    proptest::option::weighted(0.7, some)
}

fn value(name: usize, piece: &Piece, hooks: bool) -> Value {
    let (version, kind) =
        [("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "Secret")][piece.kind];
    let option = ["", "", "", "Prune=false", "PruneLast=true", "Delete=false"][piece.options];
    let mut annotations =
        json!({"argocd.argoproj.io/sync-wave": piece.wave.to_string(), "argocd.argoproj.io/sync-options": option});
    let role = ["PreSync", "PostSync", "SyncFail", "Sync"].get(piece.role).filter(|_| hooks);
    let (version, kind) = match role {
        Some(role) => {
            annotations["argocd.argoproj.io/hook"] = json!(role);
            let policy = ["BeforeHookCreation", "HookSucceeded", "HookFailed"][piece.kind % 3];
            annotations["argocd.argoproj.io/hook-delete-policy"] = json!(policy);
            ("batch/v1", "Job")
        }
        None => (version, kind),
    };
    let name = if role.is_some() { format!("h{name}") } else { format!("n{name}") };
    let mut object =
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "annotations": annotations}});
    match kind {
        "Secret" => object["stringData"] = json!({"password": format!("canary-{}", piece.data)}),
        "ConfigMap" => object["data"] = json!({"a": piece.data.to_string()}),
        "Deployment" => object["spec"] = json!({"replicas": piece.data}),
        _ => object["spec"] = json!({"port": piece.data}),
    }
    object
}

fn app(pieces: &[Option<Piece>]) -> App {
    let present = pieces.iter().enumerate().filter_map(|(name, piece)| Some((name, piece.as_ref()?)));
    App::new(present.map(|(name, piece)| value(name, piece, true)).collect())
}

/// What a plan says that is written, by phase and wave.
fn planned(done: &Done) -> Vec<Vec<(StepAction, ObjectId)>> {
    let failed = done.outcome.phase != gitops_apply::execute::OutcomePhase::Succeeded;
    let phases = done.plan.phases.iter().filter(|phase| phase.phase != gitops_apply::hook::Phase::SyncFail || failed);
    let waves = phases.flat_map(|phase| &phase.waves);
    waves
        .map(|wave| wave.batches.iter().flatten().map(|step| (step.action, step.object.id.clone())).collect())
        .collect()
}

/// Takes the planned writes off the executed ones, wave by wave; what is left are the declared extras.
fn check(done: &Done, calls: Vec<Call>) {
    let mut hooks = BTreeMap::new();
    for step in done.plan.steps().filter(|step| step.action == StepAction::Hook) {
        hooks.insert(step.object.id.clone(), step.hook_deletion.clone());
    }
    let migrates: Vec<_> =
        done.plan.steps().filter(|step| !step.migrates.is_empty()).map(|step| step.object.id.clone()).collect();
    let extra = |call: &Call| {
        call.id.name.starts_with("gitops-inventory-")
            || call.verb == "update" && (migrates.contains(&call.id) || hooks.contains_key(&call.id))
            || call.verb == "delete" && hooks.contains_key(&call.id)
    };
    let mut calls: std::collections::VecDeque<Call> = calls.into_iter().filter(|call| !extra(call)).collect();
    for wave in planned(done) {
        let mut wanted: Vec<(&str, ObjectId)> = Vec::new();
        for (action, id) in wave {
            match action {
                StepAction::Create => wanted.push(("create", id)),
                StepAction::Update => wanted.push(("apply", id)),
                StepAction::Prune => wanted.push(("delete", id)),
                StepAction::Hook => wanted.push(("hook", id)),
            }
        }
        for _ in 0..wanted.len() {
            let call = calls.pop_front().unwrap_or_else(|| panic!("not executed: {wanted:?}"));
            let fits = |(verb, id): &(&str, ObjectId)| {
                *id == call.id && (*verb == call.verb || *verb == "hook" && matches!(call.verb, "create" | "apply"))
            };
            let at = wanted.iter().position(fits).unwrap_or_else(|| panic!("not planned here: {call:?} of {wanted:?}"));
            wanted.remove(at);
        }
    }
    assert!(calls.is_empty(), "not planned: {calls:?}");
}

#[test]
fn executed_writes_are_the_planned_ones() {
    let states = proptest::collection::vec(proptest::collection::vec(piece(), 8), 2..4);
    let foreign = proptest::collection::vec(any::<bool>(), 8);
    let mut runner = TestRunner::new(Config { cases: 1_000, failure_persistence: None, ..Config::default() });
    let result = runner.run(&(states, foreign, any::<bool>()), |(states, foreign, prune)| {
        let cluster = Fake::default();
        for (name, piece) in states[0].iter().enumerate().filter(|(name, _)| foreign[*name]) {
            // An object that somebody else made: it is adopted where the source has it, and left alone where not.
            if let Some(piece) = piece {
                let mut object = value(name, &Piece { data: 9, ..piece.clone() }, false);
                object["metadata"]["namespace"] = json!("shop");
                cluster.put(object);
            }
        }
        for state in &states {
            let mut app = app(state);
            app.options.prune = prune;
            cluster.restart();
            let done = must(&cluster, &app);
            assert_eq!(done.outcome.phase.as_str(), "Succeeded", "{}", done.outcome.message);
            check(&done, cluster.writes());
            let words = format!("{:?} {:?}", done.progress, done.outcome);
            let saved = serde_json::to_string(&done.plan).unwrap();
            for text in [words, saved, gitops_apply::present::dot(&done.plan), gitops_apply::present::html(&done.plan)]
            {
                assert!(!text.contains("canary-") && !text.contains("Y2FuYXJ5"), "{text}");
            }
            cluster.pass(5);
            let again = must(&cluster, &app);
            assert!(again.plan.is_empty(), "{:?}", again.plan);
        }
        for object in cluster.deleted() {
            let mark = object["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"].as_str();
            assert!(mark.is_some_and(|mark| mark.starts_with("web:")), "{object}");
        }
        Ok(())
    });
    result.unwrap();
}
