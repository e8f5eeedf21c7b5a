//! sprig's conversions and questions about types: `toString`, `int`, `kindOf`, `typeIs`, `deepEqual` and their relatives.
//!
//! Numbers follow `spf13/cast` 1.7: what is no number is 0.

use super::items::{text_of, texts_of};
use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::print;
use crate::quote::quote;
use crate::syntax::number::{read_float, read_signed};
use crate::value::Value;

use Parameter::{Any, Text};

const ONE: Signature = Signature::of(&[Any]);
const NAMED: Signature = Signature::of(&[Text, Any]);
const ALL: Signature = Signature::with_rest(&[], Any);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "toString", signature: ONE, call: to_string },
    Function { name: "toStrings", signature: ONE, call: to_strings },
    Function { name: "atoi", signature: Signature::of(&[Text]), call: atoi },
    Function { name: "int", signature: ONE, call: int },
    Function { name: "int64", signature: ONE, call: int64 },
    Function { name: "float64", signature: ONE, call: float64 },
    Function { name: "toDecimal", signature: ONE, call: to_decimal },
    Function { name: "kindOf", signature: ONE, call: kind_of },
    Function { name: "kindIs", signature: NAMED, call: kind_is },
    Function { name: "typeOf", signature: ONE, call: type_of },
    Function { name: "typeIs", signature: NAMED, call: type_is },
    Function { name: "typeIsLike", signature: NAMED, call: type_is_like },
    Function { name: "deepEqual", signature: Signature::of(&[Any, Any]), call: equal },
    Function { name: "quote", signature: ALL, call: quoted },
    Function { name: "squote", signature: ALL, call: single_quoted },
];

type Called = Result<Value, Failure>;

fn to_string(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = text_of(arguments.any(0));
    render.reserve(text.len())?;
    Ok(Value::Text(text))
}

fn to_strings(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let texts = texts_of(render, arguments.any(0))?;
    render.charge(texts.len() as u64)?;
    Ok(Value::texts(texts))
}

fn atoi(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Int(decimal(&arguments.text(0).to_str())))
}

/// What is no number in decimal digits is 0, and what is too large the largest.
pub(super) fn decimal(text: &str) -> i64 {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let well_formed = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    match text.parse() {
        Ok(number) => number,
        Err(_) if !well_formed => 0,
        Err(_) if text.starts_with('-') => i64::MIN,
        Err(_) => i64::MAX,
    }
}

fn int(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Int(to_int(arguments.any(0))))
}

fn int64(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Int64(to_int(arguments.any(0))))
}

fn float64(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Float(to_float(arguments.any(0))))
}

/// A value as a whole number; 0 where it is none.
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Float(number) => float_to_int(*number),
        Value::Bool(truth) => i64::from(*truth),
        Value::Text(text) => read_signed(without_zero_decimals(&text.to_str())).unwrap_or(0),
        Value::Object(object) if object.kind_name() == "int" => to_int(&object.plain()),
        #[allow(clippy::cast_possible_wrap, reason = "Go's conversion keeps the bits")]
        other => other.as_signed().or_else(|| other.as_unsigned().map(|number| number as i64)).unwrap_or(0),
    }
}

/// Go's conversion on 64-bit machines: what has no place in an `int64` is the smallest one.
#[allow(clippy::cast_possible_truncation, reason = "only what fits is cast")]
pub(super) fn float_to_int(number: f64) -> i64 {
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    if fits { number as i64 } else { i64::MIN }
}

fn without_zero_decimals(text: &str) -> &str {
    match text.rsplit_once('.') {
        Some((whole, decimals)) if !decimals.is_empty() && decimals.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    }
}

/// A value as a float; 0 where it is none.
#[allow(clippy::cast_precision_loss, reason = "Go's conversion rounds")]
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Text(text) => parse_float(&text.to_str()).unwrap_or(0.0),
        Value::Object(object) if object.kind_name() == "int" => to_float(&object.plain()),
        other => match (other.as_signed(), other.as_unsigned()) {
            (Some(number), _) => number as f64,
            (_, Some(number)) => number as f64,
            _ => 0.0,
        },
    }
}

/// Go's `strconv.ParseFloat`.
fn parse_float(text: &str) -> Option<f64> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    match unsigned.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => Some(sign * f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => read_float(text),
    }
}

/// The digits of a number taken as octal.
fn to_decimal(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = print::print(arguments);
    let number = std::str::from_utf8(&text).ok().and_then(|text| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.starts_with(['+', '-']) { None } else { i64::from_str_radix(text, 8).ok() }
    });
    Ok(Value::Int64(number.unwrap_or(0)))
}

fn kind_of(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::text(&*arguments.any(0).kind_name()))
}

fn kind_is(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Bool(&*arguments.text(0) == arguments.any(1).kind_name().as_bytes()))
}

fn type_of(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::text(&*arguments.any(0).type_name()))
}

fn type_is(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Bool(&*arguments.text(0) == arguments.any(1).type_name().as_bytes()))
}

fn type_is_like(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (target, found) = (arguments.text(0), arguments.any(1).type_name());
    let pointed = found.strip_prefix('*').unwrap_or(&found);
    Ok(Value::Bool(&*target == found.as_bytes() || &*target == pointed.as_bytes()))
}

fn equal(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Bool(render.equal(arguments.any(0), arguments.any(1))?))
}

fn parted(arguments: &[Value], mut shown: impl FnMut(&mut Vec<u8>, &Value)) -> Vec<u8> {
    let mut out = Vec::new();
    for value in arguments.iter().filter(|value| !value.is_nil()) {
        if !out.is_empty() {
            out.push(b' ');
        }
        shown(&mut out, value);
    }
    out
}

fn quoted(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let out = parted(arguments, |out, value| out.extend_from_slice(quote(&text_of(value)).as_bytes()));
    render.written(out)
}

fn single_quoted(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let out = parted(arguments, |out, value| {
        out.push(b'\'');
        print::write(out, value);
        out.push(b'\'');
    });
    render.written(out)
}
