//! Operators with statuses of their own making.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Progressing};
use super::super::fields::{conditions, integer_at};
use super::{has, raw_conditions, text};

pub(super) fn spin_app(object: &Object) -> Health {
    if !has(object, &["status"]) {
        return Health::new(Progressing, "Waiting for status to be available");
    }
    let (mut available, mut unavailable, mut progress) = (false, "", None);
    for condition in raw_conditions(object) {
        let message = text(condition, "message");
        let holds = text(condition, "status") == Some("True");
        match text(condition, "type") {
            Some("Progressing") => {
                let words = message.unwrap_or_default().to_lowercase();
                let stuck = text(condition, "reason") == Some("ProgressDeadlineExceeded")
                    || words.contains("timeout")
                    || words.contains("failed");
                if text(condition, "status") == Some("False") && stuck {
                    return Health::new(Degraded, message.unwrap_or("Application deployment has failed"));
                }
                if holds {
                    progress = Some(message.unwrap_or("Application progress status"));
                }
            }
            Some("Available") => {
                available = holds;
                unavailable = message.unwrap_or("Application is not available");
            }
            _ => {}
        }
    }
    let ready = integer_at(object, &["status", "readyReplicas"]).unwrap_or(0);
    let wanted = integer_at(object, &["spec", "replicas"]).unwrap_or(1);
    if !available {
        return Health::new(Degraded, unavailable);
    }
    if ready < wanted {
        return Health::new(Progressing, format!("Waiting for replicas to be ready ({ready}/{wanted})"));
    }
    match progress {
        Some(message) => Health::new(Progressing, message),
        None => Health::new(Healthy, format!("Application is healthy with {ready}/{wanted} replicas ready")),
    }
}

/// Each condition is told, up to the first that fails.
pub(super) fn grafana(object: &Object) -> Health {
    let mut status = Progressing;
    let mut message = String::new();
    for condition in raw_conditions(object) {
        let Some(holds) = text(condition, "status") else { continue };
        if !message.is_empty() {
            message.push_str(", ");
        }
        if let Some(reason) = text(condition, "reason") {
            message.push_str(reason);
            if let Some(kind) = text(condition, "type") {
                message.push_str(&format!(" for {kind}"));
                if let Some(cause) = text(condition, "message") {
                    message.push_str(&format!(" because {cause}"));
                }
            }
        }
        match holds {
            "False" => return Health::new(Degraded, message),
            "True" => status = Healthy,
            _ => {}
        }
    }
    Health::new(status, message)
}

/// The condition that changed first counts; one without a time comes last.
pub(super) fn keycloak(object: &Object) -> Health {
    if !has(object, &["status", "conditions"]) {
        return Health::new(Progressing, "Waiting for Keycloak status conditions to exist");
    }
    let mut sorted: Vec<&Value> = raw_conditions(object).collect();
    sorted.sort_by_key(|condition| {
        let changed = text(condition, "lastTransitionTime");
        (changed.is_none(), changed)
    });
    for condition in sorted.into_iter().filter(|condition| text(condition, "status") == Some("True")) {
        match text(condition, "type") {
            Some("Ready") => return Health::new(Healthy, ""),
            Some("HasErrors") => {
                let cause = text(condition, "message").unwrap_or_default();
                return Health::new(Degraded, format!("Has Errors: {cause}"));
            }
            _ => {}
        }
    }
    Health::new(Progressing, "")
}

/// `status.scale.statusReplicas` is `ready/total`.
pub(super) fn collector(object: &Object) -> Health {
    let mode = object.text(&["spec", "mode"]);
    if !has(object, &["status"]) {
        return Health::new(Progressing, "Waiting for OpenTelemetry Collector status");
    }
    let Some(replicas) = object.text(&["status", "scale", "statusReplicas"]) else {
        return match mode {
            Some("sidecar") => Health::new(Healthy, "Collector is running in sidecar mode"),
            _ => Health::new(Progressing, "Scale status not available"),
        };
    };
    match ratio(replicas) {
        Some((0, 0)) if mode == Some("daemonset") => Health::new(Healthy, "DaemonSet has no eligible nodes (0/0)"),
        Some((0, _)) => Health::new(Degraded, "No replicas are ready"),
        Some((ready, total)) if ready == total => Health::new(Healthy, "All replicas are ready"),
        Some(_) => Health::new(Progressing, "Replicas are starting up"),
        None => Health::new(Progressing, format!("Unable to parse replica status: {replicas}")),
    }
}

/// The first two numbers with a slash between them.
fn ratio(text: &str) -> Option<(u64, u64)> {
    let digit = |letter: char| letter.is_ascii_digit();
    text.match_indices('/').find_map(|(slash, _)| {
        let (before, after) = (text.get(..slash)?, text.get(slash + 1..)?);
        let ready = before.rsplit(|letter| !digit(letter)).next()?;
        let total = after.split(|letter| !digit(letter)).next()?;
        Some((ready.parse().ok()?, total.parse().ok()?))
    })
}

/// The Operator Lifecycle Manager's subscription: its conditions, and the state of its upgrade.
pub(super) fn subscription(object: &Object) -> Health {
    if !has(object, &["status", "conditions"]) {
        return Health::new(Progressing, "An install plan for a subscription is pending installation");
    }
    let manual = waits_for_approval(object);
    let (mut degraded, mut pending, mut message) = (0, 0, String::new());
    for (index, condition) in conditions(object).enumerate() {
        if manual && condition.kind == "InstallPlanPending" {
            continue;
        }
        message.push_str(&format!("{}: {} | {}\n", index + 1, condition.kind, condition.status));
        match condition.kind {
            "InstallPlanPending" if condition.is_true() => pending += 1,
            "InstallPlanMissing" if condition.reason != "ReferencedInstallPlanNotFound" => degraded += 1,
            "CatalogSourcesUnhealthy" | "InstallPlanFailed" | "ResolutionFailed" if condition.is_true() => {
                degraded += 1;
            }
            _ => {}
        }
    }
    match object.text(&["status", "state"]) {
        None => {
            pending += 1;
            message.push_str(".status.state not yet known\n");
        }
        Some("UpgradePending") if manual => message
            .push_str(".status.state is 'UpgradePending' (manual InstallPlan approval pending; treated as healthy)\n"),
        Some(state) => {
            pending += usize::from(matches!(state, "" | "UpgradeAvailable" | "UpgradePending"));
            degraded += usize::from(state == "UpgradeFailed");
            message.push_str(&format!(".status.state is '{state}'\n"));
        }
    }
    let status = match (degraded, pending) {
        (0, 0) => Healthy,
        (0, _) => Progressing,
        _ => Degraded,
    };
    Health::new(status, message)
}

/// An installed operator whose next version waits for somebody's word.
fn waits_for_approval(object: &Object) -> bool {
    object.text(&["spec", "installPlanApproval"]) == Some("Manual")
        && has(object, &["status", "installedCSV"])
        && conditions(object).any(|condition| {
            condition.kind == "InstallPlanPending" && condition.is_true() && condition.reason == "RequiresApproval"
        })
}
