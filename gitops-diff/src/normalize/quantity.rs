//! Quantities: `1000m` is `1`, `1Gi` is `1024Mi`.

use gitops_core::Value;
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
    match steps {
        [.., Step::Field("resources"), Step::Field("limits" | "requests"), Step::Field(_)] => true,
        [.., Step::Field("sizeLimit" | "divisor")] => true,
        _ => false,
    }
}

/// The value in billionths, the finest that the API server keeps; none where it is no quantity or too large.
fn parse(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => parse_text(&number.to_string()),
        Value::String(text) => parse_text(text),
        _ => None,
    }
}

fn parse_text(text: &str) -> Option<i128> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (digits, suffix) = unsigned.split_at(end);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || digits.len() > 30 {
        return None;
    }
    let mantissa: i128 = [whole, fraction].concat().parse().ok()?;
    let (factor, exponent) = scale(suffix)?;
    let exponent = exponent.checked_add(9)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let scaled = mantissa.checked_mul(factor)?;
    let power = 10_i128.checked_pow(exponent.unsigned_abs());
    let nano = if exponent >= 0 {
        scaled.checked_mul(power?)?
    } else {
        // Rounded up, as the API server rounds what is finer than a billionth.
        power.map_or(i128::from(scaled > 0), |power| scaled / power + i128::from(scaled % power > 0))
    };
    Some(sign * nano)
}

/// A suffix as a factor and a power of ten.
fn scale(suffix: &str) -> Option<(i128, i32)> {
    Some(match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        _ => (1, suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    })
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
