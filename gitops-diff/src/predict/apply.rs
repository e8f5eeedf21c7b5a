//! What an apply makes of a live object.

use gitops_core::{Map, Value};
use gitops_merge::defaults;
use gitops_merge::normalize::canonical;
use gitops_merge::schema::Kind;
use gitops_merge::strategic::{Differences, PatchError, difference, merge};

use super::form::{self, items_of};
use super::{PredictError, Predicted, Prediction, compared, json};

fn failed(error: impl std::fmt::Display) -> PredictError {
    PredictError::Merge(error.to_string())
}

/// The apply of `kubectl`: what the last applied object had and the desired one has not goes, what the desired one has is
/// set. Of built-in kinds both sides get what the server would fill in.
pub(super) fn client_side(
    original: &Map,
    desired: &Map,
    live: &Map,
    with: &Prediction<'_>,
) -> Result<Predicted, PredictError> {
    let Some(kind) = with.builtin(original) else {
        return Ok(compared(live.clone(), json::applied(original, desired, live)));
    };
    let mut owned = live.clone();
    if kind.kind == "StatefulSet" {
        without_filled_claims(original, &mut owned);
    }
    let difference = |from: &Map, to: &Map, what| difference(&kind.schema, Some(kind.type_id), from, to, what);
    let deletions = difference(original, desired, Differences::Deletions).map_err(failed)?;
    let additions = difference(&owned, desired, Differences::Additions).map_err(failed)?;
    let mut predicted = live.clone();
    for patch in [deletions, additions] {
        predicted = patched(kind, predicted, patch).map_err(failed)?;
    }
    let predicted = filled(kind, predicted).map_err(failed)?;
    let live = filled(kind, live.clone()).map_err(failed)?;
    Ok(compared(live, predicted))
}

/// The server fills volume claim templates in with more than is known here.
fn without_filled_claims(original: &Map, live: &mut Map) {
    let claims = |object: &Map| object.get("spec")?.get("volumeClaimTemplates")?.as_array().cloned();
    if let (Some(wanted), Some(held)) = (claims(original), claims(live)) {
        form::set(live, &["spec", "volumeClaimTemplates"], Value::Array(items_of(&wanted, held)));
    }
}

fn patched(kind: &Kind, object: Map, patch: Map) -> Result<Map, PatchError> {
    let (object, patch) = (Value::Object(object), Value::Object(patch));
    match merge(&kind.schema, Some(kind.type_id), &object, &patch)? {
        Value::Object(merged) => Ok(merged),
        _ => Ok(Map::new()),
    }
}

/// Only `apps/v1` says of each volume claim template which kind it is.
fn unnamed_claims(object: &mut Value) {
    let claims = object.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut);
    for claim in claims.into_iter().flatten().filter_map(Value::as_object_mut) {
        claim.remove("apiVersion");
        claim.remove("kind");
    }
}

/// An object with what the server would fill in; as it is where it does not fit its type.
fn filled(kind: &Kind, object: Map) -> Result<Map, PatchError> {
    if kind.kind == "Secret" && !form::is_readable(&object) {
        return Ok(object);
    }
    let Ok(form) = canonical(&kind.schema, kind.type_id, &Value::Object(object.clone())) else { return Ok(object) };
    let mut full = form.value.clone();
    defaults::fill(kind, &mut full);
    if kind.kind == "StatefulSet" && object.get("apiVersion").is_none_or(|version| version != "apps/v1") {
        unnamed_claims(&mut full);
    }
    let (Value::Object(form), Value::Object(full)) = (form.value, full) else { return Ok(object) };
    let patch = difference(&kind.schema, Some(kind.type_id), &form, &full, Differences::All)?;
    patched(kind, object, patch)
}
