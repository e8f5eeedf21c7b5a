//! The order of tasks, as Argo CD was recorded to order them.

use gitops_apply::plan::{ApplyPlan, Live, StepAction, plan};
use gitops_apply::prepare::{Destination, prepare};
use gitops_apply::tracking;
use gitops_apply::{Inventory, PlanInput};
use gitops_core::annotations::TRACKING_ID;
use gitops_core::cluster::{ApiResource, Discovery};
use gitops_core::{GroupVersionKind, Manifest, Object};
use serde_json::{Value, json};

use crate::support::*;

const CLUSTER_WIDE: [&str; 11] = [
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "Namespace",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "StorageClass",
    "ValidatingWebhookConfiguration",
];

fn list<'a>(case: &'a Value, field: &str) -> Vec<&'a Value> {
    case[field].as_array().into_iter().flatten().collect()
}

/// Serves every kind of a case but the custom ones.
fn served(case: &Value) -> Discovery {
    let objects = list(case, "targets").into_iter().chain(list(case, "live"));
    let kinds = objects.map(|object| {
        GroupVersionKind::from_api_version(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap())
    });
    let kinds = kinds.filter(|gvk| gvk.group != "ex.io");
    Discovery::new(kinds.map(|gvk| ApiResource {
        plural: gvk.kind.to_lowercase(),
        namespaced: !CLUSTER_WIDE.contains(&gvk.kind.as_str()),
        subresources: Vec::new(),
        gvk,
    }))
}

fn object(value: &Value) -> Object {
    let mut value = value.clone();
    if value["metadata"]["name"].is_null() && value["metadata"]["generateName"].is_null() {
        value["metadata"]["name"] = json!("nameless");
    }
    Object::from_value(value).unwrap()
}

fn plan_of(case: &Value) -> Option<ApplyPlan> {
    let discovery = served(case);
    let mut app = App::new(Vec::new());
    app.destination = Destination::new(APPLICATION, case["namespace"].as_str().unwrap());
    for option in ["CreateNamespace", "PruneLast"] {
        if case["options"][option] == true {
            app.destination.options.0.push(format!("{option}=true"));
        }
    }
    app.options.sync_options = app.destination.options.clone();
    app.options.consent.cluster_kinds = true;
    let manifests = list(case, "targets").into_iter().map(|target| Manifest::new(object(target))).collect();
    let desired = prepare(manifests, &app.destination, &discovery).unwrap();
    let mut inventory = Inventory::new(APPLICATION);
    let mut found = Vec::new();
    for (index, live) in list(case, "live").into_iter().enumerate() {
        let mut live = object(live);
        // What is unchanged has no step, and these targets are to have one.
        if desired.resources.contains_key(&live.id()) && desired.created_namespace != Some(live.id()) {
            continue;
        }
        live.edit(|body| body["metadata"]["uid"] = json!(format!("uid-{index}")));
        live.set_annotation(TRACKING_ID, &tracking::mark(APPLICATION, &live.id()));
        inventory.note(&live.reference(), live.uid());
        found.push(live);
    }
    let live = Live::complete(found);
    for selected in list(&case["options"], "Resources") {
        let (kind, name) = selected.as_str().unwrap().split_once('/').unwrap();
        let named = desired.resources.keys().filter(|id| id.kind == kind && id.name == name);
        app.options.only.extend(named.cloned());
    }
    let diffs = compare(&desired, &live);
    let (desired, live, diffs, inventory, options) = (&desired, &live, &diffs, &inventory, &app.options);
    plan(PlanInput { source: source(&[]), target: target(), desired, live, diffs, inventory, options }).ok()
}

/// A task as it is compared. Of a wave, deletions are made at once and before the writes: their order does not count.
type Task = (String, i64, bool, String, String);

fn in_order(tasks: impl Iterator<Item = Task>) -> Vec<Task> {
    let mut tasks: Vec<Task> = tasks.collect();
    for wave in tasks.chunk_by_mut(|a, b| (&a.0, a.1) == (&b.0, b.1)) {
        wave.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| if a.2 { a.cmp(b) } else { std::cmp::Ordering::Equal }));
    }
    tasks
}

#[test]
#[expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "the recorded cases are read from a file")]
fn tasks_are_ordered_as_recorded() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance/argo/sync/order.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        assert!(std::env::var("CI").is_err(), "{path} is missing");
        return println!("skipped: {path} is missing");
    };
    let cases: Value = serde_json::from_str(&text).unwrap();
    let mut failures = Vec::new();
    for case in list(&cases, "cases").into_iter().filter(|case| case["options"]["SkipHooks"] != true) {
        let planned = plan_of(case);
        if planned.is_some() != (case["expected"]["valid"] == true) {
            failures.push(format!("{}: planned: {}", case["id"], planned.is_some()));
        }
        let (Some(planned), true) = (planned, case["expected"]["valid"] == true) else { continue };
        let mut found = Vec::new();
        for phase in &planned.phases {
            for wave in &phase.waves {
                let steps = wave.batches.iter().flatten();
                found.extend(steps.map(|step| {
                    let prunes = step.action == StepAction::Prune;
                    let id = &step.object.id;
                    (phase.phase.to_string(), wave.wave, prunes, id.kind.clone(), id.name.clone())
                }));
            }
        }
        let wanted = list(&case["expected"], "tasks").into_iter().map(|task| {
            let text = |field: &str| task[field].as_str().unwrap_or_default().to_owned();
            (text("phase"), task["wave"].as_i64().unwrap(), task["prune"] == true, text("kind"), text("name"))
        });
        let (found, wanted) = (in_order(found.into_iter()), in_order(wanted));
        if found != wanted {
            failures.push(format!("{}:\n  expected {wanted:?}\n  found    {found:?}", case["id"]));
        }
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}
