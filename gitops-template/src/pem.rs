//! The armour of keys and certificates: RFC 7468.

use crate::functions::base64;

/// What is in an armour.
pub(crate) struct Block {
    /// What its first line says that it is.
    pub(crate) kind: String,
    pub(crate) bytes: Vec<u8>,
}

/// The first block of a text.
pub(crate) fn decode(text: &[u8]) -> Option<Block> {
    let text = String::from_utf8_lossy(text);
    let mut rest = &*text;
    loop {
        let start = rest.find("-----BEGIN ")?;
        let at_line = start == 0 || rest.as_bytes().get(start - 1) == Some(&b'\n');
        rest = rest.get(start + 11..)?;
        let (kind, body) = rest.split_once("-----")?;
        if !at_line || kind.contains('\n') {
            continue;
        }
        let Some((body, _)) = body.split_once(&format!("-----END {kind}-----")) else { continue };
        let encoded: String =
            body.lines().filter(|line| !line.contains(": ")).flat_map(str::split_whitespace).collect();
        if let Ok(bytes) = base64(encoded.as_bytes()) {
            return Some(Block { kind: kind.to_owned(), bytes });
        }
    }
}

/// Whether bytes are one sequence of ASN.1 and nothing else.
pub(crate) fn is_sequence(bytes: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = bytes else { return false };
    match length {
        0..=0x7f => rest.len() == usize::from(*length),
        0x81..=0x84 => {
            let count = usize::from(length & 0x7f);
            let Some((digits, rest)) = rest.split_at_checked(count) else { return false };
            digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)) == rest.len()
        }
        _ => false,
    }
}
