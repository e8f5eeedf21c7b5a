//! Creating, updating, applying and patching.

use serde_json::Value;

use super::error::ServerError;
use super::request::{Effect, Moment, Operation, Request, Target, Written};
use super::{admit, form, meta, scale, strategy};
use crate::apply::{self, Versions, Write};
use crate::managed::{self, Managed, seconds};
use crate::schema::{Kind, Kinds};

/// The next state of an object after a write.
///
/// `live` is the object as it is kept, none where there is none. The result's `metadata.resourceVersion` is the live
/// one: the store gives it a new one where [`Effect`] says that the object changed.
///
/// # Errors
/// [`ServerError`] with the code, reason and causes that kube-apiserver answers.
pub fn write(
    kinds: &Kinds,
    kind: &Kind,
    live: Option<&Value>,
    request: &Request<'_>,
    moment: Moment<'_>,
) -> Result<Written, ServerError> {
    match (request.target, &kind.subresources.scale) {
        (Target::Scale, Some(numbers)) => {
            return scale::write_scale(&Call { kinds, kind, request, moment }, numbers, live);
        }
        (Target::Scale, None) => return Err(ServerError::not_found(kind, request.name)),
        (Target::Status, _) if !kind.subresources.status => return Err(ServerError::not_found(kind, request.name)),
        _ => {}
    }
    if let (Some(_), Operation::Create(_)) = (live, request.operation) {
        // That the name is taken is found last, when the object is stored.
        let otherwise = write(kinds, kind, None, request, moment);
        return otherwise.and_then(|_| Err(ServerError::already_exists(kind, request.name)));
    }
    check_existence(kind, live, request)?;
    check_depth(body_of(request.operation))?;
    let empty = form::empty(kind)?;
    let base = live.map_or_else(|| empty.clone(), without_managers);
    let reset = strategy::reset(kind, request.target);
    let ownership = Write {
        versions: Versions::new(kinds, kind),
        manager: request.manager,
        subresource: request.target.name(),
        reset: &reset,
        empty: &empty,
        now: moment.now,
    };
    let mut new = match request.operation {
        Operation::Apply { body, force } => {
            check_applied(kind, body, request.manager)?;
            let refuse = |error| ServerError::apply(kind, request.namespace, request.name, &error);
            let held = live.map(Managed::of).transpose().map_err(|error| refuse(error.into()))?.unwrap_or_default();
            let out = apply::apply(&ownership, &base, body, held, force).map_err(refuse)?;
            let mut new = match out.object {
                None => base,
                Some(merged) => {
                    let mut new = form::merged(kind, merged, request.field_validation)?;
                    form::fill(kind, &mut new);
                    new
                }
            };
            out.managed.store(&mut new);
            new
        }
        _ => {
            let mut new = requested(kind, live, request)?;
            let wanted = meta::get(&new, "managedFields").cloned();
            managed::clear(&mut new);
            let held = live.map(Managed::of).and_then(Result::ok).unwrap_or_default();
            apply::update(&ownership, &base, &new, held, wanted.as_ref()).store(&mut new);
            new
        }
    };
    if !kind.namespaced {
        meta::remove(&mut new, "namespace");
    } else if meta::text(&new, "namespace").is_empty() {
        meta::set(&mut new, "namespace", request.namespace);
    }
    match live {
        None => {
            check_identity(kind, None, &new, request)?;
            create(kind, new, request, moment)
        }
        Some(live) => replace(kind, live, new, request),
    }
}

/// Replaces the live object by one that was made from it: the end of every write to something that exists.
pub(super) fn replace(kind: &Kind, live: &Value, new: Value, request: &Request<'_>) -> Result<Written, ServerError> {
    check_identity(kind, Some(live), &new, request)?;
    update(kind, live, new, request)
}

/// A request with what it is about.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) kinds: &'a Kinds,
    pub(super) kind: &'a Kind,
    pub(super) request: &'a Request<'a>,
    pub(super) moment: Moment<'a>,
}

fn without_managers(object: &Value) -> Value {
    let mut object = object.clone();
    managed::clear(&mut object);
    object
}

fn check_existence(kind: &Kind, live: Option<&Value>, request: &Request<'_>) -> Result<(), ServerError> {
    let may_create = request.target == Target::Object
        && match request.operation {
            Operation::Create(_) | Operation::Apply { .. } => true,
            Operation::Update(_) => strategy::created_by_update(kind),
            _ => false,
        };
    if live.is_none() && !may_create { Err(ServerError::not_found(kind, request.name)) } else { Ok(()) }
}

/// The object that a create, update or patch asks for, with defaults and its `managedFields` as they were sent.
fn requested(kind: &Kind, live: Option<&Value>, request: &Request<'_>) -> Result<Value, ServerError> {
    let patched;
    let body = match (request.operation, live) {
        (Operation::Create(body) | Operation::Update(body), _) => {
            check_type(kind, body)?;
            body
        }
        (operation, Some(live)) => {
            patched = super::patch::patch(kind, live, operation)?;
            check_depth(&patched)?;
            check_type(kind, &patched)?;
            &patched
        }
        (_, None) => return Err(ServerError::not_found(kind, request.name)),
    };
    let mut new = form::read(kind, body, request.field_validation)?;
    form::fill(kind, &mut new);
    Ok(new)
}

fn body_of(operation: Operation<'_>) -> &Value {
    match operation {
        Operation::Create(body)
        | Operation::Update(body)
        | Operation::Apply { body, .. }
        | Operation::MergePatch(body)
        | Operation::StrategicPatch(body)
        | Operation::JsonPatch(body) => body,
    }
}

/// Objects are walked recursively, so they may not be nested without end; JSON text is read no deeper either.
const MAX_DEPTH: usize = 128;

fn check_depth(value: &Value) -> Result<(), ServerError> {
    fn fits(value: &Value, left: usize) -> bool {
        let Some(left) = left.checked_sub(1) else { return false };
        match value {
            Value::Array(items) => items.iter().all(|item| fits(item, left)),
            Value::Object(map) => map.values().all(|value| fits(value, left)),
            _ => true,
        }
    }
    if fits(value, MAX_DEPTH) {
        return Ok(());
    }
    Err(ServerError::bad_request(format!("the object is nested more than {MAX_DEPTH} levels deep")))
}

fn check_type(kind: &Kind, body: &Value) -> Result<(), ServerError> {
    let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("apiVersion") == kind.api_version && text("kind") == kind.kind {
        return Ok(());
    }
    Err(ServerError::bad_request(format!(
        "the API version in the data ({}, Kind={}) does not match the expected API version ({}, Kind={})",
        text("apiVersion"),
        text("kind"),
        kind.api_version,
        kind.kind
    )))
}

fn check_applied(kind: &Kind, body: &Value, manager: &str) -> Result<(), ServerError> {
    if manager.is_empty() {
        return Err(ServerError::no_field_manager());
    }
    let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("apiVersion") != kind.api_version || text("kind") != kind.kind {
        let message = format!("invalid object type: {}, Kind={}", text("apiVersion"), text("kind"));
        return Err(ServerError::bad_request(message));
    }
    if meta::get(body, "managedFields").is_some_and(|managed| !managed.is_null()) {
        return Err(ServerError::bad_request("metadata.managedFields must be nil"));
    }
    Ok(())
}

/// Name, namespace, uid and resourceVersion must be those of the path and of the live object.
fn check_identity(kind: &Kind, live: Option<&Value>, new: &Value, request: &Request<'_>) -> Result<(), ServerError> {
    let name = meta::text(new, "name");
    if !name.is_empty() && name != request.name {
        return Err(ServerError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            request.name
        )));
    }
    let namespace = meta::text(new, "namespace");
    if !namespace.is_empty() && kind.namespaced && namespace != request.namespace {
        return Err(ServerError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let uid = meta::text(new, "uid");
    let Some(live) = live else {
        if uid.is_empty() || matches!(request.operation, Operation::Create(_)) {
            return Ok(());
        }
        let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        return Err(ServerError::conflict(kind, request.name, &why));
    };
    let held = meta::text(live, "uid");
    if matches!(request.operation, Operation::Update(_)) && !uid.is_empty() && uid != held {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {held}");
        return Err(ServerError::conflict(kind, request.name, &why));
    }
    let version = meta::text(new, "resourceVersion");
    if version.is_empty() || version == "0" {
        if strategy::needs_resource_version(kind) {
            return Err(admit::version_required(kind, request.name));
        }
    } else if version != meta::text(live, "resourceVersion") {
        return Err(ServerError::stale(kind, request.name));
    }
    Ok(())
}

fn create(kind: &Kind, mut new: Value, request: &Request<'_>, moment: Moment<'_>) -> Result<Written, ServerError> {
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink"] {
        meta::remove(&mut new, field);
    }
    meta::set(&mut new, "name", request.name);
    meta::set(&mut new, "uid", moment.uid);
    meta::set(&mut new, "creationTimestamp", seconds(moment.now));
    meta::unite_owners(&mut new);
    strategy::create(kind, &mut new, moment.uid)?;
    admit::create(kind, &new)?;
    form::settle(kind, &mut new)?;
    Ok(Written { object: new, effect: Effect::Created })
}

fn update(kind: &Kind, live: &Value, mut new: Value, request: &Request<'_>) -> Result<Written, ServerError> {
    meta::copy(&mut new, "resourceVersion", live);
    meta::unite_owners(&mut new);
    strategy::update(kind, request.target, &mut new, live, meta::text(live, "uid"));
    if meta::text(&new, "uid").is_empty() {
        meta::copy(&mut new, "uid", live);
    }
    meta::copy(&mut new, "creationTimestamp", live);
    if meta::is_deleting(live) {
        meta::copy(&mut new, "deletionTimestamp", live);
    }
    if meta::get(&new, "deletionGracePeriodSeconds").is_none() {
        meta::copy(&mut new, "deletionGracePeriodSeconds", live);
    }
    admit::update(kind, &new, live, body_of(request.operation))?;
    if meta::is_deleting(live) && meta::finalizers(&new).is_empty() && !waits_for_contents(kind, &new) {
        // It is not stored any more, and answered as it is.
        return Ok(Written { object: new, effect: Effect::Removed });
    }
    form::settle(kind, &mut new)?;
    keep_times(&mut new, live);
    let effect = if new == *live { Effect::Unchanged } else { Effect::Updated };
    Ok(Written { object: new, effect })
}

/// A namespace stays until its contents are gone, which its own list of finalizers says.
fn waits_for_contents(kind: &Kind, object: &Value) -> bool {
    kind.kind == "Namespace"
        && !kind.is_custom()
        && object.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|held| !held.is_empty())
}

/// Where nothing but times in `managedFields` changed, they do not change either.
fn keep_times(new: &mut Value, live: &Value) {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let entries = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
        for entry in entries.into_iter().flatten().filter_map(Value::as_object_mut) {
            entry.remove("time");
        }
        object
    };
    if meta::get(new, "managedFields") != meta::get(live, "managedFields") && timeless(new) == timeless(live) {
        meta::copy(new, "managedFields", live);
    }
}
