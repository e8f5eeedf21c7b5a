//! Rules of pods, wherever their specification stands.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::error::Cause;
use super::{names, probe, resources};

fn list<'a>(value: Option<&'a Value>, name: &str) -> &'a [Value] {
    value.and_then(|value| value.get(name)).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn known(path: String, value: &str, supported: &[&str], causes: &mut Vec<Cause>) {
    if !value.is_empty() && !supported.contains(&value) {
        let supported: Vec<String> = supported.iter().map(|value| (*value).to_owned()).collect();
        causes.push(Cause::not_supported(path, &Value::from(value), &supported));
    }
}

/// `claimed` names volumes that pods get beside those of the specification.
pub(super) fn validate(spec: Option<&Value>, path: &str, claimed: &[&str], causes: &mut Vec<Cause>) {
    if list(spec, "containers").is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let mut volumes = BTreeSet::new();
    for (index, volume) in list(spec, "volumes").iter().enumerate() {
        let path = format!("{path}.volumes[{index}]");
        let name = text(volume, "name");
        if name.is_empty() {
            causes.push(Cause::required(format!("{path}.name"), ""));
        } else if let Some(why) = names::label(name) {
            causes.push(Cause::invalid(format!("{path}.name"), &Value::from(name), why));
        }
        if !volumes.insert(name) {
            causes.push(Cause::duplicate(format!("{path}.name"), &Value::from(name)));
        }
    }
    volumes.extend(claimed);
    let mut names_seen = BTreeSet::new();
    for group in ["initContainers", "containers"] {
        for (index, value) in list(spec, group).iter().enumerate() {
            let path = format!("{path}.{group}[{index}]");
            let name = text(value, "name");
            if name.is_empty() {
                causes.push(Cause::required(format!("{path}.name"), ""));
            } else if let Some(why) = names::label(name) {
                causes.push(Cause::invalid(format!("{path}.name"), &Value::from(name), why));
            } else if !names_seen.insert(name) {
                causes.push(Cause::duplicate(format!("{path}.name"), &Value::from(name)));
            }
            container(value, &path, &volumes, causes);
        }
    }
}

fn container(value: &Value, path: &str, volumes: &BTreeSet<&str>, causes: &mut Vec<Cause>) {
    if text(value, "image").is_empty() {
        causes.push(Cause::required(format!("{path}.image"), ""));
    }
    let policies = ["Always", "IfNotPresent", "Never"];
    known(format!("{path}.imagePullPolicy"), text(value, "imagePullPolicy"), &policies, causes);
    ports(value, path, causes);
    probe::validate(value, path, causes);
    resources::validate(value, path, causes);
    for (index, variable) in list(Some(value), "env").iter().enumerate() {
        let path = format!("{path}.env[{index}]");
        if text(variable, "name").is_empty() {
            causes.push(Cause::required(format!("{path}.name"), ""));
        }
        if variable.get("valueFrom").is_some() && !text(variable, "value").is_empty() {
            let detail = "may not be specified when `value` is not empty";
            causes.push(Cause::invalid(format!("{path}.valueFrom"), &Value::from(""), detail));
        }
    }
    let mut paths = BTreeSet::new();
    for (index, mount) in list(Some(value), "volumeMounts").iter().enumerate() {
        let path = format!("{path}.volumeMounts[{index}]");
        let (name, place) = (text(mount, "name"), text(mount, "mountPath"));
        if name.is_empty() {
            causes.push(Cause::required(format!("{path}.name"), ""));
        } else if !volumes.contains(name) {
            let message = format!("Not found: {}", crate::value::go_quote(name));
            causes.push(Cause { field: format!("{path}.name"), reason: "FieldValueNotFound", message });
        }
        if place.is_empty() {
            causes.push(Cause::required(format!("{path}.mountPath"), ""));
        }
        if !paths.insert(place) {
            causes.push(Cause::invalid(format!("{path}.mountPath"), &Value::from(place), "must be unique"));
        }
    }
}

fn ports(value: &Value, path: &str, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    for (index, port) in list(Some(value), "ports").iter().enumerate() {
        let path = format!("{path}.ports[{index}]");
        let name = text(port, "name");
        if !name.is_empty() && !seen.insert(name) {
            causes.push(Cause::duplicate(format!("{path}.name"), &Value::from(name)));
        }
        match port.get("containerPort").and_then(Value::as_i64).unwrap_or(0) {
            0 => causes.push(Cause::required(format!("{path}.containerPort"), "")),
            number if !(1..=65535).contains(&number) => {
                let detail = "must be between 1 and 65535, inclusive";
                causes.push(Cause::invalid(format!("{path}.containerPort"), &Value::from(number), detail));
            }
            _ => {}
        }
        known(format!("{path}.protocol"), text(port, "protocol"), &["SCTP", "TCP", "UDP"], causes);
    }
}
