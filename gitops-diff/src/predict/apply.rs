//! What an apply makes of a live object.

use gitops_core::{Map, Value};
use gitops_merge::defaults;
use gitops_merge::normalize::canonical;
use gitops_merge::schema::Kind;
use gitops_merge::strategic::{Differences, PatchError, difference};

use super::form;
use super::{PredictError, Predicted, Prediction, compared};
use crate::client_side::{merged, patched};

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
        let predicted = merged(None, original, desired, live).map_err(failed)?;
        return Ok(compared(live.clone(), predicted));
    };
    let predicted = merged(Some(kind), original, desired, live).map_err(failed)?;
    let predicted = filled(kind, predicted).map_err(failed)?;
    let live = filled(kind, live.clone()).map_err(failed)?;
    Ok(compared(live, predicted))
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
