//! Two states of a source, rather than a source and a cluster.

use gitops_core::Object;

use super::{DiffError, diff, whole};
use crate::{DiffContext, DiffKind, ObjectDiff, Reason};

/// What changed in an object from one state of its source to a later one: every field that one of them has and the other
/// has not counts, and nobody owns any.
///
/// # Errors
/// [`DiffError`] where the objects are not the same one, or beyond the budget.
pub fn between(earlier: &Object, later: &Object, context: &DiffContext<'_>) -> Result<ObjectDiff, DiffError> {
    let mut context = context.with_predicted(Some(later));
    context.server_changes = true;
    let mut found = diff(later, Some(earlier), &context)?;
    for field in &mut found.fields {
        field.reason = Reason::ChangedInSource;
        field.owner = None;
    }
    if found.fields.is_empty() && earlier.api_version() != later.api_version() {
        found.kind = DiffKind::Update;
    }
    Ok(found)
}

/// An object that only the later state has.
pub fn creation(later: &Object) -> ObjectDiff {
    whole(later, DiffKind::Create)
}
