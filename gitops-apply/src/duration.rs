//! Durations in Go's notation, such as `1h30m`.

use jiff::SignedDuration;

/// Reads a duration as Go's `time.ParseDuration`: a sign, then decimal numbers with units. None where the text is none.
pub fn go_duration(text: &str) -> Option<SignedDuration> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut total = 0.0;
    loop {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(end);
        let number: f64 = number.parse().ok()?;
        let unit_end = after.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        total += number * seconds(unit)?;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    SignedDuration::try_from_secs_f64(if negative { -total } else { total }).ok()
}

fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        assert_eq!(go_duration("1h30m"), Some(SignedDuration::from_mins(90)));
        assert_eq!(go_duration("-1.5h"), Some(SignedDuration::from_mins(-90)));
        for text in ["x", "1", "1 s", "1.s.", "s", "1d", ""] {
            assert_eq!(go_duration(text), None, "{text}");
        }
    }
}
