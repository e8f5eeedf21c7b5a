//! Numbers under `printf`: bases, signs, prefixes, zeros.

use super::decimal::{self, Style};
use super::printer::Printer;

/// How a whole number is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Binary,
    Octal,
    /// Octal with the prefix `0o`, as `%O` has it.
    MarkedOctal,
    Decimal,
    Hexadecimal,
    UpperHexadecimal,
}

impl Printer {
    /// A whole number: its magnitude and sign.
    pub(super) fn whole(&mut self, magnitude: u64, negative: bool, base: Base) {
        let sign = match (negative, self.flags.plus, self.flags.space) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let least = match self.flags.precision {
            Some(0) if magnitude == 0 => return self.fill(self.flags.width, false),
            Some(precision) => precision,
            None if self.flags.zero && !self.flags.minus => self.flags.width.saturating_sub(sign.len()),
            None => 0,
        };
        let digits = match base {
            Base::Binary => format!("{magnitude:b}"),
            Base::Octal | Base::MarkedOctal => format!("{magnitude:o}"),
            Base::Decimal => magnitude.to_string(),
            Base::Hexadecimal => format!("{magnitude:x}"),
            Base::UpperHexadecimal => format!("{magnitude:X}"),
        };
        let zeros = least.saturating_sub(digits.len());
        let mut written = String::with_capacity(digits.len() + zeros + 5);
        written.push_str(sign);
        if base == Base::MarkedOctal {
            written.push_str("0o");
        }
        if self.flags.sharp {
            written.push_str(match base {
                Base::Binary => "0b",
                Base::Octal | Base::MarkedOctal if zeros == 0 && !digits.starts_with('0') => "0",
                Base::Hexadecimal => "0x",
                Base::UpperHexadecimal => "0X",
                _ => "",
            });
        }
        written.extend(std::iter::repeat_n('0', zeros));
        written.push_str(&digits);
        self.pad_with(written.as_bytes(), false);
    }

    /// A float in the style of a verb; `precision` is what the verb has where none is given.
    pub(super) fn float(&mut self, number: f64, style: Style, precision: Option<usize>) {
        let precision = self.flags.precision.or(precision);
        let text = decimal::float(number, style, precision);
        let (sign, digits) = match text.strip_prefix(['-', '+']) {
            Some(digits) if text.starts_with('-') => ('-', digits),
            Some(digits) => ('+', digits),
            None => ('+', text.as_str()),
        };
        let sign = if self.flags.space && !self.flags.plus && sign == '+' { ' ' } else { sign };
        let infinite = digits.starts_with('I');
        if infinite || digits.starts_with('N') {
            // Infinity always has its sign.
            let signed = infinite || self.flags.space || self.flags.plus;
            let written = if signed { format!("{sign}{digits}") } else { digits.to_owned() };
            return self.pad_with(written.as_bytes(), false);
        }
        let restored;
        let digits = if self.flags.sharp && style != Style::Binary {
            restored = with_point(digits, style, precision);
            restored.as_str()
        } else {
            digits
        };
        if !self.flags.plus && sign == '+' {
            return self.pad(digits.as_bytes());
        }
        let written = format!("{sign}{digits}");
        if self.flags.zero && !self.flags.minus && self.flags.width > written.len() {
            self.push_char(sign);
            self.fill(self.flags.width - written.len(), true);
            return self.push(digits);
        }
        self.pad(written.as_bytes());
    }
}

/// A float with a decimal point, and with the zeros at the end that `%g` leaves out.
fn with_point(text: &str, style: Style, precision: Option<usize>) -> String {
    let hexadecimal = matches!(style, Style::Hexadecimal { .. });
    let end = text.find(|letter| matches!(letter, 'p' | 'P') || (matches!(letter, 'e' | 'E') && !hexadecimal));
    let (digits, tail) = text.split_at(end.unwrap_or(text.len()));
    let mut wanted = match style {
        Style::Shortest { .. } | Style::Hexadecimal { upper: false } => precision.unwrap_or(6),
        _ => 0,
    };
    let mut written = digits.to_owned();
    let significant = digits.chars().filter(|digit| *digit != '.').skip_while(|digit| *digit == '0').count();
    wanted = wanted.saturating_sub(significant);
    if !digits.contains('.') {
        if digits == "0" {
            wanted = wanted.saturating_sub(1);
        }
        written.push('.');
    }
    written.extend(std::iter::repeat_n('0', wanted));
    written.push_str(tail);
    written
}
