//! `!!binary` text, as Go's `encoding/base64` decodes it and `encoding/json` writes the bytes.

/// The bytes of a base64 text, those that are no characters as U+FFFD.
pub(crate) fn decode(text: &str) -> Result<String, String> {
    let invalid = || "!!binary value contains invalid base64 data".to_owned();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut group, mut digits, mut padding) = (0u32, 0, 0);
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if digits >= 2 && digits + padding < 4 => {
                padding += 1;
                continue;
            }
            _ => return Err(invalid()),
        };
        if padding > 0 {
            return Err(invalid());
        }
        group = group << 6 | u32::from(value);
        digits += 1;
        if digits == 4 {
            bytes.extend(group.to_be_bytes().into_iter().skip(1));
            (group, digits) = (0, 0);
        }
    }
    match (digits, padding) {
        (0, 0) => {}
        (2, 2) => bytes.extend((group << 12).to_be_bytes().into_iter().skip(1).take(1)),
        (3, 1) => bytes.extend((group << 6).to_be_bytes().into_iter().skip(1).take(2)),
        _ => return Err(invalid()),
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    Ok(text)
}
