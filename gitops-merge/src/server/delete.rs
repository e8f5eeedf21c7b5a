//! Deleting an object.

use jiff::Timestamp;
use serde_json::Value;

use super::error::ServerError;
use super::meta;
use super::request::{Delete, Deleted, Propagation};
use crate::managed::seconds;
use crate::schema::Kind;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Kinds whose objects are given back when they are deleted.
const GIVEN_BACK: &[&str] = &[
    "CSIDriver",
    "CSINode",
    "DeviceClass",
    "Namespace",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodTemplate",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceQuota",
    "ResourceSlice",
    "Service",
    "ServiceAccount",
    "StorageClass",
    "VolumeAttachment",
    "VolumeAttributesClass",
];

/// Whether the answer to a delete that removes the object is the object itself; for other kinds it is a `v1` Status
/// with `status: Success` and, in its details, name, group, kind (the resource) and uid.
#[must_use]
pub fn answers_with_object(kind: &Kind) -> bool {
    !kind.is_custom() && GIVEN_BACK.contains(&kind.kind.as_str())
}

/// What a delete makes of an object: gone, or marked where finalizers hold it.
///
/// # Errors
/// 404 where there is none, 409 where it has another uid or resourceVersion than asked for.
pub fn delete(
    kind: &Kind,
    live: Option<&Value>,
    name: &str,
    options: &Delete<'_>,
    now: Timestamp,
) -> Result<Deleted, ServerError> {
    let live = live.ok_or_else(|| ServerError::not_found(kind, name))?;
    let checks = [
        ("UID", "uid", options.uid, "deleted and then recreated"),
        ("ResourceVersion", "resourceVersion", options.resource_version, "modified"),
    ];
    for (title, field, wanted, fear) in checks {
        let held = meta::text(live, field);
        if let Some(wanted) = wanted.filter(|wanted| *wanted != held) {
            let why = format!(
                "the {title} in the precondition ({wanted}) does not match the {title} in record ({held}). The object \
                 might have been {fear}"
            );
            return Err(ServerError::conflict(kind, name, &why));
        }
    }
    let mut next = live.clone();
    let mut finalizers: Vec<Value> = meta::finalizers(live).to_vec();
    let wanted = match options.propagation {
        Propagation::Foreground => Some(FOREGROUND),
        Propagation::Orphan => Some(ORPHAN),
        Propagation::Background => None,
    };
    finalizers.retain(|finalizer| wanted == finalizer.as_str() || (finalizer != FOREGROUND && finalizer != ORPHAN));
    if let Some(wanted) = wanted.filter(|wanted| !finalizers.iter().any(|held| held == *wanted)) {
        finalizers.push(Value::from(wanted));
    }
    let held_by_spec = live.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|held| !held.is_empty());
    let is_namespace = kind.kind == "Namespace" && !kind.is_custom() && held_by_spec;
    if finalizers.is_empty() && !is_namespace {
        return Ok(Deleted::Removed(next));
    }
    if !meta::is_deleting(live) {
        meta::set(&mut next, "deletionTimestamp", seconds(now));
        meta::set(&mut next, "deletionGracePeriodSeconds", 0);
        if meta::generation(live) > 0 {
            meta::set(&mut next, "generation", meta::generation(live) + 1);
        }
        if is_namespace {
            meta::remove(&mut next, "deletionGracePeriodSeconds");
            if let Some(status) = next.get_mut("status").and_then(Value::as_object_mut) {
                status.insert("phase".to_owned(), Value::from("Terminating"));
            }
        }
    }
    if finalizers.is_empty() {
        meta::remove(&mut next, "finalizers");
    } else {
        meta::set(&mut next, "finalizers", finalizers);
    }
    Ok(if next == *live { Deleted::Waiting(next) } else { Deleted::Marked(next) })
}
