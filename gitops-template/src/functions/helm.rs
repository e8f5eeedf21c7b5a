//! Helm's own functions: `include`, `tpl`, `required`, `lookup`, `getHostByName`; and sprig's `fail`, which speaks as
//! `required` does.

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::Value;

use Parameter::{Any, Text};

pub(super) const SPRIG: &[Function] = &[Function { name: "fail", signature: Signature::of(&[Text]), call: fail }];

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "include", signature: Signature::of(&[Text, Any]), call: include },
    Function { name: "tpl", signature: Signature::of(&[Text, Any]), call: tpl },
    Function { name: "required", signature: Signature::of(&[Text, Any]), call: required },
    Function { name: "lookup", signature: Signature::of(&[Text, Text, Text, Text]), call: lookup },
    Function { name: "getHostByName", signature: Signature::of(&[Text]), call: no_host },
];

fn include(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let out = render.include(&arguments.text(0), arguments.any(1).clone())?;
    Ok(Value::text(out))
}

fn tpl(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let out = render.evaluate(&arguments.text(0), arguments.any(1).clone())?;
    Ok(Value::text(out))
}

fn required(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let value = arguments.any(1);
    let missing = match value {
        Value::Nil => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    };
    if missing { Err(said(arguments)) } else { Ok(value.clone()) }
}

fn fail(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Err(said(arguments))
}

/// A failure in the words of the template.
fn said(arguments: &[Value]) -> Failure {
    Failure::said(arguments.text(0).to_str().into_owned())
}

fn lookup(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let texts = [0, 1, 2, 3].map(|index| arguments.text(index).to_str().into_owned());
    let [api_version, kind, namespace, name] = &texts;
    render.host().lookup(api_version, kind, namespace, name)
}

/// Helm asks no name server unless it is told to.
fn no_host(_: &mut Render<'_>, _: &[Value]) -> Result<Value, Failure> {
    Ok(Value::text(""))
}
