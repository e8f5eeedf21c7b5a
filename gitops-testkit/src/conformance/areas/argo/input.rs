//! What a case of a sync gives to the planner: objects, cluster, inventory and options.

use std::collections::BTreeMap;

use gitops_apply::plan::{Live, PlanError, PlanOptions, PlanRevision, PlanSource, PlanTarget, plan};
use gitops_apply::prepare::{Desired, Destination, prepare};
use gitops_apply::tracking::Tracking;
use gitops_apply::{ApplyPlan, Inventory, PlanInput, hook};
use gitops_core::cluster::{ApiResource, Discovery};
use gitops_core::{GroupVersionKind, Manifest, Object, ObjectId};
use gitops_diff::{DiffContext, DiffKind, ObjectDiff, diff};
use serde_json::Value;

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

/// Everything that a plan is made from.
pub(super) struct Input {
    pub(super) namespace: String,
    pub(super) desired: Desired,
    pub(super) live: Live,
    pub(super) inventory: Inventory,
    pub(super) options: PlanOptions,
    diffs: BTreeMap<ObjectId, ObjectDiff>,
}

impl Input {
    /// The input of a case whose cluster has these objects.
    pub(super) fn of(case: &Value, live: Vec<Object>) -> Result<Self, String> {
        let namespace = case.get("namespace").and_then(Value::as_str).unwrap_or_default();
        let mut destination = Destination::new(APPLICATION, namespace);
        destination.options.0 = sync_options(case);
        let mut manifests = Vec::new();
        for target in super::list(case, "targets") {
            manifests.push(Manifest::new(super::object(target)?));
        }
        let desired = prepare(manifests, &destination, &served(case)).map_err(|error| error.to_string())?;
        let mut inventory = Inventory::new(APPLICATION);
        let mut found = Vec::new();
        for mut live in live {
            if !desired.resources.contains_key(&live.id()) && hook::role(&live) == hook::Role::Resource {
                Tracking::default().mark(&mut live, APPLICATION, namespace);
                inventory.note(&live.reference(), live.uid());
            }
            found.push(live);
        }
        let live = Live::complete(found);
        let mut diffs = compare(&desired, &live)?;
        if flag(case, "ApplyOutOfSyncOnly") {
            let named = case.pointer("/options/NotModified").and_then(Value::as_array).into_iter().flatten();
            let named: Vec<&str> = named.filter_map(Value::as_str).collect();
            let same = |id: &ObjectId| named.contains(&format!("{}/{}", id.kind, id.name).as_str());
            for (_, diff) in diffs.iter_mut().filter(|(id, _)| same(id) && live.get(id).is_some()) {
                diff.fields.clear();
                diff.kind = DiffKind::Same;
            }
        }
        let options = options(case, &desired, &inventory, &destination)?;
        Ok(Self { namespace: namespace.into(), desired, live, inventory, options, diffs })
    }

    pub(super) fn plan(&self) -> Result<ApplyPlan, PlanError> {
        plan(PlanInput {
            source: source(),
            target: target(&self.namespace),
            desired: &self.desired,
            live: &self.live,
            diffs: &self.diffs,
            inventory: &self.inventory,
            options: &self.options,
        })
    }
}

pub(super) fn flag(case: &Value, option: &str) -> bool {
    case.pointer(&format!("/options/{option}")).and_then(Value::as_bool) == Some(true)
}

/// The case's options as an application has them: each flag and each word by its name.
fn sync_options(case: &Value) -> Vec<String> {
    let options = case.get("options").and_then(Value::as_object).into_iter().flatten();
    let word = |(name, value): (&String, &Value)| match (name.as_str(), value) {
        ("DefaultPruneOption", Value::String(value)) => Some(format!("Prune={value}")),
        ("Prune" | "DryRun" | "SkipHooks" | "Force", _) => None,
        (name, Value::Bool(value)) => Some(format!("{name}={value}")),
        (name, Value::String(value)) => Some(format!("{name}={}", value.to_lowercase())),
        _ => None,
    };
    options.filter_map(word).collect()
}

fn options(
    case: &Value,
    desired: &Desired,
    inventory: &Inventory,
    destination: &Destination,
) -> Result<PlanOptions, String> {
    let mut options = PlanOptions::default();
    options.prune = flag(case, "Prune");
    options.force = flag(case, "Force");
    options.sync_options = destination.options.clone();
    options.consent.cluster_kinds = true;
    options.await_confirmation = true;
    options.without_hooks = flag(case, "SkipHooks");
    for selected in case.pointer("/options/Resources").and_then(Value::as_array).into_iter().flatten() {
        let (kind, name) =
            selected.as_str().and_then(|text| text.split_once('/')).ok_or("a selection without a kind")?;
        let known = desired.resources.keys().chain(inventory.entries.keys());
        let named = known.filter(|id| id.kind == kind && id.name == name);
        options.only.extend(named.cloned());
    }
    Ok(options)
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
        ..PlanTarget::default()
    }
}
