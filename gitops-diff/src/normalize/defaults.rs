//! Defaults: what the server fills in where the source says nothing.
//!
//! Outside of values that are written as a whole nothing is needed: what only the live object has and the engine does
//! not own is left alone, defaulted or not. Inside of them (a list without keys, an atomic struct) a field that only
//! the live value has would be removed by an apply, unless the server puts it there again.

use gitops_core::Value;

use crate::path::Step;

/// The default that nearly every workload has in such a value, known without a look at the types.
pub(crate) fn is_well_known(have: &Value, steps: &[Step<'_>]) -> bool {
    matches!(steps, [.., Step::Field("fieldRef"), Step::Field("apiVersion")]) && have == "v1"
}
