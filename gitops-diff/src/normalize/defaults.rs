//! Defaults: what the server fills in where the source says nothing.
//!
//! Outside of values that are written as a whole nothing is needed: what only the live object has and the engine does
//! not own is left alone, defaulted or not. Inside of them (a list without keys, an atomic struct) a field that only
//! the live value has would be removed by an apply, unless the server puts it there again.

use gitops_core::{Object, Value};
use gitops_merge::schema::{Kind, Origin};

use crate::path::Step;

/// The default that nearly every workload has in such a value, known without a look at the types.
pub(crate) fn is_well_known(have: &Value, steps: &[Step<'_>]) -> bool {
    matches!(steps, [.., Step::Field("fieldRef"), Step::Field("apiVersion")]) && have == "v1"
}

/// The printable part of an object as the server would complete it; as it is where its kind is not known.
pub(crate) fn filled(kind: Option<&Kind>, object: &Object) -> Value {
    let mut body = Value::Object(object.body().clone());
    match kind.map(|kind| (kind, &kind.origin)) {
        Some((kind, Origin::Builtin { .. })) => gitops_merge::defaults::fill(kind, &mut body),
        Some((_, Origin::Custom { schema: Some(schema) })) => gitops_merge::custom::default(&mut body, schema),
        _ => {}
    }
    body
}
