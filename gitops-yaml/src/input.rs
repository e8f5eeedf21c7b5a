//! The bytes of a text made ready for the scanner: decoded, and free of what a stream may not hold.

use std::borrow::Cow;

use crate::ReadError;

/// Tag directives that a document may have: the parser compares each with all before it.
const MAX_TAG_DIRECTIVES: usize = 100;

/// The text of a stream in UTF-8, by its byte order mark in UTF-16.
///
/// # Errors
/// Where bytes are no characters, or where a control character or an unreasonable number of directives stands.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(utf8(rest)?),
        _ => Cow::Borrowed(utf8(bytes)?),
    };
    let suspicious =
        |byte: &u8| (*byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || matches!(byte, 0x7f | 0xc2 | 0xef);
    // Whole pieces without a way out of them, which the compiler turns into a few instructions.
    let holds_any = |piece: &[u8]| piece.iter().fold(false, |found, byte| found | suspicious(byte));
    if text.as_bytes().chunks(256).any(holds_any)
        && let Some((at, character)) = text.char_indices().find(|(_, character)| is_control(*character))
    {
        let words = format!("control characters are not allowed (U+{:04X})", u32::from(character));
        let error = error_at(text.as_bytes().get(..at).unwrap_or_default(), words);
        return Err(error.in_go("yaml: control characters are not allowed"));
    }
    if text.as_bytes().contains(&b'%') {
        directives(&text)?;
    }
    Ok(text)
}

/// The text with its last line ended: the scanner panics where a block scalar ends with the text.
pub(crate) fn end_line(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_empty() || text.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        text
    } else {
        Cow::Owned(text.into_owned() + "\n")
    }
}

/// Takes from a block scalar at the end of a text the line break that only [`end_line`] put there.
pub(crate) fn unend_line(value: &mut String, unended: &str) {
    let Some(rest) = value.strip_suffix('\n') else { return };
    if rest.is_empty() || rest.ends_with('\n') || rest.chars().next_back() == unended.chars().next_back() {
        value.pop();
    }
}

fn is_control(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => true,
        _ => false,
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, ReadError> {
    str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        error_at(valid, "the text is not UTF-8".into())
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ReadError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let character = character.map_err(|_| error_at(text.as_bytes(), "the text is not UTF-16".into()))?;
        text.push(character);
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(error_at(text.as_bytes(), "the text ends in half a character of UTF-16".into()))
    }
}

fn directives(text: &str) -> Result<(), ReadError> {
    let mut count = 0;
    for (line, words) in text.lines().enumerate() {
        if words.starts_with("%TAG") {
            count += 1;
        } else if !words.starts_with(['%', '#']) && !words.is_empty() {
            count = 0;
        }
        if count > MAX_TAG_DIRECTIVES {
            let words = format!("more than the {MAX_TAG_DIRECTIVES} tag directives allowed");
            return Err(ReadError::new(line + 1, 1, words));
        }
    }
    Ok(())
}

/// An error at the end of what comes before it.
fn error_at(before: &[u8], message: String) -> ReadError {
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let is_first_byte = |byte: &&u8| **byte & 0xc0 != 0x80;
    let column = before.get(start..).unwrap_or_default().iter().filter(is_first_byte).count() + 1;
    ReadError::new(line, column, message)
}
