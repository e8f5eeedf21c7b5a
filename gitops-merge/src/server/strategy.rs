//! What the API server's strategies do to an object before it is kept, by kind.

use serde_json::{Value, json};

use super::error::ServerError;
use super::request::Target;
use super::{form, meta, service};
use crate::fields::{Path, Set};
use crate::schema::Kind;

/// Kinds that a PUT creates.
const CREATED_BY_UPDATE: &[&str] = &[
    "Service",
    "Endpoints",
    "Event",
    "LimitRange",
    "Lease",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
];

/// Kinds whose PUT needs a resourceVersion; custom kinds all do.
const CONDITIONAL: &[&str] = &[
    "ClusterTrustBundle",
    "CSIDriver",
    "CSINode",
    "CSIStorageCapacity",
    "CustomResourceDefinition",
    "APIService",
    "Lease",
    "MutatingWebhookConfiguration",
    "PodDisruptionBudget",
    "RuntimeClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

/// Kinds that count generations, with the fields whose change is a new one.
const GENERATIONS: &[(&str, &[&str])] = &[
    ("CronJob", &["spec"]),
    ("CustomResourceDefinition", &["spec"]),
    ("DaemonSet", &["spec"]),
    ("Deployment", &["spec", "metadata.annotations"]),
    ("DeviceClass", &["spec"]),
    ("EndpointSlice", &["addressType", "endpoints", "ports", "metadata.labels"]),
    ("FlowSchema", &["spec"]),
    ("Ingress", &["spec"]),
    ("IngressClass", &["spec"]),
    ("Job", &["spec"]),
    ("MutatingWebhookConfiguration", &["webhooks"]),
    ("NetworkPolicy", &["spec"]),
    ("Pod", &["spec"]),
    ("PodDisruptionBudget", &["spec"]),
    ("PodTemplate", &["template"]),
    ("PriorityClass", &[]),
    ("PriorityLevelConfiguration", &["spec"]),
    ("ReplicaSet", &["spec"]),
    ("ReplicationController", &["spec"]),
    ("ResourceSlice", &["spec"]),
    ("StatefulSet", &["spec"]),
    ("ValidatingAdmissionPolicy", &["spec"]),
    ("ValidatingAdmissionPolicyBinding", &["spec"]),
    ("ValidatingWebhookConfiguration", &["webhooks"]),
];

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

pub(super) fn created_by_update(kind: &Kind) -> bool {
    !kind.is_custom() && CREATED_BY_UPDATE.contains(&kind.kind.as_str())
}

pub(super) fn needs_resource_version(kind: &Kind) -> bool {
    kind.is_custom() || CONDITIONAL.contains(&kind.kind.as_str())
}

/// The fields that a write to a target cannot set.
pub(super) fn reset(kind: &Kind, target: Target) -> Set {
    let paths: Vec<Path> = match target {
        Target::Scale => Vec::new(),
        Target::Object if kind.subresources.status => vec![Path::fields(["status"])],
        Target::Object => Vec::new(),
        Target::Status => {
            let mut paths = vec![Path::fields(["spec"])];
            match (kind.is_custom(), kind.kind.as_str()) {
                (false, "Deployment") => paths.push(Path::fields(["metadata", "labels"])),
                (false, "Pod") => {
                    paths.push(Path::fields(["metadata", "deletionTimestamp"]));
                    paths.push(Path::fields(["metadata", "ownerReferences"]));
                }
                (
                    false,
                    "FlowSchema" | "PriorityLevelConfiguration" | "ValidatingAdmissionPolicy" | "VolumeAttachment",
                ) => paths.push(Path::fields(["metadata"])),
                _ => {}
            }
            paths
        }
    };
    paths.into_iter().collect()
}

fn field<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(object, |value, name| value.get(name))
}

fn copy_field(new: &mut Value, live: &Value, name: &str) {
    let Some(map) = new.as_object_mut() else { return };
    match live.get(name) {
        Some(value) => {
            map.insert(name.to_owned(), value.clone());
        }
        None => {
            map.remove(name);
        }
    }
}

/// Before an object is created.
pub(super) fn create(kind: &Kind, new: &mut Value, uid: &str) -> Result<(), ServerError> {
    if kind.subresources.status {
        copy_field(new, &form::empty(kind)?, "status");
    }
    if kind.is_custom() {
        meta::set(new, "generation", 1);
        return Ok(());
    }
    if GENERATIONS.iter().any(|(name, _)| *name == kind.kind) {
        meta::set(new, "generation", 1);
    } else {
        meta::remove(new, "generation");
    }
    match kind.kind.as_str() {
        "Service" => service::create(new, uid),
        "Namespace" => namespace(new),
        "PersistentVolumeClaim" | "PersistentVolume" => {
            new.as_object_mut().map(|map| map.insert("status".to_owned(), json!({"phase": "Pending"})));
        }
        "Pod" => pod(new),
        "CustomResourceDefinition" => stored_versions(new),
        "Job" => job(new, uid),
        "DaemonSet" => template_generation(new, None),
        _ => {}
    }
    Ok(())
}

/// Before an object is replaced.
pub(super) fn update(kind: &Kind, target: Target, new: &mut Value, live: &Value, uid: &str) {
    meta::copy(new, "generation", live);
    if target == Target::Status {
        return status(kind, new, live);
    }
    if kind.subresources.status {
        copy_field(new, live, "status");
    }
    match (kind.is_custom(), kind.kind.as_str()) {
        (false, "Service") => service::update(new, live, uid),
        (false, "Namespace") => {
            if let (Some(Value::Object(spec)), Some(held)) = (new.get_mut("spec"), field(live, "spec.finalizers")) {
                spec.insert("finalizers".to_owned(), held.clone());
            }
        }
        (false, "DaemonSet") => template_generation(new, Some(live)),
        _ => {}
    }
    if generation_moves(kind, new, live) {
        meta::set(new, "generation", meta::generation(live) + 1);
    }
}

fn generation_moves(kind: &Kind, new: &Value, live: &Value) -> bool {
    if kind.is_custom() {
        let bare = |object: &Value| {
            let mut map = object.as_object().cloned().unwrap_or_default();
            map.remove("metadata");
            map
        };
        return bare(new) != bare(live);
    }
    GENERATIONS
        .iter()
        .find(|(name, _)| *name == kind.kind)
        .is_some_and(|(_, fields)| fields.iter().any(|path| field(new, path) != field(live, path)))
}

/// A write of the status changes the status; what else it may change is metadata of built-in kinds.
fn status(kind: &Kind, new: &mut Value, live: &Value) {
    if kind.is_custom() {
        let (status, managed) = (new.get("status").cloned(), meta::get(new, "managedFields").cloned());
        *new = live.clone();
        match managed {
            Some(managed) => meta::set(new, "managedFields", managed),
            None => meta::remove(new, "managedFields"),
        }
        if let Some(map) = new.as_object_mut() {
            map.remove("status");
            map.extend(status.map(|status| ("status".to_owned(), status)));
        }
        return;
    }
    let others: Vec<String> = [new.as_object(), live.as_object()]
        .into_iter()
        .flatten()
        .flat_map(serde_json::Map::keys)
        .filter(|name| !matches!(name.as_str(), "metadata" | "status"))
        .cloned()
        .collect();
    for name in others {
        copy_field(new, live, &name);
    }
    for path in reset(kind, Target::Status).paths() {
        if let [first, second] = path.elements()
            && first.to_string() == ".metadata"
        {
            meta::copy(new, second.to_string().trim_start_matches('.'), live);
        }
    }
}

fn namespace(new: &mut Value) {
    let Some(map) = new.as_object_mut() else { return };
    map.insert("status".to_owned(), json!({"phase": "Active"}));
    let spec = map.entry("spec").or_insert_with(|| json!({}));
    if let Some(spec) = spec.as_object_mut() {
        let finalizers = spec.entry("finalizers").or_insert_with(|| json!([]));
        if let Some(finalizers) = finalizers.as_array_mut()
            && !finalizers.contains(&Value::from("kubernetes"))
        {
            finalizers.push(Value::from("kubernetes"));
        }
    }
}

fn pod(new: &mut Value) {
    let class = quality(new);
    if let Some(map) = new.as_object_mut() {
        map.insert("status".to_owned(), json!({"phase": "Pending", "qosClass": class}));
    }
}

/// The quality-of-service class of a pod.
fn quality(pod: &Value) -> &'static str {
    let lists = ["/spec/containers", "/spec/initContainers"];
    let containers: Vec<&Value> =
        lists.iter().filter_map(|list| pod.pointer(list)).filter_map(Value::as_array).flatten().collect();
    let part = |container: &Value, name: &str| {
        container.pointer(&format!("/resources/{name}")).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    if containers.iter().all(|container| part(container, "limits").is_empty() && part(container, "requests").is_empty())
    {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|container| {
        let (limits, requests) = (part(container, "limits"), part(container, "requests"));
        ["cpu", "memory"].iter().all(|name| limits.contains_key(*name) && limits.get(*name) == requests.get(*name))
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

/// The version in which objects of a custom kind are stored.
fn stored_versions(new: &mut Value) {
    let versions = field(new, "spec.versions").and_then(Value::as_array).into_iter().flatten();
    let stored = versions.filter(|version| version.get("storage") == Some(&Value::Bool(true)));
    let names: Vec<Value> = stored.filter_map(|version| version.get("name").cloned()).take(1).collect();
    if let Some(status) = new.get_mut("status").and_then(Value::as_object_mut) {
        status.insert("storedVersions".to_owned(), Value::Array(names));
    }
}

/// A Job selects its pods by its own uid, unless it says how.
fn job(new: &mut Value, uid: &str) {
    let name = meta::text(new, "name").to_owned();
    let Some(spec) = new.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if spec.get("manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let labels = spec
        .get_mut("template")
        .and_then(|template| meta::map(template))
        .and_then(|metadata| metadata.entry("labels").or_insert_with(|| json!({})).as_object_mut());
    if let Some(labels) = labels {
        for (label, value) in [
            ("controller-uid", uid),
            ("batch.kubernetes.io/controller-uid", uid),
            ("job-name", &name),
            ("batch.kubernetes.io/job-name", &name),
        ] {
            labels.insert(label.to_owned(), Value::from(value));
        }
    }
    if spec.get("selector").is_none_or(Value::is_null) {
        let selector = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
        spec.insert("selector".to_owned(), selector);
    }
}

/// DaemonSets count the generations of their template in an annotation.
fn template_generation(new: &mut Value, live: Option<&Value>) {
    let count =
        |object: &Value| meta::get(object, "annotations")?.get(TEMPLATE_GENERATION)?.as_str()?.parse::<i64>().ok();
    let held = live.map_or_else(|| count(new), count).unwrap_or(0);
    let moved = live.is_some_and(|live| field(new, "spec.template") != field(live, "spec.template"));
    let next = (held + i64::from(moved)).max(1);
    let annotations =
        meta::map(new).and_then(|metadata| metadata.entry("annotations").or_insert_with(|| json!({})).as_object_mut());
    if let Some(annotations) = annotations {
        annotations.insert(TEMPLATE_GENERATION.to_owned(), Value::from(next.to_string()));
    }
}
