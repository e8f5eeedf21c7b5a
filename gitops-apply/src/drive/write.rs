//! Writes: plain, by replacement, by force, as a rehearsal; and the release of hooks.

use gitops_core::annotations::HOOK_FINALIZER;
use gitops_core::cluster::{Cluster, ClusterError, Delete, Deleted, ErrorKind, Precondition, Trouble, Verb, Write};
use gitops_core::secret::Purpose;
use gitops_core::{Object, ObjectRef, Reveal};
use gitops_diff::{FIELD_MANAGER, Kinds, client_side};

use super::migrate::migrate_fields;
use crate::plan::WriteMethod;

/// How often a hook that changes meanwhile is released.
const RELEASES: usize = 5;

/// How an object is written.
pub(super) struct How<'a> {
    pub(super) verb: Verb,
    pub(super) method: WriteMethod,
    /// Whether it is deleted and created anew where it cannot be changed, as `kubectl apply --force` does; one that is replaced is
    /// in any case, as by `kubectl replace --force`.
    pub(super) force: bool,
    /// Managers whose fields are moved first.
    pub(super) migrate: &'a [String],
    /// The types of fields.
    pub(super) kinds: Option<&'a Kinds>,
}

pub(super) async fn write(
    object: &Object,
    how: &How<'_>,
    precondition: Precondition,
    cluster: &dyn Cluster,
) -> Result<Object, ClusterError> {
    let uid = match &precondition {
        Precondition::Live { uid, .. } => Some(uid.clone()),
        _ => None,
    };
    let replaces = how.force && how.method == WriteMethod::Replace;
    if let Some(uid) = uid.as_deref().filter(|_| replaces) {
        return anew(object, uid, how, cluster).await;
    }
    match (once(object, how, precondition, cluster).await, uid) {
        (Err(error), Some(uid)) if how.force && error.kind == ErrorKind::Invalid => {
            anew(object, &uid, how, cluster).await
        }
        (Err(error), Some(uid)) if how.force && matches!(error.kind, ErrorKind::NotFound | ErrorKind::Conflict) => {
            // An earlier attempt may have deleted it, and its deletion has ended since, or goes on.
            match cluster.get(&object.reference()).await? {
                None => once(object, how, Precondition::Absent, cluster).await,
                Some(live) if live.is_terminating() && live.uid() == Some(uid.as_str()) => Err(still_going(object)),
                Some(_) => Err(error),
            }
        }
        (result, _) => result,
    }
}

/// Writes an object as its method says.
async fn once(
    object: &Object,
    how: &How<'_>,
    precondition: Precondition,
    cluster: &dyn Cluster,
) -> Result<Object, ClusterError> {
    if how.method == WriteMethod::ClientSideApply {
        return merge_and_write(object, how.kinds, precondition, Mode::Real, cluster).await;
    }
    let mut precondition = precondition;
    let absent = precondition == Precondition::Absent;
    if !how.migrate.is_empty() && !absent {
        precondition = migrate_fields(object, how.migrate, precondition, cluster).await?;
    }
    let verb = if absent && how.verb == Verb::Update { Verb::Create } else { how.verb };
    Ok(cluster.write(Write::new(object, verb, FIELD_MANAGER).when(precondition)).await?.object)
}

/// Deletes an object and creates it anew. Where its deletion takes a while, the write is to be made again.
async fn anew(object: &Object, uid: &str, how: &How<'_>, cluster: &dyn Cluster) -> Result<Object, ClusterError> {
    let target = object.reference();
    match cluster.delete(Delete::new(&target, uid)).await {
        Ok(Deleted::Gone) => {}
        Err(error) if error.kind == ErrorKind::NotFound => {}
        Ok(Deleted::Pending(_)) => return Err(still_going(object)),
        Err(error) => return Err(error),
    }
    once(object, how, Precondition::Absent, cluster).await
}

fn still_going(object: &Object) -> ClusterError {
    ClusterError::new(ErrorKind::Unavailable, "it is being deleted, to be created anew").about(&object.id())
}

/// Whether a write is made or only asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Real,
    Rehearsal,
}

/// Applies an object by a merge with the live one and the one that was applied last. The merge is written under the version that
/// it was made from, so that nobody's change in between is lost.
async fn merge_and_write(
    object: &Object,
    kinds: Option<&Kinds>,
    precondition: Precondition,
    mode: Mode,
    cluster: &dyn Cluster,
) -> Result<Object, ClusterError> {
    let target = object.reference();
    let failed =
        |error: &dyn std::error::Error| ClusterError::new(ErrorKind::Internal, error.to_string()).about(&target.id);
    // Both objects go to the cluster, so their payloads are opened for that call.
    let capability = Reveal::granted(Purpose::ClusterCall);
    let desired = object.reveal(&capability);
    let live = if precondition == Precondition::Absent { None } else { cluster.get(&target).await? };
    let (value, verb, when) = match live {
        None if matches!(precondition, Precondition::Live { .. }) => {
            return Err(ClusterError::new(ErrorKind::NotFound, "not found").about(&target.id));
        }
        None => {
            let created = client_side::annotated(&desired).map_err(|error| failed(&error))?;
            (created, Verb::Create, Precondition::Absent)
        }
        Some(live) if !matches(&precondition, &live) => {
            return Err(ClusterError::new(ErrorKind::Conflict, "the object has been modified").about(&target.id));
        }
        Some(live) => {
            let held = live.reveal(&capability);
            let merged = client_side::applied(&desired, &held, kinds).map_err(|error| failed(&error))?;
            if merged == held {
                return Ok(live);
            }
            let uid = live.uid().unwrap_or_default().into();
            (
                merged,
                Verb::Update,
                Precondition::Live { uid, resource_version: live.resource_version().map(Into::into) },
            )
        }
    };
    let whole = Object::from_value(value).map_err(|error| failed(&error))?;
    let mut write = Write::new(&whole, verb, FIELD_MANAGER).when(when);
    write.dry_run = mode == Mode::Rehearsal;
    Ok(cluster.write(write).await?.object)
}

/// Asks what a write would do. What is not there yet only because this sync has not made it, such as the namespace, says
/// nothing of the object; that it cannot be changed is no obstacle where it may be created anew.
pub(super) async fn rehearse(object: &Object, how: &How<'_>, cluster: &dyn Cluster) -> Result<(), ClusterError> {
    let asked = if how.method == WriteMethod::ClientSideApply {
        merge_and_write(object, how.kinds, Precondition::None, Mode::Rehearsal, cluster).await
    } else {
        let write = Write::new(object, how.verb, FIELD_MANAGER).dry_run();
        cluster.write(write).await.map(|applied| applied.object)
    };
    match asked {
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::UnknownKind) => Ok(()),
        // A hook of an earlier phase or an earlier sync, which goes before it is created.
        Err(error) if error.kind == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if how.force && error.trouble() == Some(Trouble::ImmutableField) => Ok(()),
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

/// Whether a live object is the one that was seen.
pub(super) fn matches(precondition: &Precondition, live: &Object) -> bool {
    match precondition {
        Precondition::Live { uid, resource_version } => {
            let version = resource_version.as_deref();
            live.uid() == Some(uid) && (version.is_none() || version == live.resource_version())
        }
        Precondition::Absent => false,
        Precondition::None => true,
    }
}
