//! Go's quoted strings: `strconv.Quote` and `strconv.Unquote`.

use std::fmt::Write;

use crate::syntax::character::first;

/// A text in double quotes, with Go's escapes.
pub(crate) fn quote(bytes: &[u8]) -> String {
    quote_with(bytes, '"', false)
}

/// A text in quotes of some kind; `ascii` escapes everything else.
pub(crate) fn quote_with(bytes: &[u8], mark: char, ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(mark);
    let mut rest = bytes;
    while let Some((character, length)) = first(rest) {
        let (this, after) = rest.split_at(length);
        rest = after;
        if length == 1 && character == char::REPLACEMENT_CHARACTER {
            let _ = write!(out, "\\x{:02x}", this.first().copied().unwrap_or_default());
        } else {
            escape(&mut out, character, mark, ascii);
        }
    }
    out.push(mark);
    out
}

fn escape(out: &mut String, character: char, mark: char, ascii: bool) {
    match character {
        '\\' => out.push_str("\\\\"),
        character if character == mark => {
            out.push('\\');
            out.push(mark);
        }
        character if is_printable(character) && (character.is_ascii() || !ascii) => out.push(character),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        character => {
            let code = u32::from(character);
            let _ = match code {
                0..0x20 | 0x7f => write!(out, "\\x{code:02x}"),
                0x20..0x1_0000 => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
        }
    }
}

/// Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII blank.
pub(crate) fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    // Behind another character a mark is not escaped for being a mark.
    ['a', character].into_iter().collect::<String>().escape_debug().count() == 2
}

/// What a quoted string of Go means: in double quotes, or raw in back quotes.
pub(crate) fn unquote(quoted: &[u8]) -> Option<Vec<u8>> {
    match quoted {
        [b'`', inside @ .., b'`'] => Some(inside.iter().copied().filter(|byte| *byte != b'\r').collect()),
        [b'"', inside @ .., b'"'] => {
            let mut out = Vec::with_capacity(inside.len());
            let mut rest = inside;
            while !rest.is_empty() {
                if matches!(rest, [b'"' | b'\n', ..]) {
                    return None;
                }
                rest = unquote_one(rest, b'"', &mut out)?.1;
            }
            Some(out)
        }
        _ => None,
    }
}

/// The character that a text starts with, its escape undone and appended, and what comes after it.
pub(crate) fn unquote_one<'t>(text: &'t [u8], mark: u8, out: &mut Vec<u8>) -> Option<(u32, &'t [u8])> {
    let [b'\\', rest @ ..] = text else {
        let (character, length) = first(text)?;
        let (this, after) = text.split_at(length);
        out.extend_from_slice(this);
        return Some((character.into(), after));
    };
    let (letter, rest) = rest.split_first()?;
    let simple = match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' => b'\\',
        b'\'' | b'"' if *letter == mark => mark,
        b'x' => return byte(rest, 2, 16, out),
        b'0'..=b'7' => return byte(text.get(1..)?, 3, 8, out),
        b'u' => return character(rest, 4, out),
        b'U' => return character(rest, 8, out),
        _ => return None,
    };
    out.push(simple);
    Some((simple.into(), rest))
}

fn digits(text: &[u8], count: usize, radix: u32) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    if !digits.iter().all(|digit| char::from(*digit).is_digit(radix)) {
        return None;
    }
    Some((u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?, rest))
}

fn byte<'t>(text: &'t [u8], count: usize, radix: u32, out: &mut Vec<u8>) -> Option<(u32, &'t [u8])> {
    let (value, rest) = digits(text, count, radix)?;
    out.push(u8::try_from(value).ok()?);
    Some((value, rest))
}

fn character<'t>(text: &'t [u8], count: usize, out: &mut Vec<u8>) -> Option<(u32, &'t [u8])> {
    let (value, rest) = digits(text, count, 16)?;
    let mut buffer = [0; 4];
    out.extend_from_slice(char::from_u32(value)?.encode_utf8(&mut buffer).as_bytes());
    Some((value, rest))
}
