//! Bytes in base64: line breaks in it mean nothing.

use gitops_core::Value;

use crate::shape::Shape;

/// Whether two texts are the same base64 where the field holds bytes (`caBundle`, `binaryData`).
pub(crate) fn equal_at(left: &Value, right: &Value, shape: Shape<'_>) -> bool {
    let (Value::String(left), Value::String(right)) = (left, right) else { return false };
    shape.is_bytes() && significant(left).eq(significant(right))
}

// Go's decoder, which the API server uses, skips exactly these two.
fn significant(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n'))
}
