use std::borrow::Cow;

use serde_json::Number;

/// A number as Go's `encoding/json` writes it: `1.0` as `1`, `1e21` as `1e+21`, `0.0000001` as `1e-7`.
pub fn go_number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => json_float(float),
        _ => number.to_string(),
    }
}

fn json_float(float: f64) -> String {
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) { scientific(float, 1) } else { float.to_string() }
}

/// A number as `sigs.k8s.io/yaml` writes it, which reads it from JSON first: whole numbers of up to 64 bits in full,
/// others by Go's `%g` (`1.5e+06`, `1e-07`).
pub(crate) fn yaml_number(number: &Number) -> Cow<'static, str> {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string().into() };
    let text = json_float(float);
    if text == "-0" {
        return "0".into();
    }
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return text.into();
    }
    go_float(float).into()
}

/// A float by Go's `strconv.FormatFloat(float, 'g', -1, 64)`.
pub fn go_float(float: f64) -> String {
    let text = format!("{float:e}");
    let exponent = text.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()).unwrap_or(0);
    if (-4..6).contains(&exponent) { float.to_string() } else { scientific(float, 2) }
}

/// A float as `sigs.k8s.io/yaml` writes it where it is a key: `strconv.FormatFloat(float, 'g', -1, 32)`.
#[allow(clippy::cast_possible_truncation, reason = "the precision is what the key is rounded to")]
pub(crate) fn go_key(float: f64) -> String {
    let short = float as f32;
    if short.is_infinite() {
        return if short > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    // The shortest digits that mean the number in 32 bits, not in 64.
    go_float(short.to_string().parse().unwrap_or(float))
}

/// Shortest digits with an exponent that has a sign, and at least so many digits.
fn scientific(float: f64, width: usize) -> String {
    let text = format!("{float:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, power) = exponent.strip_prefix('-').map_or(('+', exponent), |power| ('-', power));
    format!("{digits}e{sign}{power:0>width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let text = |float: f64| go_number(&Number::from_f64(float).unwrap());
        assert_eq!(text(1.0), "1");
        assert_eq!(text(1e20), "100000000000000000000");
        assert_eq!(text(1e21), "1e+21");
        assert_eq!(text(1e-7), "1e-7");
        assert_eq!(text(0.25), "0.25");
    }
}
