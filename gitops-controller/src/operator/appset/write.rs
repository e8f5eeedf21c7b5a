//! Carrying out what a set changes among its Applications.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use gitops_core::api::{API_VERSION, APPLICATION_KIND, Application};
use gitops_core::cluster::{Cluster, ClusterError, Delete, Deleted, ErrorKind, Precondition, Propagation, Verb, Write};
use gitops_core::{Object, ObjectRef, Value};
use serde::Deserialize as _;
use serde_json::json;

use super::status::Failure;
use crate::appset::{ApplicationComparison, Change};
use crate::{FIELD_MANAGER, applications, merge_patch};

/// How many Applications are written side by side.
const SIDE_BY_SIDE: usize = 8;

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) created: usize,
    pub(super) updated: usize,
    pub(super) deleted: usize,
    /// The Applications as they are now, by their names; none for one that is gone.
    pub(super) now: BTreeMap<String, Option<Application>>,
    /// Why the first one, by its name, could not be written.
    pub(super) failure: Option<Failure>,
    /// Whether something had changed meanwhile, so that it is to be looked at again.
    pub(super) is_surprised: bool,
}

/// What became of one Application.
enum Outcome {
    Created(Application),
    Updated(Application),
    Deleted(Option<Application>),
    /// It is another than what was known of it.
    Surprised,
    /// It is as it should be, or not the set's.
    Same,
    Failed(Failure),
}

/// Writes what a set changes. One that fails takes nothing from the others.
pub(super) async fn carry_out(
    cluster: &dyn Cluster,
    comparison: &ApplicationComparison<'_>,
    changes: Vec<Change>,
) -> Written {
    let write = |change: Change| async move {
        let name = name(&change).to_owned();
        (name, one(cluster, comparison, change).await)
    };
    let mut outcomes: Vec<(String, Outcome)> =
        stream::iter(changes).map(write).buffer_unordered(SIDE_BY_SIDE).collect().await;
    outcomes.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut written = Written::default();
    for (name, outcome) in outcomes {
        match outcome {
            Outcome::Created(application) => {
                written.created += 1;
                written.now.insert(name, Some(application));
            }
            Outcome::Updated(application) => {
                written.updated += 1;
                written.now.insert(name, Some(application));
            }
            Outcome::Deleted(left) => {
                written.deleted += 1;
                written.now.insert(name, left);
            }
            Outcome::Surprised => written.is_surprised = true,
            Outcome::Same => {}
            Outcome::Failed(failure) => drop(written.failure.get_or_insert(failure)),
        }
    }
    written
}

fn name(change: &Change) -> &str {
    match change {
        Change::Create(application) | Change::Delete(application) | Change::Keep { application, .. } => {
            application.name()
        }
        Change::Update { live, .. } => live.name(),
    }
}

async fn one(cluster: &dyn Cluster, comparison: &ApplicationComparison<'_>, change: Change) -> Outcome {
    match change {
        Change::Create(application) => match create(cluster, &application).await {
            Ok(created) => Outcome::Created(created),
            Err(error) if error.kind == ErrorKind::AlreadyExists => adopt(cluster, comparison, &application).await,
            Err(error) => failed("CreateApplicationError", &error),
        },
        Change::Update { live, desired } => outcome_of_update(update(cluster, &live, &desired).await),
        Change::Delete(application) => match delete(cluster, &application).await {
            Ok(left) => Outcome::Deleted(left),
            Err(error) if error.kind == ErrorKind::Conflict => Outcome::Surprised,
            Err(error) => failed("DeleteApplicationError", &error),
        },
        Change::Keep { .. } => Outcome::Same,
    }
}

/// Lays on what a set makes of an Application that is there already.
async fn adopt(cluster: &dyn Cluster, comparison: &ApplicationComparison<'_>, made: &Application) -> Outcome {
    let live = match cluster.get(&reference(made)).await {
        Ok(Some(object)) => typed(&object),
        Ok(None) => return Outcome::Surprised,
        Err(error) => Err(error),
    };
    let live = match live {
        Ok(live) => live,
        Err(error) => return failed("UpdateApplicationError", &error),
    };
    match comparison.change(&live, made) {
        Some(Change::Update { live, desired }) => outcome_of_update(update(cluster, &live, &desired).await),
        Some(Change::Keep { reason, .. }) => {
            let message = format!("the Application `{}` is there already, and {reason}", made.name());
            Outcome::Failed(Failure::new("CreateApplicationError", message))
        }
        _ => Outcome::Same,
    }
}

fn outcome_of_update(updated: Result<Application, ClusterError>) -> Outcome {
    match updated {
        Ok(updated) => Outcome::Updated(updated),
        Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::NotFound) => Outcome::Surprised,
        Err(error) => failed("UpdateApplicationError", &error),
    }
}

fn failed(reason: &str, error: &ClusterError) -> Outcome {
    Outcome::Failed(Failure::new(reason, error.to_string()))
}

async fn create(cluster: &dyn Cluster, application: &Application) -> Result<Application, ClusterError> {
    let object = object(value(application)?)?;
    let write = Write::new(&object, Verb::Create, FIELD_MANAGER).when(Precondition::Absent);
    typed(&cluster.write(write).await?.object)
}

/// Writes what differs, where the Application is still the one that was compared.
pub(super) async fn update(
    cluster: &dyn Cluster,
    live: &Application,
    desired: &Application,
) -> Result<Application, ClusterError> {
    let mut patch = merge_patch::between(&value(live)?, &value(desired)?);
    patch["apiVersion"] = API_VERSION.into();
    patch["kind"] = APPLICATION_KIND.into();
    patch["metadata"]["name"] = live.name().into();
    patch["metadata"]["namespace"] = live.metadata.namespace().into();
    let object = object(patch)?;
    let seen = Precondition::Live {
        uid: live.metadata.uid.clone().unwrap_or_default(),
        resource_version: live.metadata.resource_version.clone(),
    };
    typed(&cluster.write(Write::new(&object, Verb::MergePatch, FIELD_MANAGER).when(seen)).await?.object)
}

/// Asks for the end of an Application; what is left of it where it waits for its finalizers.
pub(super) async fn delete(
    cluster: &dyn Cluster,
    application: &Application,
) -> Result<Option<Application>, ClusterError> {
    let target = reference(application);
    let uid = application.metadata.uid.as_deref().unwrap_or_default();
    let mut delete = Delete::new(&target, uid);
    delete.propagation = Propagation::Background;
    match cluster.delete(delete).await {
        Ok(Deleted::Gone) => Ok(None),
        Ok(Deleted::Pending(object)) => typed(&object).map(Some),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a part of a set, whose identity is added to it.
pub(super) async fn patch_set(
    cluster: &dyn Cluster,
    target: &ObjectRef,
    mut patch: Value,
    subresource: Option<gitops_core::cluster::Subresource>,
) -> Result<Object, ClusterError> {
    let gvk = target.gvk();
    patch["apiVersion"] = gvk.api_version().into();
    patch["kind"] = gvk.kind.as_str().into();
    patch["metadata"]["name"] = target.id.name.as_str().into();
    patch["metadata"]["namespace"] = json!(target.id.namespace);
    let object = object(patch)?;
    let mut write = Write::new(&object, Verb::MergePatch, FIELD_MANAGER);
    write.subresource = subresource;
    Ok(cluster.write(write).await?.object)
}

fn reference(application: &Application) -> ObjectRef {
    applications::reference(application.metadata.namespace().unwrap_or_default(), application.name())
}

fn value(application: &Application) -> Result<Value, ClusterError> {
    serde_json::to_value(application).map_err(|error| malformed(&error))
}

fn object(value: Value) -> Result<Object, ClusterError> {
    Object::from_value(value).map_err(|error| malformed(&error))
}

fn typed(object: &Object) -> Result<Application, ClusterError> {
    Application::deserialize(object.body()).map_err(|error| malformed(&error).about(&object.id()))
}

fn malformed(error: &dyn std::error::Error) -> ClusterError {
    ClusterError::new(ErrorKind::Internal, error.to_string())
}
