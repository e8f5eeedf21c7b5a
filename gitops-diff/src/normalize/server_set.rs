//! What the server writes into objects itself, and what never counts as a difference.

use gitops_core::annotations::LAST_APPLIED;

use crate::path::Step;

/// Whether a field of the whole object says nothing of what was asked for: its identity, which is compared beforehand (one
/// object can be read in several versions of its group). Its status, which says nothing of it either, is for the caller to
/// leave out.
pub fn in_object(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind")
}

/// Whether a field of `metadata` is the object's identity or is written by the server.
pub fn in_metadata(key: &str) -> bool {
    matches!(
        key,
        "name"
            | "generateName"
            | "namespace"
            | "uid"
            | "resourceVersion"
            | "generation"
            | "creationTimestamp"
            | "deletionTimestamp"
            | "deletionGracePeriodSeconds"
            | "managedFields"
            | "selfLink"
    )
}

/// Whether an annotation is a client's record of the whole object rather than a wish.
pub fn in_annotations(key: &str) -> bool {
    key == LAST_APPLIED
}

/// Whether the field at the end of the steps never differs.
pub(crate) fn is_at(steps: &[Step<'_>], key: &str) -> bool {
    match steps {
        [] => in_object(key),
        [Step::Field("metadata")] => in_metadata(key),
        [Step::Field("metadata"), Step::Field("annotations")] => in_annotations(key),
        _ => false,
    }
}
