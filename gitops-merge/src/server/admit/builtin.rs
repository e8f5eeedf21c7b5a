//! Rules of built-in kinds: the required and the immutable, and items that repeat.
//!
//! These are the rules that manifests break most; kube-apiserver has many more.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::error::Cause;
use super::{names, pod, stateful_set};
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
        selector(name, new, &mut causes);
    }
    match name {
        "Pod" => pod::validate(new.get("spec"), "spec", &[], &mut causes),
        "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet" | "ReplicationController" => {
            let claimed = if name == "StatefulSet" { stateful_set::claimed_volumes(new) } else { Vec::new() };
            pod::validate(at(new, "spec.template.spec"), "spec.template.spec", &claimed, &mut causes);
            restart(new, "spec.template.spec.restartPolicy", &["Always"], &mut causes);
            not_negative(new, "spec.replicas", &mut causes);
            match name {
                "Deployment" => strategy(new, &mut causes),
                "StatefulSet" => stateful_set::validate(new, live, &mut causes),
                _ => {}
            }
        }
        "Job" => {
            pod::validate(at(new, "spec.template.spec"), "spec.template.spec", &[], &mut causes);
            restart(new, "spec.template.spec.restartPolicy", &["OnFailure", "Never"], &mut causes);
        }
        "CronJob" => {
            let path = "spec.jobTemplate.spec.template.spec";
            pod::validate(at(new, path), path, &[], &mut causes);
            restart(new, &format!("{path}.restartPolicy"), &["OnFailure", "Never"], &mut causes);
            schedule(new, &mut causes);
        }
        "Service" => service(new, &mut causes),
        "ConfigMap" => config_map(new, live, &mut causes),
        "Secret" => secret(new, live, &mut causes),
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

fn selector(kind: &str, new: &Value, causes: &mut Vec<Cause>) {
    let labels = at(new, "spec.template.metadata.labels");
    let selector = at(new, "spec.selector");
    let part = |name: &str| selector.and_then(|selector| selector.get(name));
    let wanted = part("matchLabels").and_then(Value::as_object);
    let expressions = part("matchExpressions").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let empty = wanted.is_none_or(serde_json::Map::is_empty) && !expressions;
    let mut matched = wanted
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.and_then(|labels| labels.get(key)).is_some_and(|label| label == value));
    match selector {
        None => {
            causes.push(Cause::required("spec.selector", ""));
            matched = false;
        }
        Some(selector) if empty => {
            let detail = format!("empty selector is invalid for {}", kind.to_lowercase());
            causes.push(Cause::invalid("spec.selector", selector, &detail));
        }
        Some(_) => {}
    }
    if !matched {
        let shown = labels.cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let detail = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", &shown, detail));
    }
}

/// A pod template whose pods a controller restarts as it needs.
fn restart(new: &Value, path: &str, allowed: &[&str], causes: &mut Vec<Cause>) {
    let policy = at(new, path).and_then(Value::as_str).unwrap_or_default();
    if policy.is_empty() || allowed.contains(&policy) {
        return;
    }
    if allowed == ["Always"] {
        causes.push(Cause::not_supported(path, &Value::from(policy), &["Always".to_owned()]));
    } else {
        causes.push(Cause::required(path, "valid values: \"OnFailure\", \"Never\""));
    }
}

fn not_negative(new: &Value, path: &str, causes: &mut Vec<Cause>) {
    if let Some(number) = at(new, path).and_then(Value::as_i64).filter(|number| *number < 0) {
        causes.push(Cause::invalid(path, &Value::from(number), "must be greater than or equal to 0"));
    }
}

fn strategy(new: &Value, causes: &mut Vec<Cause>) {
    let kind = at(new, "spec.strategy.type").and_then(Value::as_str).unwrap_or_default();
    let rolling = at(new, "spec.strategy.rollingUpdate");
    if kind == "Recreate" && rolling.is_some() {
        let detail = "may not be specified when strategy `type` is 'Recreate'";
        causes.push(Cause::forbidden("spec.strategy.rollingUpdate", detail));
    } else if !["Recreate", "RollingUpdate"].contains(&kind) {
        // The API server shows its own Go struct here.
        let known = ["Recreate", "RollingUpdate"].map(str::to_owned);
        let shown = format!("{{\"Type\":{},\"RollingUpdate\":null}}", crate::value::go_quote(kind));
        let mut cause = Cause::not_supported("spec.strategy", &Value::Null, &known);
        cause.message = cause.message.replacen("null", &shown, 1);
        causes.push(cause);
    }
}

fn schedule(new: &Value, causes: &mut Vec<Cause>) {
    let schedule = at(new, "spec.schedule").and_then(Value::as_str).unwrap_or_default();
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if schedule.is_empty() {
        causes.push(Cause::required("spec.schedule", ""));
    } else if !schedule.starts_with('@') && fields.len() != 5 {
        let detail = format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" "));
        causes.push(Cause::invalid("spec.schedule", &Value::from(schedule), &detail));
    }
}

fn service(new: &Value, causes: &mut Vec<Cause>) {
    let headless = at(new, "spec.clusterIP").is_some_and(|ip| ip == "None");
    let external = at(new, "spec.type").is_some_and(|kind| kind == "ExternalName");
    let ports = at(new, "spec.ports").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if ports.is_empty() && !headless && !external {
        causes.push(Cause::required("spec.ports", ""));
    }
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    let kind = at(new, "spec.type").and_then(Value::as_str).unwrap_or_default();
    if !kinds.contains(&kind) {
        causes.push(Cause::not_supported("spec.type", &Value::from(kind), &kinds.map(str::to_owned)));
    }
    if external && at(new, "spec.externalName").is_none_or(|name| name == "") {
        causes.push(Cause::required("spec.externalName", ""));
    }
    let mut seen = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        let name = port.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() && ports.len() > 1 {
            causes.push(Cause::required(format!("{path}.name"), ""));
        } else if !name.is_empty() && !seen.insert(name) {
            causes.push(Cause::duplicate(format!("{path}.name"), &Value::from(name)));
        } else if let Some(why) = names::label(name).filter(|_| !name.is_empty()) {
            causes.push(Cause::invalid(format!("{path}.name"), &Value::from(name), why));
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
            let quoted = crate::value::go_quote(protocol);
            let message = format!(
                "Duplicate value: {{\"Name\":\"\",\"Protocol\":{quoted},\"AppProtocol\":null,\"Port\":{number},\
                 \"TargetPort\":0,\"NodePort\":0}}"
            );
            causes.push(Cause { field: path, reason: "FieldValueDuplicate", message });
        }
    }
}

fn config_map(new: &Value, live: Option<&Value>, causes: &mut Vec<Cause>) {
    let keys = |field: &str| new.get(field).and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key);
    let binary: BTreeSet<&String> = keys("binaryData").collect();
    for field in ["data", "binaryData"] {
        for key in keys(field) {
            if let Some(why) = names::config_key(key) {
                causes.push(Cause::invalid(format!("{field}[{key}]"), &Value::from(key.as_str()), why));
            }
        }
    }
    for key in keys("data").filter(|key| binary.contains(key)) {
        let detail = "duplicate of key present in binaryData";
        causes.push(Cause::invalid(format!("data[{key}]"), &Value::from(key.as_str()), detail));
    }
    immutable(new, live, &["data", "binaryData"], causes);
}

/// A ConfigMap or Secret that is marked `immutable` keeps its content and its mark.
fn immutable(new: &Value, live: Option<&Value>, fields: &[&str], causes: &mut Vec<Cause>) {
    let Some(live) = live.filter(|live| live.get("immutable") == Some(&Value::Bool(true))) else { return };
    if new.get("immutable") != Some(&Value::Bool(true)) {
        causes.push(Cause::forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for &field in fields {
        if new.get(field) != live.get(field) {
            causes.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
}

/// Of what is immutable an empty map is not none: the API server compares these fields as Go does, before it forgets the
/// difference.
pub(super) fn emptied(kind: &Kind, live: &Value, sent: &Value) -> Option<Cause> {
    let field = match kind.kind.as_str() {
        "ConfigMap" => "binaryData",
        "Secret" => "data",
        _ => return None,
    };
    let empty = sent.get(field).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty);
    let immutable = live.get("immutable") == Some(&Value::Bool(true));
    let changed = empty && immutable && live.get(field).is_none();
    changed.then(|| Cause::forbidden(field, "field is immutable when `immutable` is set"))
}

fn secret(new: &Value, live: Option<&Value>, causes: &mut Vec<Cause>) {
    let data = new.get("data").and_then(Value::as_object);
    for (key, _) in data.into_iter().flatten() {
        if let Some(why) = names::config_key(key) {
            causes.push(Cause::invalid(format!("data[{key}]"), &Value::from(key.as_str()), why));
        }
    }
    let needed: &[&str] = match new.get("type").and_then(Value::as_str) {
        Some("kubernetes.io/tls") => &["tls.crt", "tls.key"],
        Some("kubernetes.io/dockerconfigjson") => &[".dockerconfigjson"],
        Some("kubernetes.io/ssh-auth") => &["ssh-privatekey"],
        _ => &[],
    };
    for key in needed.iter().filter(|key| data.is_none_or(|data| !data.contains_key(**key))) {
        causes.push(Cause::required(format!("data[{key}]"), ""));
    }
    immutable(new, live, &["data"], causes);
}
