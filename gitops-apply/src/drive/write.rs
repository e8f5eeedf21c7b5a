//! Writes: plain, by replacement, by force, as a rehearsal; and the release of hooks.

use gitops_core::annotations::HOOK_FINALIZER;
use gitops_core::cluster::{Cluster, ClusterError, Delete, Deleted, ErrorKind, Precondition, Verb, Write};
use gitops_core::secret::Purpose;
use gitops_core::{Object, ObjectRef, Reveal, Value};
use gitops_diff::FIELD_MANAGER;

/// How often a hook that changes meanwhile is released.
const RELEASES: usize = 5;

/// How an object is written.
pub(super) struct How {
    pub(super) verb: Verb,
    /// Whether an object that is there is deleted and created anew in any case, as `kubectl replace --force` does.
    pub(super) replaces: bool,
    /// Whether it is deleted and created anew where it cannot be changed, as `kubectl apply --force` does.
    pub(super) force: bool,
    /// Whether fields of earlier plain writes are moved first.
    pub(super) migrate: bool,
}

pub(super) async fn write(
    object: &Object,
    how: &How,
    precondition: Precondition,
    cluster: &dyn Cluster,
) -> Result<Object, ClusterError> {
    let uid = match &precondition {
        Precondition::Live { uid, .. } => Some(uid.clone()),
        _ => None,
    };
    if let Some(uid) = uid.as_deref().filter(|_| how.replaces) {
        return anew(object, uid, cluster).await;
    }
    let mut precondition = precondition;
    if how.migrate {
        precondition = migrate_fields(object, precondition, cluster).await?;
    }
    let write = Write::new(object, how.verb, FIELD_MANAGER).when(precondition);
    match (cluster.write(write).await, uid) {
        (Err(error), Some(uid)) if how.force && error.kind == ErrorKind::Invalid => anew(object, &uid, cluster).await,
        (Err(error), Some(_)) if how.force && error.kind == ErrorKind::NotFound => {
            // Deleted in an earlier attempt, whose deletion has ended since.
            create(object, cluster).await
        }
        (result, _) => Ok(result?.object),
    }
}

/// Deletes an object and creates it anew. Where its deletion takes a while, the write is to be made again.
async fn anew(object: &Object, uid: &str, cluster: &dyn Cluster) -> Result<Object, ClusterError> {
    let target = object.reference();
    match cluster.delete(Delete::new(&target, uid)).await {
        Ok(Deleted::Gone) => {}
        Err(error) if error.kind == ErrorKind::NotFound => {}
        Ok(Deleted::Pending(_)) => {
            let words = "it is being deleted, to be created anew";
            return Err(ClusterError::new(ErrorKind::Unavailable, words).about(&target.id));
        }
        Err(error) => return Err(error),
    }
    create(object, cluster).await
}

async fn create(object: &Object, cluster: &dyn Cluster) -> Result<Object, ClusterError> {
    let write = Write::new(object, Verb::Create, FIELD_MANAGER).when(Precondition::Absent);
    Ok(cluster.write(write).await?.object)
}

/// Asks what a write would do. What is not there yet only because this sync has not made it, such as the namespace, says
/// nothing of the object.
pub(super) async fn rehearse(object: &Object, verb: Verb, cluster: &dyn Cluster) -> Result<(), ClusterError> {
    match cluster.write(Write::new(object, verb, FIELD_MANAGER).dry_run()).await {
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::UnknownKind) => Ok(()),
        // A hook of an earlier phase or an earlier sync, which goes before it is created.
        Err(error) if error.kind == ErrorKind::AlreadyExists => Ok(()),
        result => result.map(drop),
    }
}

/// Takes the hook finalizer off a hook. A hook that is gone, or another object of its name, needs no release.
pub(super) async fn release(target: &ObjectRef, uid: &str, cluster: &dyn Cluster) -> Result<(), ClusterError> {
    let mut last = None;
    for _ in 0..RELEASES {
        let Some(live) = cluster.get(target).await?.filter(|live| live.uid() == Some(uid)) else { return Ok(()) };
        let Some(released) = without_finalizer(&live) else { return Ok(()) };
        let resource_version = live.resource_version().map(Into::into);
        let precondition = Precondition::Live { uid: uid.into(), resource_version };
        match cluster.write(Write::new(&released, Verb::Update, FIELD_MANAGER).when(precondition)).await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind == ErrorKind::Conflict => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    last.map_or(Ok(()), Err)
}

/// The object without the hook finalizer; none where it has none.
fn without_finalizer(live: &Object) -> Option<Object> {
    // The object goes back to the cluster that it came from, so its payload is opened for that call.
    let mut value = live.reveal(&Reveal::granted(Purpose::ClusterCall));
    let finalizers = value.pointer_mut("/metadata/finalizers")?.as_array_mut()?;
    let before = finalizers.len();
    finalizers.retain(|one| one != HOOK_FINALIZER);
    if finalizers.len() == before {
        return None;
    }
    Object::from_value(value).ok()
}

/// Fields that this engine owns by a plain create become applied fields, so that the next apply can give them up. The
/// write changes nothing else.
async fn migrate_fields(
    object: &Object,
    precondition: Precondition,
    cluster: &dyn Cluster,
) -> Result<Precondition, ClusterError> {
    let target = object.reference();
    let Some(live) = cluster.get(&target).await? else { return Ok(precondition) };
    if !matches(&precondition, &live) {
        return Err(ClusterError::new(ErrorKind::Conflict, "the object has been modified").about(&target.id));
    }
    // The object goes back to the cluster that it came from, so its payload is opened for that call.
    let mut value = live.reveal(&Reveal::granted(Purpose::ClusterCall));
    let Some(Value::Array(entries)) = value.pointer_mut("/metadata/managedFields") else { return Ok(precondition) };
    let ours = |entry: &Value, operation: &str| {
        entry.get("manager").and_then(Value::as_str) == Some(FIELD_MANAGER)
            && entry.get("operation").and_then(Value::as_str) == Some(operation)
            && entry.get("subresource").is_none()
    };
    if entries.iter().any(|entry| ours(entry, "Apply")) {
        entries.retain(|entry| !ours(entry, "Update"));
    } else {
        for entry in entries.iter_mut().filter(|entry| ours(entry, "Update")) {
            if let Value::Object(entry) = entry {
                entry.insert("operation".into(), "Apply".into());
            }
        }
    }
    let Ok(upgraded) = Object::from_value(value) else { return Ok(precondition) };
    let written = cluster.write(Write::new(&upgraded, Verb::Update, FIELD_MANAGER).when(precondition)).await?.object;
    let uid = written.uid().unwrap_or_default().into();
    Ok(Precondition::Live { uid, resource_version: written.resource_version().map(Into::into) })
}

fn matches(precondition: &Precondition, live: &Object) -> bool {
    match precondition {
        Precondition::Live { uid, resource_version } => {
            let version = resource_version.as_deref();
            live.uid() == Some(uid) && (version.is_none() || version == live.resource_version())
        }
        Precondition::Absent => false,
        Precondition::None => true,
    }
}
