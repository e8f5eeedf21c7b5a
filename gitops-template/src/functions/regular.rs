//! sprig's regular expressions, in the syntax of Go's RE2.

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::Value;

use Parameter::{Int, Text};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "regexFind", signature: Signature::of(&[Text, Text]), call: find },
    Function { name: "regexMatch", signature: Signature::of(&[Text, Text]), call: matches },
    Function { name: "mustRegexMatch", signature: Signature::of(&[Text, Text]), call: matches },
    Function { name: "regexReplaceAll", signature: Signature::of(&[Text, Text, Text]), call: replace },
    Function { name: "mustRegexReplaceAll", signature: Signature::of(&[Text, Text, Text]), call: replace },
    Function { name: "regexReplaceAllLiteral", signature: Signature::of(&[Text, Text, Text]), call: replace },
    Function { name: "mustRegexReplaceAllLiteral", signature: Signature::of(&[Text, Text, Text]), call: replace },
    Function { name: "regexSplit", signature: Signature::of(&[Text, Text, Int]), call: split },
    Function { name: "regexFindAll", signature: Signature::of(&[Text, Text, Int]), call: find_all },
    Function { name: "regexQuoteMeta", signature: Signature::of(&[Text]), call: |_, a| Ok(a.any(0).clone()) },
];

fn compiled(pattern: &[u8]) -> Result<regex::bytes::Regex, Failure> {
    regex::bytes::Regex::new(&String::from_utf8_lossy(pattern)).map_err(|error| Failure::new(error.to_string()))
}

fn find(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let text = arguments.text(1);
    Ok(Value::text(compiled(&arguments.text(0))?.find(&text).map(|found| found.as_bytes()).unwrap_or_default()))
}

fn matches(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(compiled(&arguments.text(0))?.is_match(&arguments.text(1))))
}

fn replace(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let out = compiled(&arguments.text(0))?.replace_all(&arguments.text(1), &*arguments.text(2)).into_owned();
    Ok(Value::text(out))
}

fn split(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let pattern = compiled(&arguments.text(0))?;
    let text = arguments.text(1);
    Ok(Value::texts(pattern.split(&text)))
}

fn find_all(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let pattern = compiled(&arguments.text(0))?;
    let text = arguments.text(1);
    Ok(Value::texts(pattern.find_iter(&text).map(|found| found.as_bytes())))
}
