//! DaemonSets: one pod, since there is one node.

use gitops_core::Value;
use serde_json::json;

use super::work::{Work, is_ready, template_hash};
use crate::failure::Failure;
use crate::store::Stored;

const REVISION: &str = "controller-revision-hash";

pub(super) fn step(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() {
        return Ok(());
    }
    let hash = template_hash(work.object);
    let pods = work.owned("Pod")?;
    let wanted = usize::from(fits(work));
    let replaces = work.text("/spec/updateStrategy/type") != "OnDelete";
    let (current, old): (Vec<&Stored>, Vec<&Stored>) = pods.iter().partition(|pod| revision_of(pod) == hash);
    if pods.len() < wanted {
        work.create(work.pod("", &[(REVISION, hash.as_str())]), true)?;
    } else if wanted == 0 {
        pods.iter().try_for_each(|pod| work.server.delete_stored(pod))?;
    } else if replaces {
        old.iter().try_for_each(|pod| work.server.delete_stored(pod))?;
    }
    let held = pods.len().min(wanted);
    let ready = pods.iter().filter(|pod| is_ready(&pod.body)).count().min(wanted);
    work.report(json!({
        "observedGeneration": work.number("/metadata/generation", 1),
        "desiredNumberScheduled": wanted, "currentNumberScheduled": held, "numberMisscheduled": 0,
        "updatedNumberScheduled": current.len().min(wanted), "numberReady": ready, "numberAvailable": ready,
        "numberUnavailable": wanted - ready,
    }))
}

/// Whether the one node has the labels that are asked for: it has its own name alone.
fn fits(work: &Work<'_>) -> bool {
    let selector = work.object.pointer("/spec/template/spec/nodeSelector").and_then(Value::as_object);
    selector.into_iter().flatten().all(|(key, value)| match key.as_str() {
        "kubernetes.io/hostname" => value == crate::server::NODE,
        // Which machine it is, is left open.
        "kubernetes.io/os" | "kubernetes.io/arch" => true,
        _ => false,
    })
}

fn revision_of(pod: &Stored) -> &str {
    let labels = pod.body.pointer("/metadata/labels");
    labels.and_then(|labels| labels.get(REVISION)).and_then(Value::as_str).unwrap_or_default()
}
