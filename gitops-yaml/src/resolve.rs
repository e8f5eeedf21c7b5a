//! What a plain scalar means, as the Go tools decide it.
//!
//! `sigs.k8s.io/yaml` 1.6 follows go-yaml v2 (`yes` is true, dates are strings); kustomize's kyaml follows go-yaml v3
//! (`yes` is a string, dates are times). Both read `0777` as octal and `1_000` as a number.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::Resolver;

/// A scalar as it stands in the text.
pub(crate) struct Scalar<'a> {
    pub(crate) text: String,
    pub(crate) tag: Option<&'a str>,
    /// Unquoted and untagged.
    pub(crate) plain: bool,
}

const CORE: &str = "tag:yaml.org,2002:";

/// The value of a scalar.
pub(crate) fn value(scalar: Scalar<'_>, resolver: Resolver) -> Result<Value, String> {
    let Scalar { text, tag, plain } = scalar;
    let Some(tag) = tag.and_then(|tag| tag.strip_prefix(CORE)) else {
        return if plain { resolve(text, resolver) } else { Ok(Value::String(text)) };
    };
    match tag {
        "binary" => crate::binary::decode(&text).map(Value::String),
        "int" | "float" | "bool" | "null" | "timestamp" => tagged(text, tag, resolver),
        _ => Ok(Value::String(text)),
    }
}

fn tagged(text: String, tag: &str, resolver: Resolver) -> Result<Value, String> {
    if tag == "timestamp" {
        return match timestamp(&text) {
            Some(time) if resolver == Resolver::Kyaml => Ok(Value::String(time)),
            Some(_) => Ok(Value::String(text)),
            None => Err("the value is not a !!timestamp".into()),
        };
    }
    let value = resolve(text.clone(), resolver)?;
    match (&value, tag) {
        (Value::Null, "null") | (Value::Bool(_), "bool") | (Value::Number(_), "float") => Ok(value),
        (Value::Number(number), "int") if !number.is_f64() => Ok(value),
        // The value may be a secret, so it is not quoted.
        _ => Err(format!("the value is not a !!{tag}")),
    }
}

/// The text of a scalar that is a map's key.
pub(crate) fn key(scalar: Scalar<'_>, resolver: Resolver) -> Result<String, String> {
    if resolver == Resolver::Kyaml {
        return Ok(scalar.text);
    }
    // Most keys are words that nothing else is meant by.
    if scalar.plain && is_plain_string(&scalar.text) {
        return Ok(scalar.text);
    }
    if scalar.plain
        && let Some(special) = special_key(&scalar.text)
    {
        return Ok(special.to_owned());
    }
    key_of(value(scalar, resolver)?)
}

/// The key that a value makes: `sigs.k8s.io/yaml` writes floats in the precision of 32 bits.
pub(crate) fn key_of(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) if number.is_f64() => Ok(crate::number::go_key(number.as_f64().unwrap_or_default())),
        Value::Number(number) if number.is_i64() => Ok(number.to_string()),
        other => Err(format!("`{other}` cannot be a key")),
    }
}

fn special_key(text: &str) -> Option<&'static str> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(".inf"),
        "-.inf" | "-.Inf" | "-.INF" => Some("-.inf"),
        ".nan" | ".NaN" | ".NAN" => Some(".nan"),
        _ => None,
    }
}

/// What a plain scalar of this text means, where JSON has a form for it.
pub(crate) fn plain(text: &str, resolver: Resolver) -> Option<Value> {
    resolve(text.to_owned(), resolver).ok()
}

/// Whether a plain scalar of this text is a string.
pub(crate) fn is_string(text: &str, resolver: Resolver) -> bool {
    matches!(plain(text, resolver), Some(Value::String(_)))
}

fn resolve(text: String, resolver: Resolver) -> Result<Value, String> {
    if let Some(value) = word(&text, resolver) {
        return Ok(value);
    }
    let Some(first) = text.bytes().next() else { return Ok(Value::Null) };
    match first {
        b'0'..=b'9' | b'+' | b'-' => {}
        b'.' => return special_float(&text).unwrap_or_else(|| Ok(fraction(&text).unwrap_or(Value::String(text)))),
        _ => return Ok(Value::String(text)),
    }
    if resolver == Resolver::Kyaml
        && let Some(time) = timestamp(&text)
    {
        return Ok(Value::String(time));
    }
    if let Some(result) = special_float(&text) {
        return result;
    }
    let digits = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text.as_str()) };
    let number = integer(&digits).or_else(|| float(&digits));
    Ok(number.unwrap_or(Value::String(text)))
}

/// Whether a plain scalar is a string to go-yaml v2, and to the readers of YAML 1.1 for whom it quotes times of day.
pub(crate) fn is_plain_string(text: &str) -> bool {
    match text.as_bytes().first() {
        None => false,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            word(text, Resolver::Sigs).is_none()
        }
        Some(b'.') => special_float(text).is_none() && fraction(text).is_none(),
        Some(b'0'..=b'9' | b'+' | b'-') => !is_number(text) && !is_base60(text) && timestamp(text).is_none(),
        Some(_) => true,
    }
}

fn is_number(text: &str) -> bool {
    let digits = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    special_float(text).is_some() || integer(&digits).is_some() || float(&digits).is_some()
}

/// A number of YAML 1.1 to the base of 60, which go-yaml quotes though it reads it as a string: `12:30:45`.
fn is_base60(text: &str) -> bool {
    let mut parts = text.strip_prefix(['+', '-']).unwrap_or(text).split(':');
    let head = parts.next().unwrap_or_default();
    if !head.starts_with(|first: char| first.is_ascii_digit()) || !head.bytes().all(digit_or_line) {
        return false;
    }
    let mut places = 0;
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let place = match part.split_once('.') {
            Some((place, fraction)) if parts.peek().is_none() && fraction.bytes().all(digit_or_line) => place,
            Some(_) => return false,
            None => part,
        };
        if !matches!(place.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']) {
            return false;
        }
        places += 1;
    }
    places > 0
}

fn digit_or_line(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

fn word(text: &str, resolver: Resolver) -> Option<Value> {
    Some(match text {
        "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if resolver == Resolver::Sigs => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if resolver == Resolver::Sigs => Value::Bool(false),
        _ => return None,
    })
}

/// Infinity and not-a-number, which JSON has no form for.
fn special_float(text: &str) -> Option<Result<Value, String>> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let special = matches!(bare, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN");
    special.then(|| Err(format!("`{text}` has no form in JSON")))
}

/// An integer as Go's `strconv.ParseInt(text, 0, 64)` reads it: decimal, `0x`, `0o`, `0b`, and octal by a leading zero.
fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // go-yaml reads what is behind `0b` as a number with a sign of its own.
    if radix == 2 && text.starts_with("0b") && digits.len() > 1 && digits.starts_with(['+', '-']) {
        return i64::from_str_radix(digits, radix).ok().map(Value::from);
    }
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative { 0i64.checked_sub_unsigned(magnitude).map(Value::from) } else { Some(Value::from(magnitude)) }
}

/// A float where the text has go-yaml's form of one and a finite value.
fn float(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let whole = digits(at);
    let has_whole = whole > at;
    at = whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if !has_whole && fraction == at + 1 {
            return None;
        }
        at = fraction;
    } else if !has_whole {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let start = at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(start);
        if exponent == start {
            return None;
        }
        at = exponent;
    }
    if at != bytes.len() {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    Number::from_f64(number).map(Value::Number)
}

/// A float that begins with its point: here Go's `strconv` takes the underscores, which must stand between digits.
fn fraction(text: &str) -> Option<Value> {
    if !text.contains('_') {
        return float(text);
    }
    let around = |part: &str| part.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit());
    let mut parts = text.split('_').peekable();
    while let (Some(part), Some(next)) = (parts.next(), parts.peek()) {
        if !around(part) || !next.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
    }
    float(&text.replace('_', ""))
}

/// A date, or a date and a time, in the form in which Go's time prints it.
fn timestamp(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !(1..=2).contains(&month.len()) || !(1..=2).contains(&day.len()) {
        return None;
    }
    let (month, day): (u8, u8) = (month.parse().ok()?, day.parse().ok()?);
    let leap = |year: u32| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap(year.parse().ok()?) => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > days {
        return None;
    }
    let Some(rest) = rest else { return Some(format!("{year}-{month:02}-{day:02}T00:00:00Z")) };
    let zone_at = rest.find(['Z', '+', '-']);
    let (clock, zone) = match zone_at {
        Some(at) => (&rest[..at], &rest[at..]),
        // Without a zone only the form with a blank is a time.
        None if text.contains(' ') => (rest, "Z"),
        None => return None,
    };
    if zone_at.is_some() && text.contains(' ') {
        return None;
    }
    let (clock, fraction) = clock.split_once(['.', ',']).map_or((clock, ""), |(clock, fraction)| (clock, fraction));
    let mut parts = clock.split(':');
    let mut number = |limit: u8| parts.next()?.parse::<u8>().ok().filter(|value| *value < limit);
    let (hour, minute, second) = (number(24)?, number(60)?, number(60)?);
    if parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.get(..9).unwrap_or(fraction).trim_end_matches('0');
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    let zone = match zone.as_bytes() {
        b"Z" => "Z",
        [b'+' | b'-', b'0'..=b'9', b'0'..=b'9', b':', b'0'..=b'9', b'0'..=b'9'] if zone[1..] == *"00:00" => "Z",
        [b'+' | b'-', b'0'..=b'9', b'0'..=b'9', b':', b'0'..=b'9', b'0'..=b'9'] => zone,
        _ => return None,
    };
    Some(format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}
