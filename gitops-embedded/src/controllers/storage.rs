//! Claims and volumes.

use gitops_core::Value;
use serde_json::json;

use super::work::{Fate, Work};
use crate::failure::Failure;

/// Claims are bound: first they get a volume's name, then they say so. A failing one loses its volume.
pub(super) fn claim(work: &Work<'_>) -> Result<(), Failure> {
    match work.fate() {
        _ if work.is_deleting() => return Ok(()),
        Fate::Hang => return Ok(()),
        Fate::Fail => return work.report(json!({"phase": "Lost"})),
        Fate::Ready => {}
    }
    if work.text("/spec/volumeName").is_empty() {
        let mut next = work.object.clone();
        if let Some(spec) = next.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("volumeName".to_owned(), Value::from(format!("pvc-{}", work.text("/metadata/uid"))));
        }
        return work.server.rewrite(work.stored, next);
    }
    let part = |pointer: &str| work.object.pointer(pointer).cloned().unwrap_or(Value::Null);
    work.report(json!({
        "phase": "Bound", "accessModes": part("/spec/accessModes"),
        "capacity": {"storage": part("/spec/resources/requests/storage")},
    }))
}

/// Volumes are available, or bound where they name a claim.
pub(super) fn volume(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() || work.fate() != Fate::Ready {
        return Ok(());
    }
    let phase = if work.text("/spec/claimRef/name").is_empty() { "Available" } else { "Bound" };
    work.report(json!({"phase": phase, "lastPhaseTransitionTime": transition(work, phase)}))
}

fn transition(work: &Work<'_>, phase: &str) -> String {
    let held = work.text("/status/lastPhaseTransitionTime");
    if work.text("/status/phase") == phase && !held.is_empty() { held.to_owned() } else { work.now() }
}
