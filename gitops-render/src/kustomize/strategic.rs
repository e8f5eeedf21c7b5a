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
    strategic::merge(schema, type_id, resource, patch, &options).map_err(|error| error.to_string())
}
