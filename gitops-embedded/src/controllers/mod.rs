//! Stand-ins for the workload controllers. Nothing runs: they report what the real ones would after a short while.
//!
//! Each is a level-triggered function of an object and what it owns: it writes one visible change at a time through the
//! same path as clients, and every write has it looked at again one step later, until nothing is to change.

mod conditions;
mod daemon_set;
mod deployment;
mod job;
mod pod;
mod policy;
mod replica_set;
mod service;
mod stateful_set;
mod storage;
mod work;

use crate::failure::Failure;
use crate::server::Server;
use crate::store::Stored;
use work::Work;

type Step = fn(&Work<'_>) -> Result<(), Failure>;

/// The kinds with a stand-in.
const STEPS: &[(&str, &str, Step)] = &[
    ("", "Node", policy::node),
    ("", "PersistentVolume", storage::volume),
    ("", "PersistentVolumeClaim", storage::claim),
    ("", "Pod", pod::step),
    ("", "ReplicationController", replica_set::step),
    ("", "Service", service::balance),
    ("apiregistration.k8s.io", "APIService", policy::api_service),
    ("apps", "DaemonSet", daemon_set::step),
    ("apps", "Deployment", deployment::step),
    ("apps", "ReplicaSet", replica_set::step),
    ("apps", "StatefulSet", stateful_set::step),
    ("autoscaling", "HorizontalPodAutoscaler", policy::autoscaler),
    ("batch", "Job", job::step),
    ("networking.k8s.io", "Ingress", service::admit),
    ("policy", "PodDisruptionBudget", policy::budget),
];

/// Kinds whose stand-in looks at objects that it does not own: the kind that it looks at, and its own.
const OBSERVERS: &[((&str, &str), (&str, &str))] = &[
    (("", "Pod"), ("policy", "PodDisruptionBudget")),
    (("apps", "Deployment"), ("autoscaling", "HorizontalPodAutoscaler")),
    (("apps", "StatefulSet"), ("autoscaling", "HorizontalPodAutoscaler")),
];

/// The kinds that look at objects of this one.
pub(crate) fn observers<'a>(group: &'a str, kind: &'a str) -> impl Iterator<Item = (&'static str, &'static str)> + 'a {
    OBSERVERS.iter().filter(move |(seen, _)| *seen == (group, kind)).map(|(_, observer)| *observer)
}

fn find(group: &str, kind: &str) -> Option<Step> {
    STEPS.iter().find(|(known, name, _)| *name == kind && *known == group).map(|(_, _, step)| *step)
}

/// Whether objects of this kind have a stand-in.
pub(crate) fn has_controller(group: &str, kind: &str) -> bool {
    find(group, kind).is_some()
}

/// Takes one step for an object.
pub(crate) fn step(server: &Server<'_>, stored: &Stored) -> Result<(), Failure> {
    match find(&stored.key.group, &stored.key.kind) {
        Some(step) => step(&Work { server, stored, object: &stored.body }),
        None => Ok(()),
    }
}
