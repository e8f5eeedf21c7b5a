//! JSON patches, one an object.

use gitops_core::{Object, Value};
use serde_json::json;

use crate::{ObjectDiff, patch};

/// For each object that differs its identity and the patches that lead from live to desired (`patch`) and back
/// (`revert`), as a JSON document. The payload of Secrets is in neither; that it differs is said by `secret`.
///
/// `live` gives the live object that a difference was computed against.
pub fn json_patch<'a>(diffs: &[ObjectDiff], live: impl Fn(&ObjectDiff) -> Option<&'a Object>) -> Value {
    let changed = diffs.iter().filter(|diff| !diff.is_same()).map(|diff| {
        let pair = patch::of(diff, live(diff));
        let secret: Vec<_> =
            diff.fields.iter().filter(|field| field.is_secret()).map(|field| &field.path.pointer).collect();
        json!({ "id": diff.id, "kind": diff.kind, "patch": pair.forward, "revert": pair.backward, "secret": secret })
    });
    json!({ "patches": changed.collect::<Vec<_>>() })
}
