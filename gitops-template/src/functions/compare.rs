//! Go's comparisons: `eq`, `ne`, `lt`, `le`, `gt`, `ge`.

use std::cmp::Ordering;

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::print;
use crate::value::Value;

use Parameter::Reflected;

const TWO: Signature = Signature::of(&[Reflected, Reflected]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "eq", signature: Signature::with_rest(&[Reflected], Reflected), call: eq },
    Function { name: "ne", signature: TWO, call: ne },
    Function { name: "lt", signature: TWO, call: lt },
    Function { name: "le", signature: TWO, call: le },
    Function { name: "gt", signature: TWO, call: gt },
    Function { name: "ge", signature: TWO, call: ge },
];

/// What can be compared with what.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Sort {
    Bool,
    Signed,
    Unsigned,
    Float,
    Complex,
    Text,
    Other,
}

fn sort(value: &Value) -> Sort {
    match value {
        Value::Bool(_) => Sort::Bool,
        Value::Int(_) | Value::Int64(_) | Value::Rune(_) => Sort::Signed,
        Value::Uint64(_) | Value::Byte(_) => Sort::Unsigned,
        Value::Float(_) => Sort::Float,
        Value::Complex(..) => Sort::Complex,
        Value::Text(_) => Sort::Text,
        Value::Object(object) if object.kind_name() == "int64" => Sort::Signed,
        _ => Sort::Other,
    }
}

/// A whole number wide enough for both kinds.
fn whole(value: &Value) -> i128 {
    if let Value::Object(object) = value {
        return object.plain().as_signed().unwrap_or_default().into();
    }
    value.as_signed().map(i128::from).or_else(|| value.as_unsigned().map(i128::from)).unwrap_or_default()
}

fn incompatible(left: &Value, right: &Value) -> Failure {
    Failure::new(format!("incompatible types for comparison: {} and {}", left.type_name(), right.type_name()))
}

fn is_whole(sort: Sort) -> bool {
    matches!(sort, Sort::Signed | Sort::Unsigned)
}

fn equal(left: &Value, right: &Value) -> Result<bool, Failure> {
    let (first, second) = (sort(left), sort(right));
    if is_whole(first) && is_whole(second) {
        return Ok(whole(left) == whole(right));
    }
    if first != second {
        if left.is_nil() || right.is_nil() {
            return Ok(false);
        }
        return Err(incompatible(left, right));
    }
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        (Value::Float(left), Value::Float(right)) => Ok(left == right),
        (Value::Text(left), Value::Text(right)) => Ok(left == right),
        (Value::Complex(left, first), Value::Complex(right, second)) => Ok(left == right && first == second),
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        _ if left.kind_name() != right.kind_name() => Err(Failure::new(format!(
            "non-comparable types {}: {}, {}: {}",
            print::by_verb(left, 's'),
            left.type_name(),
            right.type_name(),
            print::by_verb(right, 'v')
        ))),
        (Value::Object(left), Value::Object(right)) if matches!(left.kind_name(), "ptr" | "struct") => {
            Ok(std::rc::Rc::ptr_eq(left, right))
        }
        _ => Err(Failure::new(format!("non-comparable type {}: {}", print::by_verb(right, 's'), right.type_name()))),
    }
}

fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, Failure> {
    let (first, second) = (sort(left), sort(right));
    let bad = || Failure::new("invalid type for comparison");
    if first == Sort::Other || second == Sort::Other {
        return Err(bad());
    }
    if is_whole(first) && is_whole(second) {
        return Ok(Some(whole(left).cmp(&whole(right))));
    }
    if first != second {
        return Err(incompatible(left, right));
    }
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => Ok(left.partial_cmp(right)),
        (Value::Text(left), Value::Text(right)) => Ok(Some(left.cmp(right))),
        _ => Err(bad()),
    }
}

fn eq(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let Some((left, others)) = arguments.split_first() else { return Ok(Value::Bool(false)) };
    if others.is_empty() {
        return Err(Failure::new("missing argument for comparison"));
    }
    for right in others {
        if equal(left, right)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn ne(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(!equal(arguments.any(0), arguments.any(1))?))
}

fn compare(arguments: &[Value]) -> Result<Option<Ordering>, Failure> {
    order(arguments.any(0), arguments.any(1))
}

fn lt(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(compare(arguments)? == Some(Ordering::Less)))
}

fn le(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(matches!(compare(arguments)?, Some(Ordering::Less | Ordering::Equal))))
}

/// Go answers with the opposite of `le`, also for what is not a number.
fn gt(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(!matches!(compare(arguments)?, Some(Ordering::Less | Ordering::Equal))))
}

fn ge(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(compare(arguments)? != Some(Ordering::Less)))
}
