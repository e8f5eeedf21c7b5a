//! Knative and KServe: many conditions, told together.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Progressing, Suspended};
use super::super::fields::{conditions, integer_at};
use super::{generation, has, raw_conditions, text};

/// The operator's eventing and serving.
pub(super) fn knative(object: &Object) -> Health {
    let kind = object.kind();
    if !has(object, &["status", "conditions"]) {
        return Health::new(Progressing, format!("Waiting for {kind}"));
    }
    let (needed, failing): (&[&str], &[&str]) = match kind {
        "KnativeServing" => (
            &["Ready", "InstallSucceeded", "DependenciesInstalled", "DeploymentsAvailable"],
            &["Ready", "DeploymentsAvailable"],
        ),
        _ => (&["Ready", "InstallSucceeded"], &["Ready"]),
    };
    let (mut held, mut failed, mut message) = (0, 0, String::new());
    for (index, condition) in conditions(object).enumerate() {
        message.push_str(&format!("{}: {} | {}\n", index + 1, condition.kind, condition.status));
        if condition.is_true() {
            held += usize::from(needed.contains(&condition.kind));
        } else {
            let fails = condition.status == "False" && failing.contains(&condition.kind);
            failed += usize::from(fails || condition.status == "Unknown");
        }
    }
    if failed > 0 {
        Health::new(Progressing, message)
    } else if held == needed.len() {
        Health::new(Healthy, format!("{kind} is healthy."))
    } else {
        Health::new(Degraded, message)
    }
}

pub(super) fn knative_service(object: &Object) -> Health {
    if !has(object, &["status", "conditions"]) {
        return Health::new(Progressing, "Waiting for status update.");
    }
    let (mut held, mut failed, mut unknown, mut message) = (0, 0, 0, String::new());
    for condition in conditions(object) {
        match condition.status {
            "True" => held += usize::from(matches!(condition.kind, "ConfigurationsReady" | "RoutesReady" | "Ready")),
            "False" | "Unknown" => {
                failed += usize::from(condition.status == "False");
                unknown += usize::from(condition.status == "Unknown");
                message.push_str(&format!("{} is {}", condition.kind, condition.status));
                if !condition.reason.is_empty() {
                    message.push_str(&format!(", since {}.", condition.reason));
                }
                if !condition.message.is_empty() {
                    message.push_str(&format!(" {}", condition.message));
                }
                message.push('\n');
            }
            _ => {}
        }
    }
    match (held, failed, unknown) {
        (3, 0, 0) => Health::new(Healthy, "Knative Service is healthy."),
        (_, 0, _) => Health::new(Progressing, message),
        _ => Health::new(Degraded, message),
    }
}

pub(super) fn inference_service(object: &Object) -> Health {
    if !has(object, &["status", "conditions"]) {
        return Health::new(Progressing, "Waiting for InferenceService to report status...");
    }
    let (mut progressing, mut degraded, mut message) = (false, false, String::new());
    if has(object, &["status", "modelStatus"]) {
        let transition = object.text(&["status", "modelStatus", "transitionStatus"]).unwrap_or_default();
        if transition != "UpToDate" {
            progressing = transition == "InProgress";
            degraded = !progressing;
            message = format!("0: transitionStatus | {transition}");
        }
    }
    let mut unready = false;
    for (index, condition) in conditions(object).enumerate() {
        if condition.kind == "Stopped" {
            if condition.is_true() {
                return Health::new(Suspended, "InferenceService is Stopped");
            }
            unready |= condition.status == "Unknown";
            continue;
        }
        if condition.is_true() {
            continue;
        }
        unready |= matches!(condition.status, "Unknown" | "False");
        message.push_str(&format!(" | {}: {} | {}", index + 1, condition.kind, condition.status));
        for part in [condition.reason, condition.message] {
            if !part.is_empty() {
                message.push_str(&format!(" | {part}"));
            }
        }
    }
    match (degraded, progressing || unready) {
        (false, false) => Health::new(Healthy, "InferenceService is healthy."),
        (false, true) => Health::new(Progressing, message),
        (true, _) => Health::new(Degraded, message),
    }
}

/// Ready sums the other conditions up; those that do not hold are told.
pub(super) fn llm_inference_service(object: &Object) -> Health {
    const WAITING: &str = "Waiting for LLMInferenceService to report status...";
    if !has(object, &["status", "conditions"]) {
        return Health::new(Progressing, WAITING);
    }
    let ready = raw_conditions(object).filter(|condition| text(condition, "type") == Some("Ready")).last();
    let observed = integer_at(object, &["status", "observedGeneration"]);
    let ready_observed = ready.and_then(|ready| ready.get("observedGeneration")?.as_i64());
    let stale = |observed: Option<i64>| observed.zip(generation(object)).is_some_and(|(one, other)| one != other);
    if stale(observed) || stale(ready_observed) {
        let message = "Waiting for LLMInferenceService reconciliation (generation mismatch)";
        return Health::new(Progressing, message);
    }
    if conditions(object).any(|condition| condition.reason == "Stopped") {
        return Health::new(Suspended, "LLMInferenceService is Stopped");
    }
    let status = match ready.and_then(|ready| text(ready, "status")) {
        Some("True") => return Health::new(Healthy, "LLMInferenceService is healthy."),
        Some("False") => Degraded,
        _ => Progressing,
    };
    let others = raw_conditions(object).filter(|one| text(one, "type") != Some("Ready"));
    let unready: Vec<String> = others.filter(|one| text(one, "status") != Some("True")).map(told).collect();
    let own = ready.and_then(|ready| text(ready, "message")).filter(|message| !message.is_empty());
    let message = match unready.is_empty() {
        true => own.unwrap_or(WAITING).to_owned(),
        false => unready.join("; "),
    };
    Health::new(status, message)
}

fn told(condition: &Value) -> String {
    let field = |name| text(condition, name).unwrap_or_default();
    let mut told = format!("{}: {}", field("type"), field("status"));
    for part in [field("reason"), field("message")] {
        if !part.is_empty() {
            told.push_str(&format!(" | {part}"));
        }
    }
    told
}
