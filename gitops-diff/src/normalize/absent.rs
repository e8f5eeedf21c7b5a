//! Null, zero and empty values that mean the same as no value.

use gitops_core::Value;
use gitops_merge::schema::Format;

use super::quantity;
use crate::shape::Shape;

/// Whether the API server stores nothing for this value: null, and where the kind's type is written with `omitempty`
/// its zero or empty value, such as `hostNetwork: false` or `labels: {}`. Of kinds whose types are not known the
/// server keeps every value but null.
pub(crate) fn means_absent(value: &Value, shape: Shape<'_>) -> bool {
    value.is_null() || shape.drops(value) || is_empty_struct(value, shape) || is_zero_quantity(value, shape)
}

/// A struct held by value, such as `resources: {}`: the server cannot tell it from an absent one where all that it
/// holds means nothing.
fn is_empty_struct(value: &Value, shape: Shape<'_>) -> bool {
    match value {
        Value::Object(map) => {
            shape.is_plain_struct() && map.iter().all(|(key, value)| means_absent(value, shape.entry(key)))
        }
        _ => false,
    }
}

/// A quantity held by value (`divisor`) is written as `0` where it was never set.
fn is_zero_quantity(value: &Value, shape: Shape<'_>) -> bool {
    shape.format() == Format::Quantity && shape.is_plain_struct() && quantity::equal(value, &Value::from(0))
}
