//! sprig's encodings: base64 and base32 of RFC 4648, decoded as forgivingly as Go does. What is not encoded so gives the
//! words of the error.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::Value;

const ONE: Signature = Signature::of(&[Parameter::Text]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "b64enc", signature: ONE, call: encode64 },
    Function { name: "b64dec", signature: ONE, call: decode64 },
    Function { name: "b32enc", signature: ONE, call: encode32 },
    Function { name: "b32dec", signature: ONE, call: decode32 },
];

type Called = Result<Value, Failure>;

/// Where a text is not encoded as it should be, in bytes from its start.
type Corrupt = usize;

fn encode64(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    render.written(STANDARD.encode(arguments.text(0)).into_bytes())
}

fn decode64(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    match base64(&arguments.text(0)) {
        Ok(bytes) => render.written(bytes),
        Err(at) => Ok(Value::text(illegal("base64", at))),
    }
}

fn encode32(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(0);
    let mut out = Vec::with_capacity(text.len().div_ceil(5) * 8);
    for chunk in text.chunks(5) {
        let mut bits = chunk.iter().fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
        bits <<= 8 * (5 - chunk.len());
        let digits = (chunk.len() * 8).div_ceil(5);
        for place in 0..8 {
            let digit = (bits >> (35 - 5 * place)) as u8 & 0x1f;
            out.push(match digit {
                _ if place >= digits => b'=',
                0..26 => b'A' + digit,
                _ => b'2' + digit - 26,
            });
        }
    }
    render.written(out)
}

fn decode32(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    match base32(&arguments.text(0)) {
        Ok(bytes) => render.written(bytes),
        Err(at) => Ok(Value::text(illegal("base32", at))),
    }
}

fn illegal(encoding: &str, at: Corrupt) -> String {
    format!("illegal {encoding} data at input byte {at}")
}

fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Base64 as Go's `StdEncoding` reads it: newlines count for nothing, padding must be there.
pub(crate) fn base64(text: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut bytes = text.iter().copied().enumerate().filter(|(_, byte)| !is_newline(*byte));
    let (mut bits, mut count) = (0u32, 0);
    while let Some((at, byte)) = bytes.next() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if count >= 2 => {
                if count == 2 {
                    match bytes.next() {
                        None => return Err(text.len()),
                        Some((next, byte)) if byte != b'=' => return Err(next - 1),
                        Some(_) => {}
                    }
                }
                if let Some((rest, _)) = bytes.next() {
                    return Err(rest);
                }
                let whole = bits << (6 * (4 - count));
                out.extend_from_slice(whole.to_be_bytes().get(1..count).unwrap_or_default());
                return Ok(out);
            }
            _ => return Err(at),
        };
        bits = (bits << 6) | u32::from(digit);
        count += 1;
        if count == 4 {
            out.extend_from_slice(bits.to_be_bytes().get(1..).unwrap_or_default());
            (bits, count) = (0, 0);
        }
    }
    if count == 0 { Ok(out) } else { Err(text.len() - count) }
}

/// Base32 as Go's `StdEncoding` reads it.
fn base32(text: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !is_newline(*byte)).collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    let mut at = 0;
    while at < text.len() {
        let (mut bits, mut count) = (0u64, 0);
        while count < 8 {
            let Some(byte) = text.get(at).copied() else { return Err(text.len() - count) };
            at += 1;
            let left = text.len() - at;
            let digit = match byte {
                b'=' if count >= 2 && left < 8 => {
                    if left + count < 7 {
                        return Err(text.len());
                    }
                    let padding = text.get(at..).unwrap_or_default().iter().take(7 - count);
                    if let Some(wrong) = padding.copied().position(|byte| byte != b'=') {
                        return Err((at + wrong).saturating_sub(1));
                    }
                    if matches!(count, 3 | 6) {
                        return Err(at - 1);
                    }
                    let whole = bits << (5 * (8 - count));
                    out.extend_from_slice(whole.to_be_bytes().get(3..3 + count * 5 / 8).unwrap_or_default());
                    return Ok(out);
                }
                b'A'..=b'Z' => byte - b'A',
                b'2'..=b'7' => byte - b'2' + 26,
                _ => return Err(at - 1),
            };
            bits = (bits << 5) | u64::from(digit);
            count += 1;
        }
        out.extend_from_slice(bits.to_be_bytes().get(3..).unwrap_or_default());
    }
    Ok(out)
}
