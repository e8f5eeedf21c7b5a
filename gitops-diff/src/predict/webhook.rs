//! What webhooks changed in a dry run is taken back: what the sync's manager does not own is as it is live.

use gitops_core::{Map, Value};
use gitops_merge::fields::{Path, PathElement, Set};
use gitops_merge::typed::{compare, field_set, merge, remove};

use super::{PredictError, Prediction, text};
use crate::normalize::trusted::fields_of;

/// The answer to a dry run with the live values of all fields that the sync's manager does not own.
pub(super) fn without_changes(predicted: &Map, live: &Map, with: &Prediction<'_>) -> Result<Map, PredictError> {
    let api_version = text(predicted, &["apiVersion"]).unwrap_or_default();
    let kind = with.kinds.get(api_version, text(predicted, &["kind"]).unwrap_or_default());
    let Some(kind) = kind else { return Err(PredictError::Merge(format!("a kind of `{api_version}` is not known"))) };
    let (schema, id) = (&kind.schema, kind.type_id);
    let owned = |object: &Map| {
        let mut own = Set::new();
        let entries = fields_of(object, |manager| manager == with.manager);
        entries.iter().for_each(|fields| own.extend(fields));
        own
    };
    let own = owned(predicted);
    if own.is_empty() {
        return Err(PredictError::NoManager(with.manager.into()));
    }
    let failed = |errors: Vec<gitops_merge::typed::TypeError>| {
        PredictError::Merge(errors.first().map(ToString::to_string).unwrap_or_default())
    };
    let (new, old) = (Value::Object(predicted.clone()), Value::Object(live.clone()));
    let foreign = field_set(schema, id, &new).difference(&own);
    // What the sync gives up is what its manager had; what else the dry run lacks stays as it is live.
    let removed = compare(schema, id, &old, &new).map_err(failed)?.removed.intersection(&owned(live));
    let foreign = filtered(&foreign, |path| !is_part_of_key(path) && !holds_own(path, &own));
    let mine = remove(schema, id, &new, &foreign);
    let merged = merge(schema, id, &old, &mine).map_err(failed)?;
    match remove(schema, id, &merged, &removed) {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

fn filtered(set: &Set, keep: impl Fn(&Path) -> bool) -> Set {
    let mut out = Set::new();
    for path in set.paths().iter().filter(|path| keep(path)) {
        out.insert(path.elements());
    }
    out
}

/// Whether the field is one of several keys of its list item, without which the item is another.
fn is_part_of_key(path: &Path) -> bool {
    match path.elements() {
        [.., PathElement::Key(keys), PathElement::Field(name)] => keys.iter().count() > 1 && keys.get(name).is_some(),
        _ => false,
    }
}

/// Whether the manager owns something below the field.
fn holds_own(path: &Path, own: &Set) -> bool {
    let below = path.elements().iter().try_fold(own, |set, element| set.child(element));
    below.is_some_and(|set| !set.is_empty())
}
