//! Rules of built-in kinds: the required and the immutable, and items that repeat.
//!
//! These are the rules that manifests break most; kube-apiserver has many more.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::error::Cause;
use crate::schema::Kind;

/// Fields that cannot change once they are set, by kind.
const IMMUTABLE: &[(&str, &[&str])] = &[
    ("Deployment", &["spec.selector"]),
    ("DaemonSet", &["spec.selector"]),
    ("ReplicaSet", &["spec.selector"]),
    ("Job", &["spec.completions", "spec.selector", "spec.template", "spec.completionMode"]),
    ("RoleBinding", &["roleRef"]),
    ("ClusterRoleBinding", &["roleRef"]),
    ("StorageClass", &["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]),
    ("Secret", &["type"]),
    ("PriorityClass", &["value"]),
];

/// Kinds with a pod template and a selector that must match it.
const TEMPLATED: &[&str] = &["Deployment", "DaemonSet", "ReplicaSet", "StatefulSet"];

fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(object, |value, name| value.get(name)).filter(|value| !value.is_null())
}

pub(super) fn validate(kind: &Kind, new: &Value, live: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let name = kind.kind.as_str();
    if TEMPLATED.contains(&name) {
        selector(new, &mut causes);
    }
    match name {
        "Pod" => pod(new.get("spec"), "spec", &mut causes),
        "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet" | "Job" | "ReplicationController" => {
            pod(at(new, "spec.template.spec"), "spec.template.spec", &mut causes);
        }
        "CronJob" => {
            let path = "spec.jobTemplate.spec.template.spec";
            pod(at(new, path), path, &mut causes);
            if at(new, "spec.schedule").is_none_or(|schedule| schedule == "") {
                causes.push(Cause::required("spec.schedule", ""));
            }
        }
        "Service" => service(new, &mut causes),
        "ConfigMap" => config_map(new, live, &mut causes),
        _ => {}
    }
    if let Some(live) = live {
        for path in IMMUTABLE.iter().filter(|(known, _)| *known == name).flat_map(|(_, paths)| *paths) {
            if at(new, path) != at(live, path) {
                let value = at(new, path).unwrap_or(&Value::Null);
                causes.push(Cause::invalid(*path, value, "field is immutable"));
            }
        }
    }
    causes
}

fn selector(new: &Value, causes: &mut Vec<Cause>) {
    let labels = at(new, "spec.template.metadata.labels");
    match at(new, "spec.selector") {
        None => causes.push(Cause::required("spec.selector", "")),
        Some(selector) => {
            let wanted = selector.get("matchLabels").and_then(Value::as_object);
            let matched = wanted
                .into_iter()
                .flatten()
                .all(|(key, value)| labels.and_then(|labels| labels.get(key)).is_some_and(|label| label == value));
            if !matched {
                let shown = labels.cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
                let detail = "`selector` does not match template `labels`";
                causes.push(Cause::invalid("spec.template.metadata.labels", &shown, detail));
            }
        }
    }
}

fn pod(spec: Option<&Value>, path: &str, causes: &mut Vec<Cause>) {
    let list =
        |name: &str| spec.and_then(|spec| spec.get(name)).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if list("containers").is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let volumes: BTreeSet<&str> = list("volumes").iter().filter_map(|volume| volume.get("name")?.as_str()).collect();
    let mut names = BTreeSet::new();
    for group in ["initContainers", "containers"] {
        for (index, container) in list(group).iter().enumerate() {
            let path = format!("{path}.{group}[{index}]");
            let text = |field: &str| container.get(field).and_then(Value::as_str).unwrap_or_default();
            if text("name").is_empty() {
                causes.push(Cause::required(format!("{path}.name"), ""));
            } else if !names.insert(text("name")) {
                causes.push(Cause::duplicate(format!("{path}.name"), &Value::from(text("name"))));
            }
            if text("image").is_empty() {
                causes.push(Cause::required(format!("{path}.image"), ""));
            }
            let mounts = container.get("volumeMounts").and_then(Value::as_array).into_iter().flatten();
            let mut paths = BTreeSet::new();
            for (index, mount) in mounts.enumerate() {
                let path = format!("{path}.volumeMounts[{index}]");
                let text = |field: &str| mount.get(field).and_then(Value::as_str).unwrap_or_default();
                if !volumes.contains(text("name")) {
                    let message = format!("Not found: {}", crate::value::go_quote(text("name")));
                    causes.push(Cause { field: format!("{path}.name"), reason: "FieldValueNotFound", message });
                }
                if !paths.insert(text("mountPath")) {
                    let value = Value::from(text("mountPath"));
                    causes.push(Cause::invalid(format!("{path}.mountPath"), &value, "must be unique"));
                }
            }
        }
    }
}

fn service(new: &Value, causes: &mut Vec<Cause>) {
    let headless = at(new, "spec.clusterIP").is_some_and(|ip| ip == "None");
    let external = at(new, "spec.type").is_some_and(|kind| kind == "ExternalName");
    let ports = at(new, "spec.ports").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if ports.is_empty() && !headless && !external {
        causes.push(Cause::required("spec.ports", ""));
    }
    let mut names = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        let name = port.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() && ports.len() > 1 {
            causes.push(Cause::required(format!("{path}.name"), ""));
        } else if !name.is_empty() && !names.insert(name) {
            causes.push(Cause::duplicate(format!("{path}.name"), &Value::from(name)));
        }
        let number = port.get("port").and_then(Value::as_i64).unwrap_or(0);
        if !(1..=65535).contains(&number) {
            let detail = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{path}.port"), &Value::from(number), detail));
        }
        let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or_default();
        if !["SCTP", "TCP", "UDP"].contains(&protocol) {
            let known = ["SCTP", "TCP", "UDP"].map(str::to_owned);
            causes.push(Cause::not_supported(format!("{path}.protocol"), &Value::from(protocol), &known));
        }
        if !pairs.insert((number, protocol)) {
            let message =
                format!("Duplicate value: {{\"protocol\":{},\"port\":{number}}}", crate::value::go_quote(protocol));
            causes.push(Cause { field: path, reason: "FieldValueDuplicate", message });
        }
    }
}

fn config_map(new: &Value, live: Option<&Value>, causes: &mut Vec<Cause>) {
    let keys = |field: &str| new.get(field).and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key);
    let text: BTreeSet<&String> = keys("data").collect();
    for key in keys("binaryData").filter(|key| text.contains(key)) {
        let detail = "duplicate of key present in data";
        causes.push(Cause::invalid(format!("binaryData[{key}]"), &Value::from(key.as_str()), detail));
    }
    let Some(live) = live.filter(|live| live.get("immutable") == Some(&Value::Bool(true))) else { return };
    if new.get("immutable") != Some(&Value::Bool(true)) {
        causes.push(Cause::forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for field in ["data", "binaryData"] {
        if new.get(field) != live.get(field) {
            causes.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
}
