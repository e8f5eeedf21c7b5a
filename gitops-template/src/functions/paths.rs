//! sprig's paths: with slashes in both families, as Go has them on Unix.

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::Value;

const ONE: Signature = Signature::of(&[Parameter::Text]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "base", signature: ONE, call: base },
    Function { name: "dir", signature: ONE, call: dir },
    Function { name: "clean", signature: ONE, call: |_, arguments| Ok(Value::text(clean(&arguments.text(0)))) },
    Function { name: "ext", signature: ONE, call: ext },
    Function { name: "isAbs", signature: ONE, call: is_absolute },
    Function { name: "osBase", signature: ONE, call: base },
    Function { name: "osDir", signature: ONE, call: dir },
    Function { name: "osClean", signature: ONE, call: |_, arguments| Ok(Value::text(clean(&arguments.text(0)))) },
    Function { name: "osExt", signature: ONE, call: ext },
    Function { name: "osIsAbs", signature: ONE, call: is_absolute },
];

/// The shortest path that means the same: without `.`, empty parts, and names before `..`.
pub(super) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(last) if *last != b".." => drop(parts.pop()),
                _ if rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let cleaned = parts.join(&b'/');
    match (rooted, cleaned.is_empty()) {
        (true, _) => [b"/".as_slice(), &cleaned].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => cleaned,
    }
}

fn base(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let path = arguments.text(0);
    if path.is_empty() {
        return Ok(Value::text("."));
    }
    let last = path.split(|byte| *byte == b'/').rfind(|part| !part.is_empty());
    Ok(Value::text(last.unwrap_or(b"/")))
}

fn dir(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let path = arguments.text(0);
    let end = memchr::memrchr(b'/', &path).map_or(0, |slash| slash + 1);
    Ok(Value::text(clean(path.get(..end).unwrap_or_default())))
}

fn ext(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let path = arguments.text(0);
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let start = memchr::memrchr(b'.', name).unwrap_or(name.len());
    Ok(Value::text(name.get(start..).unwrap_or_default()))
}

fn is_absolute(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(arguments.text(0).starts_with(b"/")))
}
