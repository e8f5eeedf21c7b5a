//! sprig's randomness, drawn from the host.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::Value;

use Parameter::Int;

const ONE: Signature = Signature::of(&[Int]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "randAlphaNum",
        signature: ONE,
        call: |render, arguments| letters(render, arguments, char::is_alphanumeric),
    },
    Function {
        name: "randAlpha",
        signature: ONE,
        call: |render, arguments| letters(render, arguments, char::is_alphabetic),
    },
    Function {
        name: "randNumeric",
        signature: ONE,
        call: |render, arguments| letters(render, arguments, char::is_numeric),
    },
    Function { name: "randAscii", signature: ONE, call: |render, arguments| letters(render, arguments, |_| true) },
    Function { name: "randInt", signature: Signature::of(&[Int, Int]), call: int },
    Function { name: "randBytes", signature: ONE, call: bytes },
    Function { name: "uuidv4", signature: Signature::of(&[]), call: uuid },
];

type Called = Result<Value, Failure>;

/// A number below another, each as likely as the next.
pub(super) fn below(render: &mut Render<'_>, end: u64) -> u64 {
    let whole = u64::MAX - u64::MAX % end.max(1);
    loop {
        let mut bytes = [0; 8];
        render.host().random(&mut bytes);
        let drawn = u64::from_le_bytes(bytes);
        if drawn < whole {
            return drawn % end.max(1);
        }
    }
}

/// Letters of ASCII's printable ones that are of some kind.
fn letters(render: &mut Render<'_>, arguments: &[Value], wanted: fn(char) -> bool) -> Called {
    let Ok(count) = usize::try_from(arguments.int(0)) else { return Ok(Value::text("")) };
    render.reserve(count)?;
    render.charge(count as u64)?;
    let known: Vec<char> = (' '..='~').filter(|letter| wanted(*letter)).collect();
    let mut out = String::with_capacity(count);
    for _ in 0..count {
        let place = usize::try_from(below(render, known.len() as u64)).unwrap_or_default();
        out.extend(known.get(place));
    }
    Ok(Value::text(out))
}

fn int(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (from, to) = (arguments.int(0), arguments.int(1));
    let Some(width) = to.checked_sub(from).filter(|width| *width > 0) else {
        return Err(Failure::new("invalid argument to Intn"));
    };
    let drawn = below(render, width.unsigned_abs());
    Ok(Value::Int(from.saturating_add_unsigned(drawn)))
}

fn bytes(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let Ok(count) = usize::try_from(arguments.int(0)) else {
        return Err(Failure::new("runtime error: makeslice: len out of range"));
    };
    render.reserve(count.saturating_mul(2))?;
    let mut bytes = vec![0; count];
    render.host().random(&mut bytes);
    Ok(Value::text(STANDARD.encode(&bytes)))
}

fn uuid(render: &mut Render<'_>, _: &[Value]) -> Called {
    let mut bytes = [0; 16];
    render.host().random(&mut bytes);
    let mut number = u128::from_be_bytes(bytes);
    // The version and the variant have their places (RFC 9562, section 5.4).
    number = (number & !(0xf << 76)) | (0x4 << 76);
    number = (number & !(0x3 << 62)) | (0x2 << 62);
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Ok(Value::text([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")))
}
