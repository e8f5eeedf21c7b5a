//! Workloads that roll out: healthy when what was asked for is what runs.

use gitops_core::Object;

use super::Health;
use super::HealthStatus::{Degraded, Healthy, Progressing, Suspended};
use super::fields::{condition, integer, integer_at};

fn progressing(message: impl Into<String>) -> Health {
    Health::new(Progressing, message)
}

fn observed(object: &Object) -> bool {
    integer(object, &["metadata", "generation"]) <= integer(object, &["status", "observedGeneration"])
}

pub(super) fn deployment(object: &Object) -> Health {
    if object.get(&["spec", "paused"]).and_then(serde_json::Value::as_bool) == Some(true) {
        return Health::new(Suspended, "Deployment is paused");
    }
    if !observed(object) {
        return progressing(
            "Waiting for rollout to finish: observed deployment generation less than desired generation",
        );
    }
    if condition(object, "Progressing").is_some_and(|one| one.reason == "ProgressDeadlineExceeded") {
        return Health::new(Degraded, format!("Deployment \"{}\" exceeded its progress deadline", object.name()));
    }
    let status = |field| integer(object, &["status", field]);
    let (updated, replicas, available) = (status("updatedReplicas"), status("replicas"), status("availableReplicas"));
    if let Some(wanted) = integer_at(object, &["spec", "replicas"]).filter(|wanted| updated < *wanted) {
        let text = format!("{updated} out of {wanted} new replicas have been updated");
        return progressing(format!("Waiting for rollout to finish: {text}..."));
    }
    if replicas > updated {
        let text = format!("{} old replicas are pending termination", replicas - updated);
        return progressing(format!("Waiting for rollout to finish: {text}..."));
    }
    if available < updated {
        let text = format!("{available} of {updated} updated replicas are available");
        return progressing(format!("Waiting for rollout to finish: {text}..."));
    }
    Health::new(Healthy, "")
}

pub(super) fn replica_set(object: &Object) -> Health {
    if !observed(object) {
        return progressing(
            "Waiting for rollout to finish: observed replica set generation less than desired generation",
        );
    }
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|one| one.is_true()) {
        return Health::new(Degraded, failure.message);
    }
    let available = integer(object, &["status", "availableReplicas"]);
    match integer_at(object, &["spec", "replicas"]).filter(|wanted| available < *wanted) {
        Some(wanted) => {
            let text = format!("{available} out of {wanted} new replicas are available");
            progressing(format!("Waiting for rollout to finish: {text}..."))
        }
        None => Health::new(Healthy, ""),
    }
}

pub(super) fn stateful_set(object: &Object) -> Health {
    if integer(object, &["status", "observedGeneration"]) == 0 || !observed(object) {
        return progressing("Waiting for statefulset spec update to be observed...");
    }
    let status = |field| integer(object, &["status", field]);
    let (ready, updated) = (status("readyReplicas"), status("updatedReplicas"));
    let wanted = integer_at(object, &["spec", "replicas"]);
    if let Some(wanted) = wanted.filter(|wanted| ready < *wanted) {
        return progressing(format!("Waiting for {} pods to be ready...", wanted - ready));
    }
    let strategy = object.text(&["spec", "updateStrategy", "type"]);
    let rolling = object.get(&["spec", "updateStrategy", "rollingUpdate"]).is_some_and(serde_json::Value::is_object);
    if strategy == Some("RollingUpdate") && rolling {
        let partition = integer_at(object, &["spec", "updateStrategy", "rollingUpdate", "partition"]);
        if let (Some(wanted), Some(partition)) = (wanted, partition)
            && updated < wanted - partition
        {
            let text = format!("{updated} out of {} new pods have been updated", wanted - partition);
            return progressing(format!("Waiting for partitioned roll out to finish: {text}..."));
        }
        return Health::new(Healthy, format!("partitioned roll out complete: {updated} new pods have been updated..."));
    }
    if strategy == Some("OnDelete") {
        return Health::new(Healthy, format!("statefulset has {ready} ready pods"));
    }
    let revision = |field| object.text(&["status", field]).unwrap_or_default();
    let (update, current) = (revision("updateRevision"), revision("currentRevision"));
    if update != current {
        let text = format!("waiting for statefulset rolling update to complete {updated} pods at revision {update}");
        return progressing(format!("{text}..."));
    }
    let done = status("currentReplicas");
    Health::new(Healthy, format!("statefulset rolling update complete {done} pods at revision {current}..."))
}

pub(super) fn daemon_set(object: &Object) -> Health {
    if !observed(object) {
        return progressing(
            "Waiting for rollout to finish: observed daemon set generation less than desired generation",
        );
    }
    let status = |field| integer(object, &["status", field]);
    let (updated, wanted) = (status("updatedNumberScheduled"), status("desiredNumberScheduled"));
    if object.text(&["spec", "updateStrategy", "type"]) == Some("OnDelete") {
        return Health::new(Healthy, format!("daemon set {updated} out of {wanted} new pods have been updated"));
    }
    let available = status("numberAvailable");
    let name = object.name();
    if updated < wanted {
        let text = format!("{updated} out of {wanted} new pods have been updated");
        return progressing(format!("Waiting for daemon set \"{name}\" rollout to finish: {text}..."));
    }
    if available < wanted {
        let text = format!("{available} of {wanted} updated pods are available");
        return progressing(format!("Waiting for daemon set \"{name}\" rollout to finish: {text}..."));
    }
    Health::new(Healthy, "")
}
