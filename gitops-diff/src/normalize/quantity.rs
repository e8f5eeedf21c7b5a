//! Quantities: `1000m` is `1`, `1Gi` is `1024Mi`.

use gitops_core::Value;
use gitops_core::quantity::Quantity;
use gitops_merge::schema::Format;

use crate::path::Step;
use crate::shape::Shape;

/// Whether two values are the same quantity, where the field is one: by its type, or in kinds whose types are not
/// known by its place in what looks like resource requirements.
pub(crate) fn equal_at(left: &Value, right: &Value, shape: Shape<'_>, steps: &[Step<'_>]) -> bool {
    let is_quantity = shape.format() == Format::Quantity || (shape.is_unknown() && is_known_place(steps));
    is_quantity && equal(left, right)
}

/// Whether two texts or numbers are the same quantity.
pub fn equal(left: &Value, right: &Value) -> bool {
    match (parse(left), parse(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

fn is_known_place(steps: &[Step<'_>]) -> bool {
    matches!(
        steps,
        [.., Step::Field("resources"), Step::Field("limits" | "requests"), Step::Field(_)]
            | [.., Step::Field("sizeLimit" | "divisor")]
    )
}

fn parse(value: &Value) -> Option<Quantity> {
    match value {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_quantity_has_many_spellings() {
        for (left, right) in [
            (json!("1000m"), json!(1)),
            (json!("1Gi"), json!("1024Mi")),
            (json!("0.5"), json!("500m")),
            (json!("1e3"), json!("1k")),
            (json!(".1"), json!("100m")),
            (json!("1E"), json!("1000P")),
            (json!("-1"), json!("-1000m")),
        ] {
            assert!(equal(&left, &right), "{left} {right}");
        }
        for (left, right) in [(json!("1G"), json!("1Gi")), (json!("one"), json!("one")), (json!("1"), json!("1m"))] {
            assert!(!equal(&left, &right), "{left} {right}");
        }
    }
}
