//! TOML as `github.com/BurntSushi/toml` 1.6 reads and writes it, with its errors.

mod lex;
mod number;
mod parse;
mod scalar;
mod table;
mod token;
mod write;

pub(crate) use parse::from_toml;
pub(crate) use write::{Refused, to_toml};

use crate::value::Text;

/// A part of a key, in quotes where it cannot stand without.
fn quoted_key(part: &[u8]) -> Vec<u8> {
    let bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !part.is_empty() && part.iter().all(bare) {
        return part.to_vec();
    }
    let mut out = Vec::with_capacity(part.len() + 2);
    write_quoted(&mut out, part);
    out
}

/// A key with dots between its parts.
fn joined_key(parts: &[Text]) -> Vec<u8> {
    parts.iter().map(|part| quoted_key(part)).collect::<Vec<_>>().join(&b'.')
}

fn write_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..0x20 | 0x7f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            byte => out.push(*byte),
        }
    }
    out.push(b'"');
}
