//! Argo Rollouts and Flagger.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{self, Degraded, Healthy, Progressing, Suspended, Unknown};
use super::super::fields::{conditions, integer_at, list};
use super::{generation, has};

const WORKLOAD_GENERATION: &str = "rollout.argoproj.io/workload-generation";

pub(super) fn health(object: &Object) -> Health {
    if !generation_observed(object) || !workload_observed(object) {
        return Health::new(Progressing, "Waiting for rollout spec update to be observed");
    }
    if let Some(phase) = object.text(&["status", "phase"]) {
        let message = object.text(&["status", "message"]).unwrap_or_default();
        return match phase_status(phase) {
            Some(status) => Health::new(status, message),
            None => Health::new(Unknown, "Lua returned an invalid health status"),
        };
    }
    // Controllers before 1.0 give no phase.
    for condition in conditions(object) {
        let aborted = condition.kind == "Progressing"
            && matches!(condition.reason, "RolloutAborted" | "ProgressDeadlineExceeded");
        if condition.kind == "InvalidSpec" || aborted {
            return Health::new(Degraded, condition.message);
        }
    }
    let paused = list(object, &["status", "pauseConditions"]).next().is_some();
    if paused || object.get(&["spec", "paused"]).and_then(Value::as_bool) == Some(true) {
        return Health::new(Suspended, "Rollout is paused");
    }
    let Some(current) = object.get(&["status", "currentPodHash"]).filter(|hash| !hash.is_null()) else {
        return Health::new(Progressing, "Waiting for rollout to finish: status has not been reconciled.");
    };
    match unfinished(object, current) {
        Some(message) => Health::new(Progressing, message),
        None => Health::new(Healthy, ""),
    }
}

fn phase_status(phase: &str) -> Option<HealthStatus> {
    if phase == "Paused" { Some(Suspended) } else { HealthStatus::named(phase) }
}

/// The observed generation is a text; old controllers put a hash there, which says nothing.
fn generation_observed(object: &Object) -> bool {
    if !has(object, &["status"]) {
        return false;
    }
    let observed = match object.get(&["status", "observedGeneration"]) {
        Some(Value::String(text)) => text.trim().parse::<i64>().ok(),
        Some(value) => value.as_i64(),
        None => None,
    };
    observed.is_none_or(|observed| observed >= generation(object).unwrap_or_default())
}

fn workload_observed(object: &Object) -> bool {
    if !has(object, &["spec", "workloadRef"]) || !has(object, &["metadata", "annotations"]) {
        return true;
    }
    let wanted = object.annotation(WORKLOAD_GENERATION).and_then(|text| text.parse::<i64>().ok());
    let observed = match object.get(&["status", "workloadObservedGeneration"]) {
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_i64(),
        None => None,
    };
    wanted == observed
}

fn unfinished(object: &Object, current: &Value) -> Option<&'static str> {
    let status = |field| integer_at(object, &["status", field]).unwrap_or(0);
    let updated = status("updatedReplicas");
    if updated < integer_at(object, &["spec", "replicas"]).unwrap_or(1) {
        return Some("Waiting for roll out to finish: More replicas need to be updated");
    }
    if status("availableReplicas") < updated {
        return Some("Waiting for roll out to finish: updated replicas are still becoming available");
    }
    let stable = object.get(&["status", "stableRS"]).or_else(|| object.get(&["status", "canary", "stableRS"]));
    let unnamed = stable.is_none_or(|stable| stable == "");
    if has(object, &["spec", "strategy", "blueGreen"]) {
        if object.get(&["status", "blueGreen", "activeSelector"]) != Some(current) {
            return Some("active service cutover pending");
        }
        return (!unnamed && stable != Some(current)).then_some("waiting for analysis to complete");
    }
    if has(object, &["spec", "strategy", "canary"]) {
        if status("replicas") > updated {
            return Some("Waiting for roll out to finish: old replicas are pending termination");
        }
        return (unnamed || stable != Some(current)).then_some("Waiting for rollout to finish steps");
    }
    None
}

/// Flagger's canary: its phase, its weight and every condition's message.
pub(super) fn canary(object: &Object) -> Health {
    if !has(object, &["status"]) {
        return Health::new(Unknown, "No status");
    }
    let phase = object.text(&["status", "phase"]).unwrap_or_default();
    let mut parts = vec![phase.to_owned()];
    let weight = object.get(&["status", "canaryWeight"]);
    let number = weight.and_then(|weight| weight.as_f64().or_else(|| weight.as_str()?.parse().ok()));
    if let (Some(weight), Some(number)) = (weight, number)
        && number > 0.0
    {
        let weight = weight.as_str().map_or_else(|| weight.to_string(), str::to_owned);
        parts.push(format!("Canary Weight: {weight} %"));
    }
    parts.extend(conditions(object).map(|condition| condition.message.to_owned()));
    if parts.len() == 1 {
        parts.push(String::new());
    }
    let status = match phase {
        "Failed" => Degraded,
        "Progressing" | "Finalising" | "Promoting" => Progressing,
        "Succeeded" | "Initialized" => Healthy,
        _ => Unknown,
    };
    Health::new(status, parts.join(" --- "))
}
