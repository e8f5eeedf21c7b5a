//! Strategic merge, as kustomize does it.

use gitops_core::Value;
use gitops_merge::schema::{Kinds, Schema, TypeId};
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
    drop_nulls(&mut merged, schema, type_id);
    Ok(merged)
}

/// Takes away the lists and maps that are null: kustomize walks all maps of a resource that it patches, and keeps of the
/// nulls only those of scalars and of unknown types.
fn drop_nulls(value: &mut Value, schema: &Schema, type_id: Option<TypeId>) {
    let (Value::Object(map), Some(type_id)) = (value, type_id) else { return };
    let Some(fields) = &schema.get(type_id).map else { return };
    map.retain(|name, field| {
        let child = fields.child(name);
        let known = child.map(|child| schema.get(child));
        if field.is_null()
            && known.is_some_and(|known| known.scalar.is_none() && (known.list.is_some() || known.map.is_some()))
        {
            return false;
        }
        drop_nulls(field, schema, child);
        true
    });
}
