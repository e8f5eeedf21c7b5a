//! Objects of custom kinds, by the structural schema of their definition.
//!
//! Follows apiextensions-apiserver v0.34: `pkg/apiserver/schema/{pruning,defaulting,listtype}` and the validation of
//! `kube-openapi/pkg/validation`.

mod default;
mod prune;
mod validate;

use serde_json::Value;

pub use default::{default, prune_nulls};
pub use prune::prune;
pub use validate::validate;

/// Schemas are followed no deeper than this.
pub(crate) const MAX_DEPTH: usize = 128;

pub(crate) fn is_true(schema: &Value, key: &str) -> bool {
    schema.get(key).and_then(Value::as_bool) == Some(true)
}

/// The schema of an entry that is no property: none where `additionalProperties` is absent or a truth value.
pub(crate) fn additional(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|additional| additional.is_object())
}

pub(crate) fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get("properties").and_then(|properties| properties.get(name))
}
