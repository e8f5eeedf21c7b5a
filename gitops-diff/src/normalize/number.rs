//! Numbers by their value: `1` is `1.0`.

use gitops_core::Value;
use serde_json::Number;

/// Whether two numbers are equal, however they are written. Whole numbers are compared exactly.
pub fn equal(left: &Number, right: &Number) -> bool {
    match (as_whole(left), as_whole(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left.as_f64() == right.as_f64(),
    }
}

fn as_whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Whether two values are equal, numbers in them by their value.
pub fn equal_deep(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => equal(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal_deep(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|((a, left), (b, right))| a == b && equal_deep(left, right))
        }
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        assert!(equal_deep(&json!({"a": [1, 2.0]}), &json!({"a": [1.0, 2]})));
        assert!(!equal_deep(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
        assert!(!equal_deep(&json!(1), &json!("1")));
    }
}
