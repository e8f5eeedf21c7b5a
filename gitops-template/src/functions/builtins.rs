//! Go's own functions on values: `and`, `or`, `not`, `len`, `index`, `slice`, `call`, `print`, `println`, `printf`.

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::print;
use crate::value::{List, Value};

use Parameter::{Any, Reflected, Text};

pub(super) const FUNCTIONS: &[Function] = &[
    // These two are evaluated where they are called, since they leave out arguments that don't matter.
    Function { name: "and", signature: Signature::with_rest(&[Reflected], Reflected), call: unreached },
    Function { name: "or", signature: Signature::with_rest(&[Reflected], Reflected), call: unreached },
    Function { name: "not", signature: Signature::of(&[Reflected]), call: not },
    Function { name: "len", signature: Signature::of(&[Reflected]), call: len },
    Function { name: "index", signature: Signature::with_rest(&[Reflected], Reflected), call: index },
    Function { name: "slice", signature: Signature::with_rest(&[Reflected], Reflected), call: slice },
    Function { name: "call", signature: Signature::with_rest(&[Reflected], Reflected), call },
    Function { name: "print", signature: Signature::with_rest(&[], Any), call: print_all },
    Function { name: "println", signature: Signature::with_rest(&[], Any), call: print_line },
    Function { name: "printf", signature: Signature::with_rest(&[Text], Any), call: printf },
];

fn unreached(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(arguments.any(0).clone())
}

fn not(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(!arguments.any(0).truth()))
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Text(text) | Value::Bytes(text) => Some(text.len()),
        Value::List(list) => Some(list.len()),
        Value::Map(map) => Some(map.len()),
        Value::Object(object) => object.entries().map(|entries| entries.len()),
        _ => None,
    }
}

fn len(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let value = arguments.any(0);
    if value.is_nil() {
        return Err(Failure::new("len of nil pointer"));
    }
    match length(value) {
        Some(length) => Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX))),
        None => Err(Failure::new(format!("len of type {}", value.type_name()))),
    }
}

/// An index of at most `limit`.
fn index_of(index: &Value, limit: usize) -> Result<usize, Failure> {
    let number = match (index.as_signed(), index.as_unsigned()) {
        (Some(number), _) => number,
        (_, Some(number)) => i64::try_from(number).unwrap_or(i64::MAX),
        _ if index.is_nil() => return Err(Failure::new("cannot index slice/array with nil")),
        _ => return Err(Failure::new(format!("cannot index slice/array with type {}", index.type_name()))),
    };
    match usize::try_from(number) {
        Ok(place) if place <= limit => Ok(place),
        _ => Err(Failure::new(format!("index out of range: {number}"))),
    }
}

fn index(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let Some((first, indexes)) = arguments.split_first() else { return Ok(Value::Nil) };
    if first.is_nil() {
        return Err(Failure::new("index of untyped nil"));
    }
    indexes.iter().try_fold(first.clone(), |item, index| step(&item, index))
}

fn step(item: &Value, index: &Value) -> Result<Value, Failure> {
    match item {
        Value::Nil => Err(Failure::new("index of nil pointer")),
        Value::List(list) => {
            let place = index_of(index, list.len())?;
            list.get(place).cloned().ok_or_else(|| Failure::new("reflect: slice index out of range"))
        }
        Value::Text(text) | Value::Bytes(text) => {
            let place = index_of(index, text.len())?;
            let byte = text.get(place).ok_or_else(|| Failure::new("reflect: string index out of range"))?;
            Ok(Value::Byte(*byte))
        }
        Value::Map(map) => {
            let key = key_of(index)?;
            Ok(map.get(&key).unwrap_or_else(|| map.kind().zero()))
        }
        Value::Object(object) if object.is_map() => {
            let key = key_of(index)?;
            Ok(object.field(&key.to_str()).unwrap_or_default())
        }
        Value::Object(object) => match object.entries() {
            Some(entries) => {
                let place = index_of(index, entries.len())?;
                let entry = entries.into_iter().nth(place);
                entry.map(|(_, value)| value).ok_or_else(|| Failure::new("reflect: slice index out of range"))
            }
            None => Err(Failure::new(format!("can't index item of type {}", item.type_name()))),
        },
        other => Err(Failure::new(format!("can't index item of type {}", other.type_name()))),
    }
}

fn key_of(index: &Value) -> Result<crate::value::Text, Failure> {
    match index {
        Value::Text(text) => Ok(text.clone()),
        Value::Nil => Err(Failure::new("value is nil; should be of type string")),
        other => Err(Failure::new(format!("value has type {}; should be string", other.type_name()))),
    }
}

fn slice(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let Some((item, indexes)) = arguments.split_first() else { return Ok(Value::Nil) };
    if item.is_nil() {
        return Err(Failure::new("slice of untyped nil"));
    }
    if indexes.len() > 3 {
        return Err(Failure::new(format!("too many slice indexes: {}", indexes.len())));
    }
    let limit = match item {
        Value::Text(_) if indexes.len() == 3 => return Err(Failure::new("cannot 3-index slice a string")),
        Value::Text(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.len(),
        other => return Err(Failure::new(format!("can't slice item of type {}", other.type_name()))),
    };
    let mut bounds = [0, limit, limit];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = index_of(index, limit)?;
    }
    let [from, to, end] = bounds;
    if from > to {
        return Err(Failure::new(format!("invalid slice index: {from} > {to}")));
    }
    if to > end {
        return Err(Failure::new(format!("invalid slice index: {to} > {end}")));
    }
    Ok(match item {
        Value::Text(text) => Value::text(text.get(from..to).unwrap_or_default()),
        Value::Bytes(bytes) => Value::Bytes(bytes.get(from..to).unwrap_or_default().into()),
        Value::List(list) => Value::List(list.slice(from, to)),
        _ => Value::List(List::from(Vec::new())),
    })
}

/// No value of a template is a function, so that there is nothing to call.
fn call(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    match arguments.any(0) {
        Value::Nil => Err(Failure::new("call of nil")),
        other => Err(Failure::new(format!("non-function of type {}", other.type_name()))),
    }
}

fn print_all(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let out = print::print_within(arguments, render.left());
    render.written(out)
}

fn print_line(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let out = print::println_within(arguments, render.left());
    render.written(out)
}

fn printf(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let format = arguments.text(0);
    let out = print::printf(&format, arguments.get(1..).unwrap_or_default(), render.left());
    render.written(out)
}
