//! Defaults: what the server fills in where the source says nothing.
//!
//! Outside of values that are written as a whole nothing is needed: what only the live object has and the engine does
//! not own is left alone, defaulted or not. Inside of them (a list without keys, an atomic struct) a field that only
//! the live value has would be removed by an apply, unless the server puts it there again.

use gitops_core::Value;

use super::{absent, number, quantity};
use crate::path::Step;
use crate::shape::Shape;

/// Whether the server would fill in this live value where the source leaves it out.
pub(crate) fn is_default(have: &Value, shape: Shape<'_>, steps: &[Step<'_>]) -> bool {
    let stated = shape.default().is_some_and(|default| number::equal_deep(default, have));
    stated || absent::means_absent(have, shape) || is_builtin(have, steps)
}

/// Defaults of the built-in kinds at places that are written as a whole (Kubernetes API reference, v1.34).
fn is_builtin(have: &Value, steps: &[Step<'_>]) -> bool {
    let Some((Step::Field(last), before)) = steps.split_last() else { return false };
    let parent = before.iter().rev().find_map(|step| match step {
        Step::Field(name) => Some(*name),
        _ => None,
    });
    match (parent.unwrap_or_default(), *last) {
        ("fieldRef", "apiVersion") => have == "v1",
        ("resourceFieldRef", "divisor") => quantity::equal(have, &Value::from(0)),
        ("ports", "protocol") => have == "TCP",
        ("serviceAccountToken", "expirationSeconds") => have == 3600,
        ("rules", "scope") => have == "*",
        ("roleRef" | "subjects", "apiGroup") => have == "rbac.authorization.k8s.io",
        ("volumeClaimTemplates", "apiVersion") => have == "v1",
        ("volumeClaimTemplates", "kind") => have == "PersistentVolumeClaim",
        ("volumeClaimTemplates", "status") => true,
        ("spec", "volumeMode") => have == "Filesystem",
        ("metadata", "creationTimestamp") => have.is_null(),
        _ => false,
    }
}
