//! Stores of data.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Progressing, Unknown};
use super::super::fields::{integer_at, list};
use super::{has, text};

pub(super) fn ceph_cluster(object: &Object) -> Health {
    if !has(object, &["status"]) {
        return Health::new(Progressing, "Waiting for status to be reported");
    }
    let mut status = Progressing;
    let mut parts = Vec::new();
    if let Some(health) = object.text(&["status", "ceph", "health"]) {
        status = match health {
            "HEALTH_ERR" | "HEALTH_WARN" => Degraded,
            "HEALTH_OK" => Healthy,
            _ => Progressing,
        };
        let details = object.get(&["status", "ceph", "details"]).and_then(Value::as_object);
        let details: Vec<_> = details.into_iter().flatten().filter_map(|(_, detail)| text(detail, "message")).collect();
        let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
        parts.push(format!("Ceph health is {health}{details}"));
    }
    if let Some(state) = object.text(&["status", "state"]).filter(|_| status == Healthy) {
        parts.push(format!("Ceph cluster state is {state}"));
        status = match state {
            "Created" | "Connected" => Healthy,
            "Error" => Degraded,
            _ => Progressing,
        };
    }
    parts.extend(object.text(&["status", "message"]).map(str::to_owned));
    parts.retain(|part| !part.is_empty());
    Health::new(status, parts.join(" - "))
}

pub(super) fn elasticsearch(object: &Object) -> Health {
    let wanted: i64 = list(object, &["spec", "nodeSets"]).filter_map(|set| set.get("count")?.as_i64()).sum();
    let phase = object.text(&["status", "phase"]);
    let health = object.text(&["status", "health"]);
    match (integer_at(object, &["status", "availableNodes"]), phase, health) {
        (Some(available), ..) if available < wanted => {
            let text =
                format!("The desired amount of availableNodes is {wanted} but the current amount is {available}");
            Health::new(Progressing, text)
        }
        (Some(available), Some(phase), Some(health)) if available == wanted => match (phase, health) {
            ("Ready", "green") => Health::new(Healthy, "Elasticsearch Cluster status is Green"),
            ("Ready", "yellow") => Health::new(Progressing, colored("Yellow")),
            ("Ready", "red") => Health::new(Degraded, colored("Red")),
            ("ApplyingChanges" | "MigratingData", _) => {
                Health::new(Progressing, format!("Elasticsearch phase is {phase}"))
            }
            ("Invalid", _) => Health::new(Degraded, "Elasticsearch phase is Invalid"),
            _ => unknown(),
        },
        _ => unknown(),
    }
}

fn colored(color: &str) -> String {
    format!("Elasticsearch Cluster status is {color}. Check the status of indices, replicas and shards")
}

fn unknown() -> Health {
    let hint = "Ensure your ArgoCD is current and then check for/file a bug report";
    let text = format!("Elasticsearch Cluster status is unknown. {hint}: https://github.com/argoproj/argo-cd/issues");
    Health::new(Unknown, text)
}
