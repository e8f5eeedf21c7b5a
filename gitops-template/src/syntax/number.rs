//! Number literals, as Go's `strconv` reads them with base 0.

use super::node::Number;
use super::token::Kind;
use crate::quote::{quote, unquote_one};

impl Number {
    /// The number of a token.
    pub(crate) fn read(text: &[u8], kind: Kind) -> Result<Self, String> {
        let shown = String::from_utf8_lossy(text).into_owned();
        if kind == Kind::Character {
            return character(text, shown);
        }
        if let Some(inside) = shown.strip_suffix('i') {
            // The sign of the imaginary part is not the one the literal starts with, nor one of an exponent.
            let parted = inside.rfind(['+', '-']).filter(|at| {
                kind == Kind::Complex && *at > 0 && !inside.get(..*at).is_some_and(|real| real.ends_with(['e', 'E']))
            });
            let (real, imaginary) = inside.split_at(parted.unwrap_or(0));
            let real = if parted.is_some() { read_float(real) } else { Some(0.0) };
            return match (real, read_float(imaginary)) {
                (Some(real), Some(imaginary)) => Ok(Self::complex(shown, real, imaginary)),
                _ => Err(format!("illegal number syntax: {}", quote(text))),
            };
        }
        let unsigned = read_unsigned(&shown);
        let int = read_signed(&shown);
        let mut number = Self { int, unsigned, text: shown, ..Self::default() };
        if number.int == Some(0) {
            number.unsigned = Some(0);
        }
        if let Some(int) = number.int {
            number.float = Some(int as f64);
        } else if let Some(unsigned) = number.unsigned {
            number.float = Some(unsigned as f64);
        } else if let Some(float) = read_float(&number.text) {
            if !number.text.contains(['.', 'e', 'E', 'p', 'P']) {
                return Err(format!("integer overflow: {}", quote(text)));
            }
            number.float = Some(float);
            let whole = float.fract() == 0.0;
            number.int = (whole && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float))
                .then_some(float as i64);
            number.unsigned = (whole && (0.0..18_446_744_073_709_551_616.0).contains(&float)).then_some(float as u64);
        }
        if number.float.is_none() {
            return Err(format!("illegal number syntax: {}", quote(text)));
        }
        Ok(number)
    }

    /// A complex number, which is a plain one where it has no imaginary part.
    fn complex(text: String, real: f64, imaginary: f64) -> Self {
        if imaginary != 0.0 {
            return Self { text, complex: Some((real, imaginary)), ..Self::default() };
        }
        let whole = real.fract() == 0.0 && real.abs() < 9e18;
        Self { text, int: whole.then_some(real as i64), float: Some(real), complex: Some((real, 0.0)), unsigned: None }
    }

    /// The value that the literal has where any type will do; none where it is too large for an `int`.
    pub(crate) fn is_float_literal(&self) -> bool {
        let hexadecimal = self.text.len() > 2
            && (self.text.starts_with("0x") || self.text.starts_with("0X"))
            && !self.text.contains(['p', 'P']);
        self.float.is_some()
            && !hexadecimal
            && !self.text.starts_with('\'')
            && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

fn character(text: &[u8], shown: String) -> Result<Number, String> {
    let malformed = || format!("malformed character constant: {shown}");
    let inside = text.get(1..).unwrap_or_default();
    if inside.first() == Some(&b'\'') {
        return Err("invalid syntax".to_owned());
    }
    let mut ignored = Vec::new();
    let Some((code, tail)) = unquote_one(inside, b'\'', &mut ignored) else { return Err("invalid syntax".to_owned()) };
    if tail != b"'" {
        return Err(malformed());
    }
    Ok(Number {
        int: Some(code.into()),
        unsigned: Some(code.into()),
        float: Some(code.into()),
        complex: None,
        text: shown,
    })
}

/// `strconv.ParseInt(text, 0, 64)`.
pub(crate) fn read_signed(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = read_unsigned(digits)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// `strconv.ParseUint(text, 0, 64)`.
pub(crate) fn read_unsigned(text: &str) -> Option<u64> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, text.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, text.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, text.get(2..)?),
        [b'0', _, ..] => (8, text.get(1..)?),
        _ => (10, text),
    };
    let prefixed = digits.len() < text.len();
    if digits.starts_with(['+', '-']) || !underscores_part_digits(digits, prefixed) {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix).ok()
}

/// Underscores stand between digits, or between a prefix and a digit.
fn underscores_part_digits(digits: &str, prefixed: bool) -> bool {
    !digits.ends_with('_') && !digits.contains("__") && (prefixed || !digits.starts_with('_'))
}

/// `strconv.ParseFloat(text, 64)` of what the lexer takes for a number; decimal only, save for hexadecimal floats.
pub(crate) fn read_float(text: &str) -> Option<f64> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hexadecimal) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        return hexadecimal_float(hexadecimal).map(|float| sign * float);
    }
    if unsigned.contains('_') || !unsigned.starts_with(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.']) {
        return None;
    }
    unsigned.parse::<f64>().ok().filter(|float| float.is_finite()).map(|float| sign * float)
}

fn hexadecimal_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().ok()?;
    let mut value = 0.0;
    for digit in whole.chars().chain(part.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = exponent.checked_sub(i32::try_from(part.len()).ok()?.checked_mul(4)?)?;
    Some(value * 2f64.powi(shift)).filter(|float| float.is_finite() && !mantissa.is_empty())
}
