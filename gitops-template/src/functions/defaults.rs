//! sprig's `default`, `empty`, `coalesce`, `ternary`, `all`, `any`.

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::Value;

use Parameter::{Any, Bool};

const ALL: Signature = Signature::with_rest(&[], Any);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "default", signature: Signature::with_rest(&[Any], Any), call: default },
    Function { name: "empty", signature: Signature::of(&[Any]), call: empty },
    Function { name: "coalesce", signature: ALL, call: coalesce },
    Function { name: "ternary", signature: Signature::of(&[Any, Any, Bool]), call: ternary },
    Function { name: "all", signature: ALL, call: all },
    Function { name: "any", signature: ALL, call: any },
];

fn default(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let given = arguments.any(1);
    Ok(if given.truth() { given } else { arguments.any(0) }.clone())
}

fn empty(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(!arguments.any(0).truth()))
}

fn coalesce(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(arguments.iter().find(|value| value.truth()).cloned().unwrap_or_default())
}

fn ternary(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(arguments.any(usize::from(!arguments.bool(2))).clone())
}

fn all(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(arguments.iter().all(Value::truth)))
}

fn any(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(arguments.iter().any(Value::truth)))
}
