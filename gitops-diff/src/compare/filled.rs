//! What a plain create leaves: the object as it was sent, with what the API server filled in.

use crate::DiffContext;
use crate::client_side;
use crate::owners::Owners;
use crate::shape::kind_of;
use gitops_core::{Map, Object, Value};

/// The desired object with what the server fills in, where plain writes of the engine or of a predecessor own fields of the live
/// one: only this tells what was sent from what was filled in. None where nobody wrote so, and where it is not known what the
/// server fills in.
pub(super) fn in_created(desired: &Object, live: &Object, context: &DiffContext<'_>) -> Option<Map> {
    Owners::new(live, context).entries().find(|entry| entry.own && !entry.ours)?;
    let kind = kind_of(context.kinds?, live)?;
    match client_side::filled(kind, Value::Object(desired.body().clone()))? {
        Value::Object(filled) => Some(filled),
        _ => None,
    }
}
