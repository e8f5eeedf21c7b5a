//! The comparison of one object.

mod between;
mod defaulted;
mod gone;
mod lists;
mod maps;
mod reach;
mod report;
mod secret;
mod walk;

#[cfg(test)]
mod tests;

use gitops_core::{Object, ObjectRef, Value};
use thiserror::Error;

pub use between::{between, creation};

use crate::normalize::Ignored;
use crate::{Change, DiffContext, DiffKind, FieldDiff, FieldPath, ObjectDiff, Reason, Shown};
use walk::Walk;

/// Why two objects cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DiffError {
    /// They are not the same object.
    #[error("`{desired}`: cannot be compared to another object, `{other}`")]
    OtherObject {
        /// The desired object.
        desired: Box<ObjectRef>,
        /// What it was to be compared to.
        other: Box<ObjectRef>,
    },
    /// A value is nested deeper than the budget allows.
    #[error("`{object}`: {path}: nested deeper than {limit} levels")]
    TooDeep {
        /// The object.
        object: Box<ObjectRef>,
        /// Where.
        path: Box<FieldPath>,
        /// The budget.
        limit: usize,
    },
    /// The object holds more values than the budget allows.
    #[error("`{object}`: more than {limit} values to compare")]
    TooLarge {
        /// The object.
        object: Box<ObjectRef>,
        /// The budget.
        limit: usize,
    },
}

/// What would change if the desired object were applied.
///
/// Fields of `desired` are compared to the live ones by their meaning (see [`crate::normalize`]). Of the fields that
/// only the live object has, those that [`DiffContext::manager`] owns by server-side apply would be removed; all
/// others are left alone, as the API server leaves them. What the server sets in the metadata never differs, and status only by
/// [`DiffContext::status`].
/// With [`DiffContext::predicted`] the live object is compared to the prediction instead, and `desired` says which
/// differences are the source's.
///
/// The cost is one walk over `desired` (or the prediction) without copies; values are cloned only where they differ, and
/// objects only where [`DiffContext::known`] names fields of their kind.
///
/// # Errors
/// [`DiffError`] where the objects are not the same one, or beyond the budget.
pub fn diff(desired: &Object, live: Option<&Object>, context: &DiffContext<'_>) -> Result<ObjectDiff, DiffError> {
    let Some(live) = live else { return Ok(whole(desired, DiffKind::Create)) };
    same_object(desired, live)?;
    if let Some(predicted) = context.predicted {
        same_object(desired, predicted)?;
    }
    let written = |object: &Object| context.known?.canonical(object, context.kinds?);
    let forms = (written(desired), written(live), context.predicted.and_then(written));
    let (desired, live) = (forms.0.as_ref().unwrap_or(desired), forms.1.as_ref().unwrap_or(live));
    let context = &DiffContext { predicted: forms.2.as_ref().or(context.predicted), ..*context };
    let target = context.predicted.unwrap_or(desired);
    let mut ignored = context.ignore.map_or_else(Ignored::default, |rules| rules.find(target, live));
    if context.ignore_aggregated_rules {
        ignored.add_aggregated_rules([target, live]);
    }
    let payloads = (target.secret_data(), live.secret_data());
    let mut walk = Walk::new(desired, live, context, &ignored);
    walk.root(target, live)?;
    secret::compare(&mut walk, &payloads.0, &payloads.1);
    if context.predicted.is_none() {
        gone::find(&mut walk, desired, live)?;
    }
    let mut out = walk.finish();
    out.warnings.extend(ignored.into_warnings());
    Ok(out)
}

/// That an object would be deleted.
pub fn deletion(live: &Object) -> ObjectDiff {
    whole(live, DiffKind::Delete)
}

/// A whole object that comes or goes, listed by its top-level fields.
fn whole(object: &Object, kind: DiffKind) -> ObjectDiff {
    let mut out = ObjectDiff::new(object.reference(), kind);
    let mut add = |path: &[&str], shown: Shown| {
        out.fields.push(match kind {
            DiffKind::Delete => FieldDiff::new(FieldPath::fields(path), Reason::Delete, Some(shown), None),
            _ => FieldDiff::new(FieldPath::fields(path), Reason::Create, None, Some(shown)),
        });
    };
    for (key, value) in object.body() {
        match (key.as_str(), value) {
            ("apiVersion" | "kind" | "status", _) | (_, Value::Null) => {}
            ("metadata", Value::Object(metadata)) => {
                let kept = metadata.iter().filter(|(key, _)| !crate::normalize::server_set::in_metadata(key));
                kept.for_each(|(key, value)| add(&["metadata", key], Shown::Value(shown_metadata(key, value))));
            }
            _ => add(&[key], Shown::Value(value.clone())),
        }
    }
    object.secret_data().keys().for_each(|key| add(&["data", key], Shown::Secret));
    debug_assert!(out.fields.iter().all(|field| field.change != Change::Changed));
    out
}

/// Annotations without the one that holds a copy of the object.
fn shown_metadata(key: &str, value: &Value) -> Value {
    let mut value = value.clone();
    if let ("annotations", Value::Object(annotations)) = (key, &mut value) {
        annotations.retain(|key, _| !crate::normalize::server_set::in_annotations(key));
    }
    value
}

fn same_object(desired: &Object, other: &Object) -> Result<(), DiffError> {
    let namespace = desired.namespace().is_none_or(|namespace| other.namespace() == Some(namespace));
    let same = desired.kind() == other.kind() && desired.name() == other.name() && namespace;
    if same {
        return Ok(());
    }
    Err(DiffError::OtherObject { desired: Box::new(desired.reference()), other: Box::new(other.reference()) })
}
