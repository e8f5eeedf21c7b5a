//! How writes and deletions are said to an API server.
//!
//! Preconditions go into the body: a UID and a resource version in the metadata of what is applied, put or merged are
//! compared by the server with those of the live object. Measured on kube-apiserver 1.34: without the UID an apply
//! with a stale resource version creates an object that is gone, and a merge patch with another UID is a 422. So an apply
//! that is only to create carries a version that no object ever has.

use gitops_core::cluster::{
    ApiResource, ClusterError, Delete, ErrorKind, Precondition, Propagation, Subresource, Verb, Write, scale_of,
};
use gitops_core::secret::Purpose;
use gitops_core::{ObjectId, Reveal, Value};
use http::Method;
use serde_json::json;

use crate::call::{Call, JSON, PARTIAL};
use crate::counts::CallKind;
use crate::path::Address;

const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";

/// etcd's revision before its first write, so that nothing is ever kept in it.
const NO_VERSION: &str = "1";

/// A write as a call.
pub(crate) fn call<'a>(write: &Write<'_>, resource: &ApiResource, id: &'a ObjectId) -> Result<Call<'a>, ClusterError> {
    let named = !write.object.name().is_empty();
    let applies = matches!(write.verb, Verb::Apply { .. }) && named;
    let creates = write.verb == Verb::Create || write.precondition == Precondition::Absent && !applies;
    // The object goes into the cluster, whole.
    let mut body = write.object.reveal(&Reveal::granted(Purpose::ClusterCall));
    if write.subresource == Some(Subresource::Scale) {
        body = scale_of(&body);
    }
    pin(&mut body, &write.precondition, applies);
    let namespace = write.object.namespace();
    let address = if creates {
        Address::of_all(resource, Some(namespace_for(resource, namespace)?))
    } else {
        Address::of_one(resource, namespace, write.object.name())?.part(write.subresource)
    };
    let (method, content) = match write.verb {
        Verb::Apply { .. } if !creates => (Method::PATCH, APPLY),
        Verb::MergePatch if !creates => (Method::PATCH, MERGE),
        Verb::Update if !creates => (Method::PUT, JSON),
        _ => (Method::POST, JSON),
    };
    let force = !creates && matches!(write.verb, Verb::Apply { force: true });
    let address = address
        .ask("fieldManager", write.manager)
        .ask("fieldValidation", "Ignore")
        .ask_if(force, "force", "true")
        .ask_if(write.dry_run, "dryRun", "All");
    let bytes = serde_json::to_vec(&body)
        .map_err(|error| ClusterError::new(ErrorKind::Internal, error.to_string()).about(id))?;
    let kind = if write.dry_run { CallKind::DryRun } else { CallKind::Write };
    let accept = if is_brief(write) { PARTIAL } else { JSON };
    Ok(Call { kind, method, address, target: Some(id), accept, body: Some((content, bytes)), known: None })
}

/// Whether only the metadata of what is written is asked for.
pub(crate) fn is_brief(write: &Write<'_>) -> bool {
    write.brief && write.subresource.is_none() && !write.dry_run
}

/// A deletion as a call.
pub(crate) fn delete<'a>(delete: &Delete<'a>, resource: &ApiResource) -> Result<Call<'a>, ClusterError> {
    let id = &delete.target.id;
    let propagation = match delete.propagation {
        Propagation::Foreground => "Foreground",
        Propagation::Background => "Background",
        Propagation::Orphan => "Orphan",
    };
    let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation});
    if let Some(uid) = delete.uid {
        options["preconditions"] = json!({"uid": uid});
    }
    // Beside a body the server does not look at what the address asks for: `dryRun` there would delete.
    if delete.dry_run {
        options["dryRun"] = json!(["All"]);
    }
    let kind = if delete.dry_run { CallKind::DryRun } else { CallKind::Delete };
    let address = Address::of_one(resource, id.namespace.as_deref(), &id.name)?;
    Ok(Call {
        kind,
        method: Method::DELETE,
        address,
        target: Some(id),
        accept: JSON,
        body: Some((JSON, options.to_string().into_bytes())),
        known: None,
    })
}

/// A refusal by what it was that did not hold. Of a patch that names another UID the server says that the field cannot be
/// changed: the object is another one. Of an apply that was only to create it says that the object has another version.
pub(crate) fn worded(mut error: ClusterError, precondition: &Precondition) -> ClusterError {
    let about_uid = error.causes.iter().any(|cause| cause.field == "metadata.uid");
    match precondition {
        Precondition::Live { .. } if error.kind == ErrorKind::Invalid && about_uid => error.kind = ErrorKind::Conflict,
        Precondition::Absent if error.kind == ErrorKind::Conflict => {
            error.kind = ErrorKind::AlreadyExists;
            error.message = "already exists".to_owned();
        }
        _ => {}
    }
    error
}

fn namespace_for<'a>(resource: &ApiResource, namespace: Option<&'a str>) -> Result<&'a str, ClusterError> {
    match namespace {
        Some(namespace) => Ok(namespace),
        None if !resource.namespaced => Ok(""),
        None => {
            let message = format!("a {} needs a namespace", resource.gvk.kind);
            Err(ClusterError::new(ErrorKind::BadRequest, message))
        }
    }
}

/// Writes what must be true into the body.
fn pin(body: &mut Value, precondition: &Precondition, applies: bool) {
    let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    match precondition {
        Precondition::None => {}
        Precondition::Absent if applies => drop(metadata.insert("resourceVersion".to_owned(), NO_VERSION.into())),
        Precondition::Absent => drop(metadata.remove("resourceVersion")),
        Precondition::Live { uid, resource_version } => {
            metadata.insert("uid".to_owned(), uid.as_str().into());
            if let Some(version) = resource_version {
                metadata.insert("resourceVersion".to_owned(), version.as_str().into());
            }
        }
    }
}
