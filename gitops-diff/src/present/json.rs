//! JSON: the structures as they are.

use gitops_core::Value;
use serde_json::json;

use crate::ObjectDiff;

/// A list of what differs, objects without a difference left out, as a JSON document. Values of Secrets are the word
/// `secret`.
pub fn json(diffs: &[ObjectDiff]) -> Value {
    let changed: Vec<_> = diffs.iter().filter(|diff| !diff.is_same() || !diff.warnings.is_empty()).collect();
    json!({ "diffs": changed })
}
