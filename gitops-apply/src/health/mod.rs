//! Whether an object does what it is there for, by Argo CD 3.6.1's rules: built-in kinds by code, custom kinds by a
//! table of rules, and by code where a rule is more than a decision list.

mod batch;
mod core;
mod extended;
mod fields;
mod kinds;
mod rules;
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

impl HealthStatus {
    const ALL: [Self; 6] =
        [Self::Healthy, Self::Suspended, Self::Progressing, Self::Missing, Self::Degraded, Self::Unknown];

    /// Argo CD's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::Missing => "Missing",
            Self::Degraded => "Degraded",
            Self::Unknown => "Unknown",
        }
    }

    /// What Argo CD's word means; none for any other text.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
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

/// Health checks of a user's own.
pub trait Checks: fmt::Debug + Send + Sync {
    /// How an object is by the check for its kind; none where there is no check.
    fn check(&self, object: &Object) -> Option<Health>;
}

/// How a live object is; none where its kind has no health, which counts as healthy.
pub fn health(object: &Object) -> Option<Health> {
    health_by(object, None)
}

/// How a live object is where users have checks of their own: those come before the engine's, as in Argo CD.
pub fn health_by(object: &Object, checks: Option<&dyn Checks>) -> Option<Health> {
    if let Some(deleted) = deletion(object) {
        return Some(deleted);
    }
    if let Some(checked) = checks.and_then(|checks| checks.check(object)) {
        return Some(checked);
    }
    built_in(object).or_else(|| kinds::health(object)).or_else(|| rules::health(object))
}

/// How a live object is by the rules of Argo CD's sync engine alone, which knows the built-in kinds with a health.
pub fn builtin(object: &Object) -> Option<Health> {
    deletion(object).or_else(|| built_in(object))
}

fn deletion(object: &Object) -> Option<Health> {
    if !object.is_terminating() || has_hook_finalizer(object) {
        return None;
    }
    let message = kinds::deletion(object).unwrap_or_else(|| pending_deletion(object));
    Some(Health::new(HealthStatus::Progressing, message))
}

fn built_in(object: &Object) -> Option<Health> {
    Some(match (object.group(), object.kind()) {
        ("apps", "Deployment") => workloads::deployment(object),
        ("apps", "StatefulSet") => workloads::stateful_set(object),
        ("apps", "DaemonSet") => workloads::daemon_set(object),
        ("apps", "ReplicaSet") => workloads::replica_set(object),
        ("", "Pod") => core::pod(object),
        ("", "Service") => core::service(object),
        ("", "PersistentVolumeClaim") => core::volume_claim(object),
        ("batch", "Job") => batch::job(object),
        ("networking.k8s.io" | "extensions", "Ingress") => extended::ingress(object),
        ("argoproj.io", "Workflow") => batch::workflow(object),
        ("autoscaling", "HorizontalPodAutoscaler") => extended::autoscaler(object),
        ("apiregistration.k8s.io", "APIService") => extended::api_service(object),
        _ => return None,
    })
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
