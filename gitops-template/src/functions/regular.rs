//! sprig's regular expressions, in the syntax of Go's RE2.

use std::rc::Rc;

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::pattern::{Pattern, PatternError, Subject};
use crate::value::{Element, List, Value};

use Parameter::{Int, Text};

const TWO: Signature = Signature::of(&[Text, Text]);
const THREE: Signature = Signature::of(&[Text, Text, Text]);
const COUNTED: Signature = Signature::of(&[Text, Text, Int]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "regexMatch", signature: TWO, call: matches },
    Function { name: "mustRegexMatch", signature: TWO, call: must_match },
    Function { name: "regexFind", signature: TWO, call: |r, a| find(r, a, panicked) },
    Function { name: "mustRegexFind", signature: TWO, call: |r, a| find(r, a, returned) },
    Function { name: "regexFindAll", signature: COUNTED, call: |r, a| find_all(r, a, panicked) },
    Function { name: "mustRegexFindAll", signature: COUNTED, call: |r, a| find_all(r, a, returned) },
    Function { name: "regexReplaceAll", signature: THREE, call: |r, a| replace(r, a, false, panicked) },
    Function { name: "mustRegexReplaceAll", signature: THREE, call: |r, a| replace(r, a, false, returned) },
    Function { name: "regexReplaceAllLiteral", signature: THREE, call: |r, a| replace(r, a, true, panicked) },
    Function { name: "mustRegexReplaceAllLiteral", signature: THREE, call: |r, a| replace(r, a, true, returned) },
    Function { name: "regexSplit", signature: COUNTED, call: |r, a| split(r, a, panicked) },
    Function { name: "mustRegexSplit", signature: COUNTED, call: |r, a| split(r, a, returned) },
    Function { name: "regexQuoteMeta", signature: Signature::of(&[Text]), call: quote_meta },
];

type Called = Result<Value, Failure>;

/// Bytes that are searched for a step.
const BYTES_A_STEP: u64 = 128;

/// How an expression that is none is told of: `must` functions return the error, the others panic in Go.
type Words = fn(&[u8], &PatternError) -> Failure;

fn returned(_: &[u8], error: &PatternError) -> Failure {
    Failure::new(error.to_string())
}

fn panicked(text: &[u8], error: &PatternError) -> Failure {
    let raw = std::str::from_utf8(text).ok().filter(|text| {
        !text.contains(['`', '\u{feff}']) && !text.contains(|c: char| c.is_ascii_control() && c != '\t')
    });
    let quoted = raw.map_or_else(|| crate::quote::quote(text), |text| format!("`{text}`"));
    Failure::new(format!("regexp: Compile({quoted}): {error}"))
}

fn compiled(render: &mut Render<'_>, arguments: &[Value], words: Words) -> Result<Rc<Pattern>, Failure> {
    let text = arguments.text(0);
    let pattern = render.pattern(&text)?;
    charge_search(render, arguments.text(1).len())?;
    pattern.map_err(|error| words(&text, &error))
}

fn charge_search(render: &mut Render<'_>, length: usize) -> Result<(), Failure> {
    render.charge(1 + length as u64 / BYTES_A_STEP)
}

fn matches(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    match render.pattern(&arguments.text(0))? {
        Ok(_) => must_match(render, arguments),
        Err(_) => Ok(Value::Bool(false)),
    }
}

fn must_match(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let pattern = compiled(render, arguments, returned)?;
    Ok(Value::Bool(pattern.is_match(&Subject::new(&arguments.text(1)))))
}

fn find(render: &mut Render<'_>, arguments: &[Value], words: Words) -> Called {
    let pattern = compiled(render, arguments, words)?;
    let text = arguments.text(1);
    Ok(Value::text(pattern.find(&Subject::new(&text)).unwrap_or_default()))
}

/// A negative limit is none.
fn limit(arguments: &[Value]) -> Option<usize> {
    usize::try_from(arguments.int(2)).ok()
}

fn find_all(render: &mut Render<'_>, arguments: &[Value], words: Words) -> Called {
    let pattern = compiled(render, arguments, words)?;
    let text = arguments.text(1);
    let subject = Subject::new(&text);
    let found =
        pattern.find_all(&subject, limit(arguments).unwrap_or(usize::MAX), || charge_search(render, text.len()))?;
    if found.is_empty() {
        return Ok(Value::List(List::nil(Element::Text)));
    }
    Ok(Value::texts(found.into_iter().map(|range| text.get(range).unwrap_or_default())))
}

fn split(render: &mut Render<'_>, arguments: &[Value], words: Words) -> Called {
    let pattern = compiled(render, arguments, words)?;
    let text = arguments.text(1);
    let parts = pattern.split(&Subject::new(&text), limit(arguments), || charge_search(render, text.len()))?;
    Ok(parts.map_or_else(|| Value::List(List::nil(Element::Text)), Value::texts))
}

fn replace(render: &mut Render<'_>, arguments: &[Value], literal: bool, words: Words) -> Called {
    let pattern = compiled(render, arguments, words)?;
    let (text, with) = (arguments.text(1), arguments.text(2));
    let replaced = pattern.replace(&Subject::new(&text), &with, literal, |made| {
        charge_search(render, text.len())?;
        render.reserve(made)
    })?;
    render.written(replaced)
}

fn quote_meta(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(0);
    let mut out = Vec::with_capacity(text.len());
    for byte in text.iter() {
        if b"\\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    render.written(out)
}
