//! Deployments: a ReplicaSet for each template; the new one grows first, then the old ones shrink.

use gitops_core::Value;
use serde_json::json;

use super::conditions::{Condition, Holds};
use super::work::{Fate, Work, number, template_hash};
use crate::failure::Failure;
use crate::store::Stored;

const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

pub(super) fn step(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() {
        return Ok(());
    }
    let wanted = work.number("/spec/replicas", 1);
    let hash = template_hash(work.object);
    let sets = work.owned("ReplicaSet")?;
    let (mut new, mut old): (Vec<&Stored>, Vec<&Stored>) = sets.iter().partition(|set| hash_of(&set.body) == hash);
    let new = new.pop();
    let paused = work.object.pointer("/spec/paused") == Some(&Value::Bool(true));
    let revision = sets.iter().map(|set| revision(&set.body)).max().unwrap_or(0);
    let mut next = work.object.clone();
    if !paused {
        let revision = roll(work, wanted, (&hash, revision), new, &old)?;
        annotate(&mut next, revision);
        old.sort_by_key(|set| revision_of(set));
        let kept = usize::try_from(work.number("/spec/revisionHistoryLimit", 10)).unwrap_or(0);
        let surplus = old.len().saturating_sub(kept);
        for set in old.iter().take(surplus).filter(|set| number(&set.body, "/status/replicas", 0) == 0) {
            work.server.delete_stored(set)?;
        }
    }
    if let Some(next) = next.as_object_mut() {
        next.insert("status".to_owned(), status(work, wanted, paused, new, &sets));
    }
    work.send_status(&next)
}

fn revision_of(set: &Stored) -> i64 {
    revision(&set.body)
}

/// Creates and scales ReplicaSets; returns the revision of the new one.
fn roll(
    work: &Work<'_>,
    wanted: i64,
    (hash, revision): (&str, i64),
    new: Option<&Stored>,
    old: &[&Stored],
) -> Result<i64, Failure> {
    let replicas = |set: &Stored| number(&set.body, "/spec/replicas", 0);
    let shrink = || {
        old.iter()
            .filter(|set| replicas(set) > 0)
            .try_for_each(|set| work.patch(set, &json!({"spec": {"replicas": 0}})))
    };
    if work.text("/spec/strategy/type") == "Recreate" && old.iter().any(|set| replicas(set) > 0) {
        return shrink().map(|()| revision);
    }
    let Some(new) = new else {
        work.create(replica_set(work, wanted, hash, revision + 1), true)?;
        return Ok(revision + 1);
    };
    let newest = if revision_of(new) == revision { revision } else { revision + 1 };
    let mut metadata = json!({"annotations": annotations(work, newest)});
    if let (Some(held), Some(next)) = (
        new.body.pointer("/metadata/annotations").and_then(Value::as_object),
        metadata.get_mut("annotations").and_then(Value::as_object_mut),
    ) {
        for gone in held.keys().filter(|key| !next.contains_key(*key)).cloned().collect::<Vec<_>>() {
            next.insert(gone, Value::Null);
        }
    }
    let same = new.body.pointer("/metadata/annotations") == metadata.get("annotations") && replicas(new) == wanted;
    if !same {
        work.patch(new, &json!({"metadata": metadata, "spec": {"replicas": wanted}}))?;
    }
    if replicas(new) == wanted && number(&new.body, "/status/availableReplicas", 0) >= wanted {
        shrink()?;
    }
    Ok(newest)
}

/// The revision on the Deployment, where `kubectl rollout` and Argo CD look for it. As by the real controller it is
/// written with the status, which makes no new generation.
fn annotate(deployment: &mut Value, revision: i64) {
    let Some(metadata) = deployment.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(REVISION.to_owned(), Value::from(revision.to_string()));
    }
}

/// A Deployment's annotations are its ReplicaSet's too, but for what `kubectl apply` keeps.
fn annotations(work: &Work<'_>, revision: i64) -> Value {
    let mut out = work.object.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({}));
    if let Some(map) = out.as_object_mut() {
        map.remove(gitops_core::annotations::LAST_APPLIED);
        map.insert(REVISION.to_owned(), Value::from(revision.to_string()));
    }
    out
}

fn replica_set(work: &Work<'_>, replicas: i64, hash: &str, revision: i64) -> Value {
    let mut template = work.object.pointer("/spec/template").cloned().unwrap_or_else(|| json!({}));
    let mut selector = work.object.pointer("/spec/selector").cloned().unwrap_or_else(|| json!({}));
    for (place, field) in [(&mut template, "/metadata/labels"), (&mut selector, "/matchLabels")] {
        if let Some(labels) = place.pointer_mut(field).and_then(Value::as_object_mut) {
            labels.insert(HASH.to_owned(), Value::from(hash));
        }
    }
    let labels = template.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", work.text("/metadata/name")),
            "labels": labels, "annotations": annotations(work, revision),
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    })
}

fn hash_of(set: &Value) -> &str {
    set.pointer("/metadata/labels").and_then(|labels| labels.get(HASH)).and_then(Value::as_str).unwrap_or_default()
}

fn revision(set: &Value) -> i64 {
    let held = set.pointer("/metadata/annotations").and_then(|annotations| annotations.get(REVISION));
    held.and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn status(work: &Work<'_>, wanted: i64, paused: bool, new: Option<&Stored>, sets: &[Stored]) -> Value {
    let sum = |field: &str| sets.iter().map(|set| number(&set.body, field, 0)).sum::<i64>();
    let updated = new.map_or(0, |set| number(&set.body, "/status/replicas", 0));
    let (replicas, available) = (sum("/status/replicas"), sum("/status/availableReplicas"));
    let new_available = new.map_or(0, |set| number(&set.body, "/status/availableReplicas", 0));
    let complete = new_available >= wanted && replicas == updated && updated == wanted && new.is_some();
    let name = new.map_or("", |set| set.key.name.as_str());
    let progressing = progress(work, paused, complete, updated == wanted, name);
    let enough = available >= wanted - unavailable(work, wanted);
    let availability = if enough {
        Condition::new("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        let message = "Deployment does not have minimum availability.";
        Condition::new("Available", false, "MinimumReplicasUnavailable", message)
    };
    let now = work.now();
    let write = |condition: Condition<'_>| condition.write(work.object, &now, Some("lastUpdateTime"));
    let progressing = write(Condition::new("Progressing", progressing.0, progressing.1, &progressing.2));
    json!({
        "observedGeneration": work.number("/metadata/generation", 1),
        "replicas": replicas, "updatedReplicas": updated, "readyReplicas": sum("/status/readyReplicas"),
        "availableReplicas": available, "unavailableReplicas": (replicas.max(wanted) - available).max(0),
        "conditions": [write(availability), progressing],
    })
}

fn progress(work: &Work<'_>, paused: bool, complete: bool, started: bool, name: &str) -> (Holds, &'static str, String) {
    let set = |what: &str| format!("ReplicaSet {name:?} {what}");
    if paused {
        return (Holds::Unknown, "DeploymentPaused", "Deployment is paused".to_owned());
    }
    if complete {
        return (Holds::Yes, "NewReplicaSetAvailable", set("has successfully progressed."));
    }
    if work.fate() == Fate::Fail && started {
        return (Holds::No, "ProgressDeadlineExceeded", set("has timed out progressing."));
    }
    (Holds::Yes, "ReplicaSetUpdated", set("is progressing."))
}

/// How many replicas may be missing.
fn unavailable(work: &Work<'_>, wanted: i64) -> i64 {
    match work.object.pointer("/spec/strategy/rollingUpdate/maxUnavailable") {
        Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
        Some(Value::String(percent)) => {
            percent.trim_end_matches('%').parse::<i64>().map_or(0, |percent| wanted.saturating_mul(percent) / 100)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_one_hash() {
        let of =
            |image: &str| template_hash(&json!({"spec": {"template": {"spec": {"containers": [{"image": image}]}}}}));
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
    }
}
