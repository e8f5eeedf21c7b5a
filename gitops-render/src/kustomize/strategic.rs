//! Strategic merge, as kustomize does it.

use gitops_core::Value;
use gitops_merge::schema::Schema;
use gitops_merge::strategic::{self, Options, Placement};

use super::id::text;
use super::schemas::Schemas;

/// A resource with a patch merged into it; null where the patch deletes it. Where the resource's kind is not known, the
/// patch's says how lists are merged.
pub(super) fn merge(schemas: &Schemas, resource: &Value, patch: &Value) -> Result<Value, String> {
    let options = Options::with_placement(Placement::Prepend);
    let unknown = Schema::default();
    let known = |value: &Value| schemas.get(text(value, "apiVersion"), text(value, "kind"));
    let (schema, type_id) = match known(resource).or_else(|| known(patch)) {
        Some((schema, type_id)) => (schema, Some(type_id)),
        None => (&unknown, None),
    };
    strategic::merge(schema, type_id, resource, patch, &options).map_err(|error| error.to_string())
}
