//! ReplicaSets and ReplicationControllers: so many pods of a template.

use gitops_core::Value;
use serde_json::json;

use super::work::{MAX_PODS, Work, is_ready};
use crate::failure::Failure;
use crate::server::text;
use crate::store::Stored;

pub(super) fn step(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() {
        return Ok(());
    }
    let wanted = work.number("/spec/replicas", 1);
    let shown = wanted.min(MAX_PODS);
    let mut pods = work.owned("Pod")?;
    pods.retain(|pod| !is_over(pod));
    let held = pods.len() as i64;
    for _ in held..shown {
        work.create(work.pod("", &[]), true)?;
    }
    if held > shown {
        // Who is not ready goes first, then who came last.
        pods.sort_by_key(|pod| (!is_ready(&pod.body), pod.id));
        for pod in pods.split_off(usize::try_from(shown).unwrap_or(0)) {
            work.server.delete_stored(&pod)?;
        }
    }
    let count = |pods: i64| if pods == shown { wanted } else { pods };
    let ready = count(pods.iter().filter(|pod| is_ready(&pod.body)).count() as i64);
    let replicas = count(pods.len() as i64);
    work.report(json!({
        "observedGeneration": work.number("/metadata/generation", 1),
        "replicas": replicas, "fullyLabeledReplicas": replicas, "readyReplicas": ready, "availableReplicas": ready,
    }))
}

/// Whether a pod has ended.
pub(super) fn is_over(pod: &Stored) -> bool {
    matches!(text(&pod.body, "/status/phase"), "Succeeded" | "Failed")
        || pod.body.get("status").is_none_or(Value::is_null)
}
