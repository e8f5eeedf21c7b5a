//! Whether an object does what it is there for, by Argo CD's rules for built-in kinds.

mod batch;
mod core;
mod extended;
mod fields;
mod workloads;

use std::fmt;

use gitops_core::Object;
use serde::{Deserialize, Serialize};

/// How an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HealthStatus {
    /// It does what it is there for.
    Healthy,
    /// It was paused by somebody.
    Suspended,
    /// It is getting there.
    Progressing,
    /// It is not there.
    Missing,
    /// It failed, or cannot get there.
    Degraded,
    /// It cannot be told.
    Unknown,
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Healthy => "Healthy",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::Missing => "Missing",
            Self::Degraded => "Degraded",
            Self::Unknown => "Unknown",
        })
    }
}

/// How an object is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// How.
    pub status: HealthStatus,
    /// Argo CD's words for it; may be empty.
    pub message: String,
}

impl Health {
    pub(crate) fn new(status: HealthStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// How a live object is; none where its kind has no health, which counts as healthy.
pub fn health(object: &Object) -> Option<Health> {
    if object.is_terminating() && !has_hook_finalizer(object) {
        return Some(Health::new(HealthStatus::Progressing, pending_deletion(object)));
    }
    match (object.group(), object.kind()) {
        ("apps", "Deployment") => Some(workloads::deployment(object)),
        ("apps", "StatefulSet") => Some(workloads::stateful_set(object)),
        ("apps", "DaemonSet") => Some(workloads::daemon_set(object)),
        ("apps", "ReplicaSet") => Some(workloads::replica_set(object)),
        ("", "Pod") => Some(core::pod(object)),
        ("", "Service") => Some(core::service(object)),
        ("", "PersistentVolumeClaim") => Some(core::volume_claim(object)),
        ("batch", "Job") => Some(batch::job(object)),
        ("networking.k8s.io" | "extensions", "Ingress") => Some(extended::ingress(object)),
        ("argoproj.io", "Workflow") => Some(batch::workflow(object)),
        ("autoscaling", "HorizontalPodAutoscaler") => Some(extended::autoscaler(object)),
        ("apiregistration.k8s.io", "APIService") => Some(extended::api_service(object)),
        _ => None,
    }
}

fn pending_deletion(object: &Object) -> String {
    let finalizers: Vec<_> = fields::list(object, &["metadata", "finalizers"]).filter_map(|one| one.as_str()).collect();
    match finalizers.is_empty() {
        true => "Pending deletion".into(),
        false => format!("Pending deletion; blocked by finalizers: {}", finalizers.join(", ")),
    }
}

/// A finished hook waits for its finalizer; how it ended still counts.
fn has_hook_finalizer(object: &Object) -> bool {
    fields::list(object, &["metadata", "finalizers"]).any(|one| one == gitops_core::annotations::HOOK_FINALIZER)
}

/// The worst of several healths, as Argo CD sums up an application: Healthy, Suspended, Progressing, Missing, Degraded,
/// Unknown in that order.
pub fn worst(all: impl IntoIterator<Item = HealthStatus>) -> HealthStatus {
    all.into_iter().max().unwrap_or(HealthStatus::Healthy)
}

#[cfg(test)]
mod tests;
