//! The order of a sync's tasks.

use std::collections::BTreeMap;

use gitops_apply::plan::{Live, PlanOptions, PlanRevision, PlanSource, PlanTarget, StepAction, plan};
use gitops_apply::prepare::{Desired, Destination, prepare};
use gitops_apply::{ApplyPlan, Inventory, PlanInput, tracking};
use gitops_core::annotations::TRACKING_ID;
use gitops_core::cluster::{ApiResource, Discovery};
use gitops_core::{GroupVersionKind, Manifest, ObjectId};
use gitops_diff::{DiffContext, ObjectDiff, diff};
use serde_json::{Value, json};

const APPLICATION: &str = "app";

const CLUSTER_WIDE: [&str; 14] = [
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "ClusterRoleList",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "StorageClass",
    "ValidatingWebhookConfiguration",
];

/// The group of the cases' custom kinds, which a cluster serves only once their definition is there.
const CUSTOM_GROUP: &str = "ex.io";

pub(super) fn check(case: &Value) -> Result<(), String> {
    let expected = case.get("expected").ok_or("the case expects nothing")?;
    let planned = plan_of(case);
    if expected.get("valid").and_then(Value::as_bool) != Some(true) {
        return match planned {
            Ok(_) => Err("the tasks are not valid, and were planned".into()),
            Err(_) => Ok(()),
        };
    }
    let mut found = Vec::new();
    for phase in planned?.phases {
        for wave in &phase.waves {
            found.extend(wave.batches.iter().flatten().map(|step| Task {
                phase: phase.phase.to_string(),
                wave: wave.wave,
                prune: step.action == StepAction::Prune,
                hook: step.action == StepAction::Hook,
                group: step.object.id.group.clone(),
                kind: step.object.id.kind.clone(),
                name: step.object.id.name.clone(),
            }));
        }
    }
    let lists = std::iter::once(expected).chain(super::list(expected, "alternatives"));
    let lists: Vec<Vec<Task>> =
        lists.map(|one| in_order(super::list(one, "tasks").map(Task::read).collect())).collect();
    let found = in_order(found);
    match lists.first() {
        Some(first) if !lists.contains(&found) => super::equal(first, &found),
        _ => Ok(()),
    }
}

/// A task as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Task {
    phase: String,
    wave: i64,
    prune: bool,
    hook: bool,
    group: String,
    kind: String,
    name: String,
}

impl Task {
    fn read(value: &Value) -> Self {
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let flag = |field: &str| value.get(field).and_then(Value::as_bool) == Some(true);
        Self {
            phase: text("phase"),
            wave: value.get("wave").and_then(Value::as_i64).unwrap_or_default(),
            prune: flag("prune"),
            hook: flag("hook"),
            group: text("group"),
            kind: text("kind"),
            name: text("name"),
        }
    }
}

/// Of a wave, deletions are made at once and before the writes: among themselves and towards the writes, their place in the
/// list does not count.
fn in_order(mut tasks: Vec<Task>) -> Vec<Task> {
    for wave in tasks.chunk_by_mut(|a, b| (&a.phase, a.wave) == (&b.phase, b.wave)) {
        wave.sort_by(|a, b| {
            b.prune.cmp(&a.prune).then_with(|| if a.prune { a.cmp(b) } else { std::cmp::Ordering::Equal })
        });
    }
    tasks
}

/// Serves every kind of a case but the custom ones.
fn served(case: &Value) -> Discovery {
    let text = |object: &Value, field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let objects = super::list(case, "targets").chain(super::list(case, "live"));
    let kinds =
        objects.map(|object| GroupVersionKind::from_api_version(&text(object, "apiVersion"), text(object, "kind")));
    Discovery::new(kinds.filter(|gvk| gvk.group != CUSTOM_GROUP).map(|gvk| ApiResource {
        plural: gvk.kind.to_lowercase(),
        namespaced: !CLUSTER_WIDE.contains(&gvk.kind.as_str()),
        subresources: Vec::new(),
        gvk,
    }))
}

fn plan_of(case: &Value) -> Result<ApplyPlan, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let flag = |option: &str| case.pointer(&format!("/options/{option}")).and_then(Value::as_bool) == Some(true);
    let namespace = case.get("namespace").and_then(Value::as_str).unwrap_or_default();
    let mut destination = Destination::new(APPLICATION, namespace);
    for option in ["CreateNamespace", "PruneLast"] {
        if flag(option) {
            destination.options.0.push(format!("{option}=true"));
        }
    }
    let mut manifests = Vec::new();
    for target in super::list(case, "targets") {
        manifests.push(Manifest::new(super::object(target)?));
    }
    let desired = prepare(manifests, &destination, &served(case)).map_err(|error| text(&error))?;
    let mut inventory = Inventory::new(APPLICATION);
    let mut found = Vec::new();
    for (index, live) in super::list(case, "live").enumerate() {
        let mut live = super::object(live)?;
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
    let mut options = PlanOptions::default();
    options.prune = true;
    options.sync_options = destination.options.clone();
    options.consent.cluster_kinds = true;
    options.without_hooks = flag("SkipHooks");
    for selected in case.pointer("/options/Resources").and_then(Value::as_array).into_iter().flatten() {
        let (kind, name) =
            selected.as_str().and_then(|text| text.split_once('/')).ok_or("a selection without a kind")?;
        let named = desired.resources.keys().filter(|id| id.kind == kind && id.name == name);
        options.only.extend(named.cloned());
    }
    let diffs = compare(&desired, &live)?;
    let (source, target) = (source(), target(namespace));
    let input = PlanInput {
        source,
        target,
        desired: &desired,
        live: &live,
        diffs: &diffs,
        inventory: &inventory,
        options: &options,
    };
    plan(input).map_err(|error| text(&error))
}

fn compare(desired: &Desired, live: &Live) -> Result<BTreeMap<ObjectId, ObjectDiff>, String> {
    let context = DiffContext::new();
    let one = |(id, one): (&ObjectId, &gitops_apply::prepare::DesiredObject)| {
        let diff = diff(&one.object, live.get(id), &context).map_err(|error| error.to_string())?;
        Ok((id.clone(), diff))
    };
    desired.resources.iter().map(one).collect()
}

fn source() -> PlanSource {
    let revision =
        PlanRevision { repository: "file:///app".into(), revision: "main".into(), commit: "abcdef0123456789".into() };
    PlanSource { revisions: vec![revision], digest: "recorded".into() }
}

fn target(namespace: &str) -> PlanTarget {
    PlanTarget {
        cluster: "cluster".into(),
        application_namespace: "argocd".into(),
        application: APPLICATION.into(),
        owner: APPLICATION.into(),
        namespace: namespace.into(),
    }
}
