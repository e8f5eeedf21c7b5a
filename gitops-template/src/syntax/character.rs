/// The character at the start of some bytes and its length; U+FFFD of length 1 where they are not UTF-8.
pub(crate) fn first(bytes: &[u8]) -> Option<(char, usize)> {
    let lead = *bytes.first()?;
    if lead < 0x80 {
        return Some((lead.into(), 1));
    }
    let length = match lead {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return Some((char::REPLACEMENT_CHARACTER, 1)),
    };
    let character =
        bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(|text| text.chars().next());
    Some(character.map_or((char::REPLACEMENT_CHARACTER, 1), |character| (character, length)))
}

/// Go's `unicode.IsLetter`, `unicode.IsDigit` and the underscore.
pub(crate) fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// What parts words of an action.
pub(crate) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// A character as Go's `%#U` writes it.
pub(crate) fn named(character: Option<char>) -> String {
    match character {
        None => "U+FFFFFFFFFFFFFFFF".to_owned(),
        Some(character) if character.is_control() => format!("U+{:04X}", u32::from(character)),
        Some(character) => format!("U+{:04X} '{character}'", u32::from(character)),
    }
}

/// Bytes as text, each that is not UTF-8 as U+FFFD.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((character, length)) = first(rest) {
        out.push(character);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}
