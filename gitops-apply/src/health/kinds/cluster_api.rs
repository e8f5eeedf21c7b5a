//! Cluster API.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Progressing};
use super::super::fields::{conditions, integer_at};
use super::{generation, has, raw_conditions, text};

pub(super) fn machine_pool(object: &Object) -> Health {
    let phase = object.text(&["status", "phase"]);
    let status = match phase {
        Some("Running" | "Scaling") => Healthy,
        Some("Failed" | "Unknown") => Degraded,
        _ => Progressing,
    };
    let mut message = phase.map(|phase| format!("MachinePool is {phase}")).unwrap_or_default();
    let failing = raw_conditions(object).filter(|condition| text(condition, "status") == Some("False"));
    let failing: Vec<String> = failing
        .filter_map(|condition| {
            let reason = text(condition, "reason").map(|reason| format!(" ({reason})"));
            Some(format!("Not {}{}", text(condition, "type")?, reason.unwrap_or_default()))
        })
        .collect();
    if !failing.is_empty() {
        message = format!("{message}: {}", failing.join(", "));
    }
    Health::new(status, message)
}

pub(super) fn aws_control_plane(object: &Object) -> Health {
    if !has(object, &["status"]) {
        return Health::new(Progressing, "Provisioning...");
    }
    let observed = integer_at(object, &["status", "observedGeneration"]);
    if observed.zip(generation(object)).is_some_and(|(observed, wanted)| observed != wanted) {
        return Health::new(Progressing, "Waiting for the control plane spec to be reconciled");
    }
    if let Some(failure) = object.text(&["status", "failureMessage"]).filter(|failure| !failure.is_empty()) {
        return Health::new(Degraded, failure);
    }
    if !has(object, &["status", "conditions"]) {
        return Health::new(Progressing, "Provisioning...");
    }
    if conditions(object).any(|condition| condition.kind == "EKSControlPlaneUpdating" && condition.is_true()) {
        return Health::new(Progressing, "EKS control plane is updating");
    }
    if conditions(object).any(|condition| condition.kind == "Ready" && condition.is_true()) {
        return Health::new(Healthy, "Control plane is ready");
    }
    let failed = raw_conditions(object)
        .filter(|condition| text(condition, "status") == Some("False") && text(condition, "severity") == Some("Error"));
    let failures: Vec<String> =
        failed.map(|condition| format!("{} ", text(condition, "message").unwrap_or_default())).collect();
    if !failures.is_empty() {
        return Health::new(Degraded, failures.concat());
    }
    if object.get(&["status", "ready"]).and_then(Value::as_bool) == Some(false) {
        return Health::new(Progressing, "Control plane is not ready (.status.ready is false)");
    }
    Health::new(Progressing, "Control plane is not ready")
}
