use crate::quote::quote;

/// Nanoseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// The units of durations in nanoseconds. There are two signs for micro.
const UNITS: &[(&[u8], u64)] = &[
    (b"ns", 1),
    (b"us", 1_000),
    ("\u{b5}s".as_bytes(), 1_000),
    ("\u{3bc}s".as_bytes(), 1_000),
    (b"ms", 1_000_000),
    (b"s", 1_000_000_000),
    (b"m", 60_000_000_000),
    (b"h", 3_600_000_000_000),
];

/// Nanoseconds as `Duration.String` writes them: `1h2m3.5s`.
pub(crate) fn duration_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let whole = nanoseconds.unsigned_abs();
    let below_second = match whole {
        0 => return "0s".to_owned(),
        1..1_000 => Some((1, "ns")),
        1_000..1_000_000 => Some((1_000, "\u{b5}s")),
        1_000_000..1_000_000_000 => Some((1_000_000, "ms")),
        _ => None,
    };
    if let Some((unit, name)) = below_second {
        return format!("{sign}{}{name}", decimal(whole, unit));
    }
    let seconds = decimal(whole % 60_000_000_000, 1_000_000_000);
    let minutes = whole / 60_000_000_000;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// A number of units with as many decimals as it has.
fn decimal(whole: u64, unit: u64) -> String {
    let fraction = whole % unit;
    if fraction == 0 {
        return (whole / unit).to_string();
    }
    let digits = unit.ilog10() as usize;
    let fraction = format!("{fraction:0digits$}");
    format!("{}.{}", whole / unit, fraction.trim_end_matches('0'))
}

/// To the nearest second, halves away from zero.
pub(crate) fn round_to_second(nanoseconds: i64) -> i64 {
    let rest = nanoseconds % SECOND;
    let down = nanoseconds - rest;
    if rest.abs() * 2 < SECOND { down } else { down.saturating_add(SECOND * rest.signum()) }
}

/// Nanoseconds of a text like `-1.5h`. The error is Go's.
pub(crate) fn parse_duration(text: &[u8]) -> Result<i64, String> {
    let fail = |words: &str| format!("time: {words} {}", quote(text));
    let invalid = || fail("invalid duration");
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0u64;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after {
            [b'.', after @ ..] => digits(after),
            after => (b"".as_slice(), after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after.iter().position(|byte| *byte == b'.' || byte.is_ascii_digit()).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        if name.is_empty() {
            return Err(fail("missing unit in duration"));
        }
        let Some((_, unit)) = UNITS.iter().find(|(known, _)| *known == name) else {
            return Err(fail(&format!("unknown unit {} in duration", quote(name))));
        };
        let part = nanoseconds(whole, fraction, *unit).ok_or_else(invalid)?;
        total = total.checked_add(part).filter(|total| *total <= 1 << 63).ok_or_else(invalid)?;
        rest = after;
    }
    if negative {
        return Ok(0i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// The digits at the start, and what comes after them.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as Go does")]
fn nanoseconds(whole: &[u8], fraction: &[u8], unit: u64) -> Option<u64> {
    let mut number = 0u64;
    for digit in whole {
        number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    let mut total = number.checked_mul(unit).filter(|total| *total <= 1 << 63)?;
    // Digits beyond what 63 bits hold are of no account.
    let (mut number, mut scale) = (0u64, 1.0);
    for digit in fraction {
        match number.checked_mul(10).and_then(|number| number.checked_add(u64::from(digit - b'0'))) {
            Some(next) if next <= 1 << 63 => (number, scale) = (next, scale * 10.0),
            _ => break,
        }
    }
    if number > 0 {
        total += (number as f64 * (unit as f64 / scale)) as u64;
    }
    Some(total).filter(|total| *total <= 1 << 63)
}
