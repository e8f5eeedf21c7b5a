//! Go's `html`, `js` and `urlquery`.

use std::fmt::Write;

use super::{Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::print;
use crate::quote::is_printable;
use crate::syntax::character::first;
use crate::value::{Text, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "html", signature: ANY, call: html },
    Function { name: "js", signature: ANY, call: js },
    Function { name: "urlquery", signature: ANY, call: urlquery },
];

const ANY: Signature = Signature::with_rest(&[], Parameter::Any);

/// Go writes nothing at all as text here, unlike what it prints elsewhere.
fn printed(render: &Render<'_>, arguments: &[Value]) -> Text {
    if let [Value::Text(text)] = arguments {
        return text.clone();
    }
    let shown = |value: &Value| if value.is_nil() { Value::text("<no value>") } else { value.clone() };
    let values: Vec<Value> = arguments.iter().map(shown).collect();
    print::print_within(&values, render.left()).into()
}

fn html(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let mut out = Vec::new();
    for byte in printed(render, arguments).iter() {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            byte => out.push(*byte),
        }
    }
    render.written(out)
}

fn js(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let text = printed(render, arguments);
    let mut out = String::new();
    let mut rest: &[u8] = &text;
    while let Some((character, length)) = first(rest) {
        rest = rest.get(length..).unwrap_or_default();
        match character {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' => out.push_str("\\u003C"),
            '>' => out.push_str("\\u003E"),
            '&' => out.push_str("\\u0026"),
            '=' => out.push_str("\\u003D"),
            character if is_printable(character) => out.push(character),
            character => {
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
        }
    }
    render.written(out.into_bytes())
}

fn urlquery(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let mut out = String::new();
    for byte in printed(render, arguments).iter() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(*byte)),
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    render.written(out.into_bytes())
}
