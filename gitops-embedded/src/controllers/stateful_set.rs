//! StatefulSets: pods with numbers and claims, one after the other; on a change replaced from the last one down.

use gitops_core::Value;
use serde_json::json;

use super::work::{MAX_PODS, Work, is_ready, template_hash};
use crate::failure::Failure;
use crate::server::text;
use crate::store::{Key, Stored};

const REVISION: &str = "controller-revision-hash";

pub(super) fn step(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() {
        return Ok(());
    }
    let wanted = work.number("/spec/replicas", 1);
    let shown = wanted.min(MAX_PODS);
    let start = work.number("/spec/ordinals/start", 0);
    let revision = format!("{}-{}", work.text("/metadata/name"), template_hash(work.object));
    let mut pods = work.owned("Pod")?;
    pods.sort_by_key(|pod| ordinal(&pod.key.name));
    let parallel = work.text("/spec/podManagementPolicy") == "Parallel";
    let number_of = |pod: &Stored| ordinal(&pod.key.name).unwrap_or(0);
    let outside = |pod: &&Stored| number_of(pod) < start || number_of(pod) >= start + shown;
    let surplus: Vec<&Stored> = pods.iter().rev().filter(outside).collect();
    let settled = pods.iter().all(|pod| is_ready(&pod.body));
    let missing = (start..start + shown).find(|number| !pods.iter().any(|pod| number_of(pod) == *number));
    match missing {
        Some(_) if parallel => {
            for number in (start..start + shown).filter(|number| !pods.iter().any(|pod| number_of(pod) == *number)) {
                create(work, number, &revision)?;
            }
        }
        Some(number) if settled => create(work, number, &revision)?,
        _ if surplus.is_empty() => replace(work, &pods, &revision, settled)?,
        _ => {
            let at_once = if parallel { surplus.len() } else { 1 };
            surplus.iter().take(at_once).try_for_each(|pod| work.server.delete_stored(pod))?;
        }
    }
    report(work, &pods, wanted, &revision)
}

fn create(work: &Work<'_>, number: i64, revision: &str) -> Result<(), Failure> {
    let set = work.text("/metadata/name");
    let name = format!("{set}-{number}");
    let templates = work.object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
    for template in templates.into_iter().flatten() {
        let claim = format!("{}-{name}", text(template, "/metadata/name"));
        let key = Key::new("", "PersistentVolumeClaim", &work.stored.key.namespace, &claim);
        if work.server.session.get(&key)?.is_none() {
            let labels = work.object.pointer("/spec/selector/matchLabels").cloned().unwrap_or_else(|| json!({}));
            let spec = template.get("spec").cloned().unwrap_or_else(|| json!({}));
            let body = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                              "metadata": {"name": claim, "labels": labels}, "spec": spec});
            work.create(body, false)?;
        }
    }
    let index = number.to_string();
    let labels = [
        ("apps.kubernetes.io/pod-index", index.as_str()),
        ("statefulset.kubernetes.io/pod-name", name.as_str()),
        (REVISION, revision),
    ];
    let key = Key::new("", "Pod", &work.stored.key.namespace, &name);
    // A stranger's pod of that name, or one that is on its way out, is waited for.
    if work.server.session.get(&key)?.is_some() {
        return work.server.session.due_by(work.stored.id, work.server.moment() + work.server.step);
    }
    work.create(work.pod(&name, &labels), true)
}

/// Deletes the last pod of an older template, where all others are ready.
fn replace(work: &Work<'_>, pods: &[Stored], revision: &str, settled: bool) -> Result<(), Failure> {
    if work.text("/spec/updateStrategy/type") == "OnDelete" {
        return Ok(());
    }
    let first = work.number("/spec/updateStrategy/rollingUpdate/partition", 0);
    let old = |pod: &&Stored| revision_of(pod) != revision && ordinal(&pod.key.name).unwrap_or(0) >= first;
    let last = pods.iter().rev().find(old);
    // One that is not ready goes in any case, or a broken template could not be mended.
    match last.filter(|pod| settled || !is_ready(&pod.body)) {
        Some(pod) => work.server.delete_stored(pod),
        None => Ok(()),
    }
}

fn report(work: &Work<'_>, pods: &[Stored], wanted: i64, revision: &str) -> Result<(), Failure> {
    let shown = wanted.min(MAX_PODS);
    let count = |keep: &dyn Fn(&Stored) -> bool| {
        let count = pods.iter().filter(|pod| keep(pod)).count() as i64;
        if count == shown { wanted } else { count }
    };
    let ready = count(&|pod| is_ready(&pod.body));
    let updated = count(&|pod| revision_of(pod) == revision);
    let replicas = count(&|_| true);
    let held = work.text("/status/currentRevision");
    let complete = updated == wanted && replicas == wanted && ready == wanted;
    let current = if complete || held.is_empty() { revision } else { held };
    work.report(json!({
        "observedGeneration": work.number("/metadata/generation", 1), "collisionCount": 0,
        "replicas": replicas, "readyReplicas": ready, "availableReplicas": ready,
        "currentReplicas": count(&|pod| revision_of(pod) == current), "updatedReplicas": updated,
        "currentRevision": current, "updateRevision": revision,
    }))
}

fn revision_of(pod: &Stored) -> &str {
    let labels = pod.body.pointer("/metadata/labels");
    labels.and_then(|labels| labels.get(REVISION)).and_then(Value::as_str).unwrap_or_default()
}

fn ordinal(name: &str) -> Option<i64> {
    name.rsplit_once('-')?.1.parse().ok()
}
