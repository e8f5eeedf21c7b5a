//! sprig's arithmetic: whole numbers that wrap, and decimals.

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};

use super::conversions::{to_float, to_int};
use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::{Element, List, Value};

use Parameter::{Any, Float, Int};

/// Digits behind the point that a division keeps.
const PRECISION: i64 = 16;

const ONE: Signature = Signature::of(&[Any]);
const TWO: Signature = Signature::of(&[Any, Any]);
const ALL: Signature = Signature::with_rest(&[], Any);
const ONE_AND_MORE: Signature = Signature::with_rest(&[Any], Any);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "add", signature: ALL, call: add },
    Function { name: "add1", signature: ONE, call: add1 },
    Function { name: "sub", signature: TWO, call: sub },
    Function { name: "mul", signature: ONE_AND_MORE, call: mul },
    Function { name: "div", signature: TWO, call: div },
    Function { name: "mod", signature: TWO, call: modulo },
    Function { name: "max", signature: ONE_AND_MORE, call: max },
    Function { name: "biggest", signature: ONE_AND_MORE, call: max },
    Function { name: "min", signature: ONE_AND_MORE, call: min },
    Function { name: "maxf", signature: ONE_AND_MORE, call: maxf },
    Function { name: "minf", signature: ONE_AND_MORE, call: minf },
    Function { name: "addf", signature: ALL, call: addf },
    Function { name: "add1f", signature: ONE, call: add1f },
    Function { name: "subf", signature: ONE_AND_MORE, call: subf },
    Function { name: "mulf", signature: ONE_AND_MORE, call: mulf },
    Function { name: "divf", signature: ONE_AND_MORE, call: divf },
    Function { name: "ceil", signature: ONE, call: ceil },
    Function { name: "floor", signature: ONE, call: floor },
    Function { name: "round", signature: Signature::with_rest(&[Any, Int], Float), call: round },
    Function { name: "until", signature: Signature::of(&[Int]), call: until },
    Function { name: "untilStep", signature: Signature::of(&[Int, Int, Int]), call: until_step },
    Function { name: "seq", signature: Signature::with_rest(&[], Int), call: seq },
];

type Called = Result<Value, Failure>;

fn ints(arguments: &[Value]) -> impl Iterator<Item = i64> {
    arguments.iter().map(to_int)
}

fn add(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Int64(ints(arguments).fold(0, i64::wrapping_add)))
}

fn add1(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Int64(to_int(arguments.any(0)).wrapping_add(1)))
}

fn sub(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Int64(to_int(arguments.any(0)).wrapping_sub(to_int(arguments.any(1)))))
}

fn mul(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Int64(ints(arguments).fold(1, i64::wrapping_mul)))
}

fn divided(arguments: &[Value], divide: fn(i64, i64) -> i64) -> Called {
    match to_int(arguments.any(1)) {
        0 => Err(Failure::new("runtime error: integer divide by zero")),
        by => Ok(Value::Int64(divide(to_int(arguments.any(0)), by))),
    }
}

fn div(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    divided(arguments, i64::wrapping_div)
}

fn modulo(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    divided(arguments, i64::wrapping_rem)
}

fn max(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Int64(ints(arguments).max().unwrap_or(0)))
}

fn min(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Int64(ints(arguments).min().unwrap_or(0)))
}

fn folded(arguments: &[Value], choose: fn(f64, f64) -> f64) -> Called {
    let number = arguments
        .iter()
        .map(to_float)
        .reduce(|left, right| if left.is_nan() || right.is_nan() { f64::NAN } else { choose(left, right) });
    Ok(Value::Float(number.unwrap_or(0.0)))
}

fn maxf(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    folded(arguments, f64::max)
}

fn minf(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    folded(arguments, f64::min)
}

/// The decimal that a float is written as.
fn decimal(number: f64) -> Result<BigDecimal, Failure> {
    if !number.is_finite() {
        let shown = if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        };
        return Err(Failure::new(format!("Cannot create a Decimal from {shown}")));
    }
    format!("{number:e}").parse().map_err(|_| Failure::new("decimal out of range"))
}

fn decimals(
    first: f64,
    others: &[Value],
    operation: fn(BigDecimal, BigDecimal) -> Result<BigDecimal, Failure>,
) -> Called {
    let mut result = decimal(first)?;
    for other in others {
        result = operation(result, decimal(to_float(other))?)?;
    }
    Ok(Value::Float(result.to_f64().unwrap_or(0.0)))
}

fn after_first(arguments: &[Value]) -> &[Value] {
    arguments.get(1..).unwrap_or_default()
}

fn addf(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    decimals(0.0, arguments, |left, right| Ok(left + right))
}

fn add1f(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    decimals(to_float(arguments.any(0)), &[Value::Int(1)], |left, right| Ok(left + right))
}

fn subf(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    decimals(to_float(arguments.any(0)), after_first(arguments), |left, right| Ok(left - right))
}

fn mulf(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    decimals(to_float(arguments.any(0)), after_first(arguments), |left, right| Ok(left * right))
}

fn divf(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    decimals(to_float(arguments.any(0)), after_first(arguments), |left, right| {
        if right.is_zero() {
            return Err(Failure::new("decimal division by 0"));
        }
        Ok((left / right).with_scale_round(PRECISION, RoundingMode::HalfUp))
    })
}

fn ceil(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Float(to_float(arguments.any(0)).ceil()))
}

fn floor(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Float(to_float(arguments.any(0)).floor()))
}

#[allow(clippy::cast_precision_loss, reason = "Go's conversion rounds")]
fn round(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let up_from = match arguments.any(2) {
        Value::Float(from) => *from,
        _ => 0.5,
    };
    let power = 10f64.powf(arguments.int(1) as f64);
    let digits = power * to_float(arguments.any(0));
    let rounded = if digits.fract() >= up_from { digits.ceil() } else { digits.floor() };
    Ok(Value::Float(rounded / power))
}

/// Numbers from one to another in steps, the last left out. How many there are is taken off the budget first.
fn steps(render: &mut Render<'_>, from: i64, to: i64, step: i64) -> Result<Vec<i64>, Failure> {
    let toward = if to < from { step < 0 } else { step > 0 };
    if !toward {
        return Ok(Vec::new());
    }
    let count = from.abs_diff(to).div_ceil(step.unsigned_abs());
    render.charge(count)?;
    render.reserve(usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(size_of::<Value>()))?;
    let mut numbers = Vec::new();
    let mut number = from;
    while if step > 0 { number < to } else { number > to } {
        numbers.push(number);
        match number.checked_add(step) {
            Some(next) => number = next,
            None => break,
        }
    }
    Ok(numbers)
}

fn listed(numbers: Vec<i64>) -> Value {
    Value::List(List::of(Element::Int, numbers.into_iter().map(Value::Int).collect()))
}

fn until(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let count = arguments.int(0);
    Ok(listed(steps(render, 0, count, if count < 0 { -1 } else { 1 })?))
}

fn until_step(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(listed(steps(render, arguments.int(0), arguments.int(1), arguments.int(2))?))
}

fn seq(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let toward = |from: i64, to: i64| if to < from { -1 } else { 1 };
    let (from, step, to) = match arguments.len() {
        1 => (1, toward(1, arguments.int(0)), arguments.int(0)),
        2 => (arguments.int(0), toward(arguments.int(0), arguments.int(1)), arguments.int(1)),
        3 => (arguments.int(0), arguments.int(1), arguments.int(2)),
        _ => return Ok(Value::text("")),
    };
    if to < from && step > 0 {
        return Ok(Value::text(""));
    }
    let numbers = steps(render, from, to.saturating_add(toward(from, to)), step)?;
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    render.written(texts.join(" ").into_bytes())
}
