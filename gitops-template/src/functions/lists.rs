//! sprig's lists.

use super::conversions::to_int;
use super::items::{NIL_DEREFERENCE, items, texts_of};
use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::{Element, List, Text, Value};

use Parameter::{Any, Int};

const ONE: Signature = Signature::of(&[Any]);
const TWO: Signature = Signature::of(&[Any, Any]);
const ONE_AND_MORE: Signature = Signature::with_rest(&[Any], Any);
const ALL: Signature = Signature::with_rest(&[], Any);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "list", signature: ALL, call: list },
    Function { name: "tuple", signature: ALL, call: list },
    Function { name: "append", signature: TWO, call: push },
    Function { name: "push", signature: TWO, call: push },
    Function { name: "mustAppend", signature: TWO, call: push },
    Function { name: "mustPush", signature: TWO, call: push },
    Function { name: "prepend", signature: TWO, call: prepend },
    Function { name: "mustPrepend", signature: TWO, call: prepend },
    Function { name: "first", signature: ONE, call: first },
    Function { name: "mustFirst", signature: ONE, call: first },
    Function { name: "last", signature: ONE, call: last },
    Function { name: "mustLast", signature: ONE, call: last },
    Function { name: "rest", signature: ONE, call: rest },
    Function { name: "mustRest", signature: ONE, call: rest },
    Function { name: "initial", signature: ONE, call: initial },
    Function { name: "mustInitial", signature: ONE, call: initial },
    Function { name: "reverse", signature: ONE, call: reverse },
    Function { name: "mustReverse", signature: ONE, call: reverse },
    Function { name: "compact", signature: ONE, call: compact },
    Function { name: "mustCompact", signature: ONE, call: compact },
    Function { name: "uniq", signature: ONE, call: uniq },
    Function { name: "mustUniq", signature: ONE, call: uniq },
    Function { name: "without", signature: ONE_AND_MORE, call: without },
    Function { name: "mustWithout", signature: ONE_AND_MORE, call: without },
    Function { name: "has", signature: TWO, call: has },
    Function { name: "mustHas", signature: TWO, call: has },
    Function { name: "slice", signature: ONE_AND_MORE, call: slice },
    Function { name: "mustSlice", signature: ONE_AND_MORE, call: slice },
    Function { name: "concat", signature: ALL, call: concat },
    Function { name: "chunk", signature: Signature::of(&[Int, Any]), call: chunk },
    Function { name: "mustChunk", signature: Signature::of(&[Int, Any]), call: chunk },
    Function { name: "sortAlpha", signature: ONE, call: sort_alpha },
    Function { name: "join", signature: Signature::of(&[Parameter::Text, Any]), call: join },
];

type Called = Result<Value, Failure>;

fn of(items: Vec<Value>) -> Called {
    Ok(Value::List(List::from(items)))
}

fn list(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    render.charge(arguments.len() as u64)?;
    of(arguments.to_vec())
}

fn push(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let mut items = items(arguments.any(0), "Cannot push on type")?.to_vec();
    render.charge(items.len() as u64)?;
    items.push(arguments.any(1).clone());
    of(items)
}

fn prepend(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let after = items(arguments.any(0), "Cannot prepend on type")?;
    render.charge(after.len() as u64)?;
    of(std::iter::once(arguments.any(1).clone()).chain(after.iter().cloned()).collect())
}

fn first(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let items = items(arguments.any(0), "Cannot find first on type")?;
    Ok(items.first().cloned().unwrap_or_default())
}

fn last(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let items = items(arguments.any(0), "Cannot find last on type")?;
    Ok(items.last().cloned().unwrap_or_default())
}

fn rest(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let items = items(arguments.any(0), "Cannot find rest on type")?;
    render.charge(items.len() as u64)?;
    match items.split_first() {
        Some((_, rest)) => of(rest.to_vec()),
        None => Ok(Value::List(List::nil(Element::Any))),
    }
}

fn initial(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let items = items(arguments.any(0), "Cannot find initial on type")?;
    render.charge(items.len() as u64)?;
    match items.split_last() {
        Some((_, initial)) => of(initial.to_vec()),
        None => Ok(Value::List(List::nil(Element::Any))),
    }
}

fn reverse(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let items = items(arguments.any(0), "Cannot find reverse on type")?;
    render.charge(items.len() as u64)?;
    of(items.iter().rev().cloned().collect())
}

fn compact(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let items = items(arguments.any(0), "Cannot compact on type")?;
    render.charge(items.len() as u64)?;
    of(items.iter().filter(|item| item.truth()).cloned().collect())
}

fn contains(render: &mut Render<'_>, list: &[Value], wanted: &Value) -> Result<bool, Failure> {
    for item in list {
        if render.equal(item, wanted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let items = items(arguments.any(0), "Cannot find uniq on type")?;
    let mut found = Vec::new();
    for item in items.iter() {
        if !contains(render, &found, item)? {
            found.push(item.clone());
        }
    }
    of(found)
}

fn without(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let items = items(arguments.any(0), "Cannot find without on type")?;
    let unwanted = arguments.get(1..).unwrap_or_default();
    let mut found = Vec::new();
    for item in items.iter() {
        if !contains(render, unwanted, item)? {
            found.push(item.clone());
        }
    }
    of(found)
}

fn has(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    if arguments.any(1).is_nil() {
        return Ok(Value::Bool(false));
    }
    let items = items(arguments.any(1), "Cannot find has on type")?;
    Ok(Value::Bool(contains(render, &items, arguments.any(0))?))
}

fn slice(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let list = items(arguments.any(0), "list should be type of slice or array but")?;
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let length = list.len();
    let place = |index: usize, default: usize| match arguments.get(index) {
        None => Some(default),
        Some(value) => usize::try_from(to_int(value)).ok(),
    };
    let bounds = (place(1, 0), place(2, length));
    match bounds {
        (Some(from), Some(to)) if from <= to && to <= length => Ok(Value::List(list.slice(from, to))),
        _ => Err(Failure::new("reflect.Value.Slice: slice index out of bounds")),
    }
}

fn concat(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let mut all = Vec::new();
    for argument in arguments {
        let list = match argument {
            Value::Nil => return Err(Failure::new(NIL_DEREFERENCE)),
            Value::List(list) => list.clone(),
            other => items(other, "")
                .map_err(|_| Failure::new(format!("Cannot concat type {} as list", other.kind_name())))?,
        };
        render.charge(list.len() as u64)?;
        all.extend(list.iter().cloned());
    }
    of(all)
}

fn chunk(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let list = items(arguments.any(1), "Cannot chunk type")?;
    render.charge(list.len() as u64)?;
    let chunks = match usize::try_from(arguments.int(0)) {
        Ok(size) if size > 0 => list.chunks(size).map(|chunk| Value::List(List::from(chunk.to_vec()))).collect(),
        _ if list.is_empty() => Vec::new(),
        _ => return Err(Failure::new("runtime error: makeslice: len out of range")),
    };
    Ok(Value::List(List::of(Element::List, chunks)))
}

fn sort_alpha(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let mut texts = texts_of(render, arguments.any(0))?;
    if arguments.any(0).is_nil() {
        texts = vec![Text::from("<nil>")];
    }
    render.charge(texts.len() as u64)?;
    texts.sort();
    Ok(Value::texts(texts))
}

fn join(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let separator = arguments.text(0);
    let texts = texts_of(render, arguments.any(1))?;
    let length = texts.iter().map(|text| text.len() + separator.len()).sum();
    render.reserve(length)?;
    let mut out = Vec::with_capacity(length);
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(&separator);
        }
        out.extend_from_slice(text);
    }
    Ok(Value::text(out))
}
