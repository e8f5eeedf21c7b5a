//! `%q` and `%x` of texts, and what `%c`, `%q` and `%U` make of characters.

use super::printer::Printer;
use crate::quote::{is_printable, quote_with};
use crate::syntax::character::first;

impl Printer {
    /// `%q` of a text: in double quotes, or in back quotes where the flag asks for them and they can hold it.
    pub(super) fn quoted(&mut self, text: &[u8]) {
        let text = self.cut(text);
        if self.flags.sharp && fits_back_quotes(text) {
            let raw = [b"`", text, b"`"].concat();
            return self.pad(&raw);
        }
        let quoted = quote_with(text, '"', self.flags.plus);
        self.pad(quoted.as_bytes());
    }

    /// `%x` and `%X` of a text: two digits a byte, which the precision counts.
    pub(super) fn hexadecimal(&mut self, text: &[u8], upper: bool) {
        let text = self.flags.precision.and_then(|precision| text.get(..precision)).unwrap_or(text);
        let prefix: &[u8] = match (self.flags.sharp, upper) {
            (false, _) => b"",
            (true, false) => b"0x",
            (true, true) => b"0X",
        };
        let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        let mut written = Vec::with_capacity(text.len() * 2 + prefix.len());
        for (index, byte) in text.iter().enumerate() {
            if self.flags.space && index > 0 {
                written.push(b' ');
            }
            if self.flags.space || index == 0 {
                written.extend_from_slice(prefix);
            }
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            written.extend(digits.get(high).into_iter().chain(digits.get(low)));
        }
        self.pad(&written);
    }

    /// `%c`.
    pub(super) fn character(&mut self, code: u64) {
        let character = character(code);
        self.pad(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// `%q` of a number.
    pub(super) fn quoted_character(&mut self, code: u64) {
        let mut buffer = [0; 4];
        let bytes = character(code).encode_utf8(&mut buffer).as_bytes();
        let quoted = quote_with(bytes, '\'', self.flags.plus);
        self.pad(quoted.as_bytes());
    }

    /// `%U`: the code with at least four digits, and the character itself where the flag asks for it.
    pub(super) fn code_point(&mut self, code: u64) {
        let digits = self.flags.precision.unwrap_or(0).max(4);
        // Rust takes no width beyond 16 bits.
        let number = format!("{code:X}");
        let mut written = String::from("U+");
        written.extend(std::iter::repeat_n('0', digits.saturating_sub(number.len())));
        written.push_str(&number);
        let named = u32::try_from(code).ok().and_then(char::from_u32).filter(|character| is_printable(*character));
        if let Some(character) = named.filter(|_| self.flags.sharp) {
            written.extend([' ', '\'', character, '\'']);
        }
        self.pad_with(written.as_bytes(), false);
    }
}

fn character(code: u64) -> char {
    u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Go's `strconv.CanBackquote`.
fn fits_back_quotes(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((character, size)) = first(rest) {
        rest = rest.get(size..).unwrap_or_default();
        let fits = match character {
            '\t' => true,
            '`' | '\x7f' | '\u{feff}' => false,
            char::REPLACEMENT_CHARACTER => size > 1,
            character => character >= ' ',
        };
        if !fits {
            return false;
        }
    }
    true
}
