//! Strategic merge, as kustomize does it.

use gitops_core::Value;
use gitops_merge::schema::{Kinds, Schema};
use gitops_merge::strategic::{self, Options, Placement};

use super::id::text;

/// A resource with a patch merged into it; null where the patch deletes it.
pub(super) fn merge(kinds: &Kinds, resource: &Value, patch: &Value) -> Result<Value, String> {
    let options = Options::with_placement(Placement::Prepend);
    let unknown = Schema::default();
    let (schema, type_id) = match kinds.get(text(resource, "apiVersion"), text(resource, "kind")) {
        Some(kind) => (&kind.schema, Some(kind.type_id)),
        None => (&unknown, None),
    };
    let mut merged = strategic::merge(schema, type_id, resource, patch, &options).map_err(|error| error.to_string())?;
    drop_nulls(&mut merged);
    Ok(merged)
}

/// Takes away the fields that are null: kustomize walks all maps of a resource that it patches, and keeps no null.
fn drop_nulls(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|_, field| !field.is_null());
        map.values_mut().for_each(drop_nulls);
    }
}
