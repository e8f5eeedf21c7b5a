//! Pods, Services and volume claims.

use gitops_core::{Object, Value};

use super::Health;
use super::HealthStatus::{Degraded, Healthy, Progressing, Unknown};
use super::fields::{condition, list};

pub(super) fn service(object: &Object) -> Health {
    let balanced = object.text(&["spec", "type"]) == Some("LoadBalancer");
    let waits = balanced && list(object, &["status", "loadBalancer", "ingress"]).next().is_none();
    Health::new(if waits { Progressing } else { Healthy }, "")
}

pub(super) fn volume_claim(object: &Object) -> Health {
    let status = match object.text(&["status", "phase"]) {
        Some("Lost") => Degraded,
        Some("Pending") => Progressing,
        Some("Bound") => Healthy,
        _ => Unknown,
    };
    Health::new(status, "")
}

pub(super) fn pod(object: &Object) -> Health {
    let policy = object.text(&["spec", "restartPolicy"]).unwrap_or_default();
    if policy == "Always" {
        let statuses = list(object, &["status", "containerStatuses"]);
        let stuck: Vec<&str> = statuses.filter_map(stuck).collect();
        if !stuck.is_empty() {
            return Health::new(Degraded, stuck.join(", "));
        }
    }
    let message = object.text(&["status", "message"]).unwrap_or_default();
    match object.text(&["status", "phase"]) {
        Some("Pending") => Health::new(Progressing, message),
        Some("Succeeded") => Health::new(Healthy, message),
        Some("Failed") if !message.is_empty() => Health::new(Degraded, message),
        Some("Failed") => Health::new(Degraded, containers(object).find_map(failure).unwrap_or_default()),
        Some("Running") => match policy {
            "Always" if condition(object, "Ready").is_some_and(|ready| ready.is_true()) => {
                Health::new(Healthy, message)
            }
            "Always" if restarted(object) => Health::new(Degraded, message),
            // A Pod that ends by itself is a task, and is not done while it runs.
            "Always" | "OnFailure" | "Never" => Health::new(Progressing, message),
            _ => Health::new(Unknown, message),
        },
        _ => Health::new(Unknown, message),
    }
}

fn containers(object: &Object) -> impl Iterator<Item = &Value> {
    list(object, &["status", "initContainerStatuses"]).chain(list(object, &["status", "containerStatuses"]))
}

/// The message of a container that waits for something that will not come by itself.
fn stuck(container: &Value) -> Option<&str> {
    let waiting = container.get("state")?.get("waiting")?;
    let reason = waiting.get("reason").and_then(Value::as_str).unwrap_or_default();
    let hopeless = reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff");
    hopeless.then(|| waiting.get("message").and_then(Value::as_str).unwrap_or_default())
}

/// Why a container ended badly.
fn failure(container: &Value) -> Option<String> {
    let ended = container.get("state")?.get("terminated")?;
    let text = |field| ended.get(field).and_then(Value::as_str).unwrap_or_default();
    if !text("message").is_empty() {
        return Some(text("message").into());
    }
    if text("reason") == "OOMKilled" {
        return Some("OOMKilled".into());
    }
    let code = ended.get("exitCode").and_then(Value::as_i64).filter(|code| *code != 0)?;
    let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
    Some(format!("container \"{name}\" failed with exit code {code}"))
}

fn restarted(object: &Object) -> bool {
    let mut containers = list(object, &["status", "containerStatuses"]);
    containers.any(|container| container.pointer("/lastState/terminated").is_some_and(Value::is_object))
}
