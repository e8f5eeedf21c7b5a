//! Jobs, and Argo's Workflows.

use gitops_core::Object;

use super::Health;
use super::HealthStatus::{Degraded, Healthy, Progressing, Suspended, Unknown};
use super::fields::conditions;

pub(super) fn job(object: &Object) -> Health {
    let (mut ended, mut failed, mut suspended) = (false, false, false);
    let (mut message, mut failure) = ("", "");
    for condition in conditions(object) {
        match condition.kind {
            "Failed" => (ended, failed, failure) = (true, true, condition.message),
            "Complete" => (ended, message) = (true, condition.message),
            "Suspended" => {
                (ended, message) = (true, condition.message);
                suspended |= condition.is_true();
            }
            _ => {}
        }
    }
    match (ended, failed, suspended) {
        (false, _, _) => Health::new(Progressing, message),
        (_, true, _) => Health::new(Degraded, failure),
        (_, _, true) => Health::new(Suspended, message),
        _ => Health::new(Healthy, message),
    }
}

pub(super) fn workflow(object: &Object) -> Health {
    let message = object.text(&["status", "message"]).unwrap_or_default();
    let status = match object.text(&["status", "phase"]).unwrap_or_default() {
        "" | "Pending" | "Running" => Progressing,
        "Succeeded" => Healthy,
        "Failed" | "Error" => Degraded,
        _ => Unknown,
    };
    Health::new(status, message)
}
