//! Numbers, dates and the escapes of text.

use crate::quote::quote;
use crate::syntax::number::{read_float, read_signed};
use crate::time::{Moment, Zone, parse};
use crate::value::Value;

/// Layouts of dates in the order in which they are tried, with the zones that Go gives what has none.
const LAYOUTS: [(&[u8], &str); 7] = [
    (b"2006-01-02T15:04:05.999999999Z07:00", ""),
    (b"2006-01-02T15:04:05.999999999", LOCAL_DATETIME),
    (b"2006-01-02", LOCAL_DATE),
    (b"15:04:05.999999999", LOCAL_TIME),
    (b"2006-01-02T15:04Z07:00", ""),
    (b"2006-01-02T15:04", LOCAL_DATETIME),
    (b"15:04", LOCAL_TIME),
];

pub(super) const LOCAL_DATETIME: &str = "datetime-local";
pub(super) const LOCAL_DATE: &str = "date-local";
pub(super) const LOCAL_TIME: &str = "time-local";

pub(super) fn integer(text: &str) -> Result<Value, String> {
    if !underscores_between_digits(text) {
        return Err(format!("Invalid integer {}: underscores must be surrounded by digits", quote(text.as_bytes())));
    }
    if has_leading_zero(text) {
        return Err(format!("Invalid integer {}: cannot have leading zeroes", quote(text.as_bytes())));
    }
    read_signed(text).map(Value::Int64).ok_or_else(|| format!("{text} is out of range for int64"))
}

pub(super) fn float(text: &str) -> Result<Value, String> {
    let invalid = |why: &str| Err(format!("Invalid float {}: {why}", quote(text.as_bytes())));
    let mut parts = text.split(['.', 'e', 'E']).filter(|part| !part.is_empty());
    if !parts.clone().all(underscores_between_digits) {
        return invalid("underscores must be surrounded by digits");
    }
    if parts.next().is_some_and(has_leading_zero) {
        return invalid("cannot have leading zeroes");
    }
    if text.split('.').skip(1).any(|decimals| !decimals.starts_with(|digit: char| digit.is_ascii_digit())) {
        return invalid("'.' must be followed by one or more digits");
    }
    let number = match text.trim_start_matches(['+', '-']) {
        "inf" => f64::INFINITY,
        "nan" => f64::NAN,
        _ => return finite(text),
    };
    Ok(Value::Float(if text.starts_with('-') { -number } else { number }))
}

fn finite(text: &str) -> Result<Value, String> {
    let digits = text.replace('_', "");
    match read_float(&digits) {
        Some(number) if number.is_finite() => Ok(Value::Float(number)),
        _ if digits.parse::<f64>().is_ok() => Err(format!("{text} is out of range for float64")),
        _ => Err(format!("Invalid float value: {}", quote(text.as_bytes()))),
    }
}

pub(super) fn datetime(text: &str) -> Result<Value, String> {
    let text = text.replace('z', "Z").replace(['t', ' '], "T");
    let wrong = || format!("invalid datetime: {}", quote(text.as_bytes()));
    for (layout, zone) in LAYOUTS {
        let Ok(moment) = parse(layout, text.as_bytes()) else { continue };
        let punctuation = layout.iter().zip(text.as_bytes()).take_while(|(wanted, _)| !matches!(wanted, b'.' | b'Z'));
        if punctuation.into_iter().any(|(wanted, found)| !wanted.is_ascii_digit() && wanted != found) {
            return Err(wrong());
        }
        let zone = if zone.is_empty() { moment.zone.clone() } else { Zone::Fixed { offset: 0, name: zone.to_owned() } };
        return Ok(Value::object(Moment { zone, ..moment }));
    }
    Err(wrong())
}

fn has_leading_zero(text: &str) -> bool {
    match text.as_bytes() {
        [b'0', radix, ..] => !matches!(radix, b'b' | b'o' | b'x'),
        [b'+' | b'-', b'0', _, ..] => true,
        _ => false,
    }
}

fn underscores_between_digits(text: &str) -> bool {
    if matches!(text.trim_start_matches(['+', '-']), "nan" | "inf") {
        return true;
    }
    let mut digit = false;
    for character in text.chars() {
        if character == '_' && !digit {
            return false;
        }
        digit = character.is_ascii_hexdigit();
    }
    digit
}

/// Text of several lines: a newline at the start is no part of it.
pub(super) fn without_first_newline(text: &str) -> &str {
    text.strip_prefix('\n').or_else(|| text.strip_prefix("\r\n")).unwrap_or(text)
}

/// Without backslashes at the ends of lines, and the blanks that follow them.
pub(super) fn without_escaped_newlines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escaped) = rest.split_at(at);
        out.push_str(before);
        let after = escaped.get(1..).unwrap_or_default();
        let trimmed = after.trim_start_matches([' ', '\t', '\r', '\n']);
        let blanks = after.get(..after.len() - trimmed.len()).unwrap_or_default();
        if blanks.contains('\n') {
            rest = trimmed;
        } else {
            let length = 1 + after.chars().next().filter(|next| *next == '\\').map_or(0, char::len_utf8);
            let (kept, after) = escaped.split_at(length);
            out.push_str(kept);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// What escapes stand for.
pub(super) fn unescaped(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let mut characters = rest.get(at + 1..).unwrap_or_default().chars();
        let letter = characters.next().unwrap_or_default();
        rest = characters.as_str();
        let simple = match letter {
            'b' => '\x08',
            't' => '\t',
            'n' => '\n',
            'f' => '\x0c',
            'r' => '\r',
            'e' => '\x1b',
            '"' | '\\' => letter,
            'x' | 'u' | 'U' => {
                let digits = [('x', 2), ('u', 4), ('U', 8)].into_iter().find(|(known, _)| *known == letter);
                let (code, after) = rest.split_at_checked(digits.map_or(0, |(_, digits)| digits)).unwrap_or((rest, ""));
                rest = after;
                let character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
                character.ok_or_else(|| format!("Escaped character '\\u{code}' is not valid UTF-8."))?
            }
            other => return Err(format!("invalid escape: '\\{other}'")),
        };
        out.push(simple);
    }
    out.push_str(rest);
    Ok(out)
}
