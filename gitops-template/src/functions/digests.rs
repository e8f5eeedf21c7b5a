//! sprig's hashes and checksums.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::Value;

const ONE: Signature = Signature::of(&[Parameter::Text]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "sha1sum", signature: ONE, call: digest::<Sha1> },
    Function { name: "sha256sum", signature: ONE, call: digest::<Sha256> },
    Function { name: "sha512sum", signature: ONE, call: digest::<Sha512> },
    Function { name: "adler32sum", signature: ONE, call: adler32 },
];

fn digest<D: Digest>(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let text = arguments.text(0);
    render.charge(text.len() as u64 / 64)?;
    let digits = b"0123456789abcdef";
    let digit = |place: u8| digits.get(usize::from(place)).copied().unwrap_or_default();
    let hexadecimal: Vec<u8> = D::digest(&text).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect();
    Ok(Value::text(hexadecimal))
}

/// RFC 1950, section 9.
fn adler32(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    const PRIME: u32 = 65_521;
    let text = arguments.text(0);
    render.charge(text.len() as u64 / 64)?;
    let (mut low, mut high) = (1, 0);
    for byte in text.iter() {
        low = (low + u32::from(*byte)) % PRIME;
        high = (high + low) % PRIME;
    }
    Ok(Value::text(((high << 16) | low).to_string()))
}
