//! What a plain create leaves: the object as it was sent, with what the API server filled in.

use gitops_core::{Map, Object, Value};
use gitops_merge::schema::{Kinds, Origin};
use gitops_merge::{custom, defaults, normalize};

use crate::owners::Owners;
use crate::shape::kind_of;

/// The desired object with what the server fills in, where the live object was only created by the engine yet. Its fields
/// are then owned by a plain write, and only this tells what was sent from what was filled in. None where an apply tells
/// it, and where it is not known what the server fills in.
pub(super) fn in_created(desired: &Object, live: &Object, kinds: &Kinds, manager: &str) -> Option<Map> {
    let owners = Owners::new(live, manager);
    if owners.entries().any(|entry| entry.ours) || !owners.entries().any(|entry| entry.own) {
        return None;
    }
    let kind = kind_of(kinds, live)?;
    let mut value = Value::Object(desired.body().clone());
    match &kind.origin {
        Origin::Builtin { .. } => {
            // Structs that Go never leaves out are written empty. What has no such form is refused when it is written.
            value = normalize::canonical(&kind.schema, kind.type_id, &value).ok()?.value;
            defaults::fill(kind, &mut value);
        }
        Origin::Custom { schema: Some(schema) } => custom::default(&mut value, schema),
        Origin::Custom { schema: None } => {}
    }
    match value {
        Value::Object(filled) => Some(filled),
        _ => None,
    }
}
