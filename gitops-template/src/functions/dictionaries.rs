//! sprig's maps.

use std::collections::BTreeSet;

use super::items::text_of;
use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::{List, Map, Text, Value};

use Parameter::Any;

/// Maps in maps below this depth are not merged or copied: a map may hold itself.
const MAX_DEPTH: usize = 1_000;

const MERGE: Signature = Signature::with_rest(&[Parameter::Map], Parameter::Map);
const MAP_AND_KEY: Signature = Signature::of(&[Parameter::Map, Parameter::Text]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "dict", signature: Signature::with_rest(&[], Any), call: dict },
    Function { name: "get", signature: MAP_AND_KEY, call: get },
    Function { name: "set", signature: Signature::of(&[Parameter::Map, Parameter::Text, Any]), call: set },
    Function { name: "unset", signature: MAP_AND_KEY, call: unset },
    Function { name: "hasKey", signature: MAP_AND_KEY, call: has_key },
    Function { name: "pluck", signature: Signature::with_rest(&[Parameter::Text], Parameter::Map), call: pluck },
    Function { name: "keys", signature: Signature::with_rest(&[], Parameter::Map), call: keys },
    Function { name: "values", signature: Signature::of(&[Parameter::Map]), call: values },
    Function { name: "pick", signature: Signature::with_rest(&[Parameter::Map], Parameter::Text), call: pick },
    Function { name: "omit", signature: Signature::with_rest(&[Parameter::Map], Parameter::Text), call: omit },
    Function { name: "dig", signature: Signature::with_rest(&[], Any), call: dig },
    Function { name: "merge", signature: MERGE, call: merge },
    Function { name: "mustMerge", signature: MERGE, call: merge },
    Function { name: "mergeOverwrite", signature: MERGE, call: merge_overwrite },
    Function { name: "mustMergeOverwrite", signature: MERGE, call: merge_overwrite },
    Function { name: "deepCopy", signature: Signature::of(&[Any]), call: deep_copy },
    Function { name: "mustDeepCopy", signature: Signature::of(&[Any]), call: deep_copy },
];

type Called = Result<Value, Failure>;

fn dict(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let map = Map::default();
    for pair in arguments.chunks(2) {
        let value = pair.get(1).cloned().unwrap_or_else(|| Value::text(""));
        map.set(text_of(pair.any(0)), value);
    }
    render.charge(arguments.len() as u64)?;
    Ok(Value::Map(map))
}

fn get(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(arguments.map(0).get(&arguments.text(1)).unwrap_or_else(|| Value::text("")))
}

fn set(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    if arguments.any(0).is_nil() {
        return Err(Failure::new("assignment to entry in nil map"));
    }
    let map = arguments.map(0);
    render.set(&map, arguments.text(1), arguments.any(2).clone());
    Ok(Value::Map(map))
}

fn unset(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let map = arguments.map(0);
    map.remove(&arguments.text(1));
    Ok(Value::Map(map))
}

fn has_key(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Bool(arguments.map(0).contains(&arguments.text(1))))
}

fn pluck(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let key = arguments.text(0);
    let maps = arguments.get(1..).unwrap_or_default().iter().filter_map(Value::as_map);
    Ok(Value::List(maps.filter_map(|map| map.get(&key)).collect::<List>()))
}

fn keys(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let keys: Vec<Text> = arguments.iter().filter_map(Value::as_map).flat_map(Map::keys).collect();
    render.charge(keys.len() as u64)?;
    Ok(Value::texts(keys))
}

fn values(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let values: Vec<Value> = arguments.map(0).entries().into_iter().map(|(_, value)| value).collect();
    render.charge(values.len() as u64)?;
    Ok(Value::list(values))
}

fn named(arguments: &[Value]) -> impl Iterator<Item = &Text> {
    arguments.get(1..).unwrap_or_default().iter().filter_map(Value::as_text)
}

fn pick(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let map = arguments.map(0);
    let entry = |key: &Text| map.get(key).map(|value| (key.clone(), value));
    Ok(Value::Map(named(arguments).filter_map(entry).collect()))
}

fn omit(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let unwanted: BTreeSet<&Text> = named(arguments).collect();
    let entries = arguments.map(0).entries();
    render.charge(entries.len() as u64)?;
    Ok(Value::Map(entries.into_iter().filter(|(key, _)| !unwanted.contains(key)).collect()))
}

fn dig(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let [keys @ .., default, value] = arguments else {
        return Err(Failure::new("dig needs at least three arguments"));
    };
    if keys.is_empty() {
        return Err(Failure::new("dig needs at least three arguments"));
    }
    let not_a = |value: &Value, wanted: &str| {
        let found = if value.is_nil() { "nil".into() } else { value.type_name() };
        Failure::new(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
    };
    let map_of = |value: &Value| match value {
        Value::Map(map) => Ok(map.clone()),
        other => Err(not_a(other, "map[string]interface {}")),
    };
    let mut map = map_of(value)?;
    for key in keys {
        if key.as_text().is_none() {
            return Err(not_a(key, "string"));
        }
    }
    for (index, key) in keys.iter().enumerate() {
        let Some(step) = key.as_text().and_then(|key| map.get(key)) else { return Ok(default.clone()) };
        if index + 1 == keys.len() {
            return Ok(step);
        }
        map = map_of(&step)?;
    }
    Ok(Value::Nil)
}

fn merge(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    merge_all(render, arguments, false)
}

fn merge_overwrite(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    merge_all(render, arguments, true)
}

fn merge_all(render: &mut Render<'_>, arguments: &[Value], overwrite: bool) -> Called {
    let into = arguments.map(0);
    for from in arguments.get(1..).unwrap_or_default().iter().filter_map(Value::as_map) {
        merge_maps(render, &into, from, overwrite, 0)?;
    }
    Ok(Value::Map(into))
}

/// Merges as `dario.cat/mergo` 1.0.1 does: without `overwrite` what is there wins, unless it is empty, be it `false`.
fn merge_maps(render: &mut Render<'_>, into: &Map, from: &Map, overwrite: bool, depth: usize) -> Result<(), Failure> {
    if depth > MAX_DEPTH {
        return Err(Failure::new(format!("maps are nested deeper than the {MAX_DEPTH} levels allowed")));
    }
    if into.is(from) {
        return Ok(());
    }
    for (key, value) in from.entries() {
        render.charge(1)?;
        let known = into.get(&key);
        match (&known, &value) {
            (_, Value::Nil) => {
                if overwrite {
                    render.set(into, key, Value::Nil);
                }
                continue;
            }
            (Some(Value::Map(known)), Value::Map(value)) => {
                merge_maps(render, known, value, overwrite, depth + 1)?;
                if !known.is_empty() {
                    continue;
                }
            }
            (Some(known), Value::List(_)) if known.truth() && !overwrite => continue,
            _ => {}
        }
        if overwrite || known.is_none_or(|known| is_empty(&known)) {
            render.set(into, key, value);
        }
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    !value.truth()
}

fn deep_copy(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    if arguments.any(0).is_nil() {
        return Err(Failure::new("reflect: call of reflect.Value.Type on zero Value"));
    }
    copy(render, arguments.any(0), 0)
}

fn copy(render: &mut Render<'_>, value: &Value, depth: usize) -> Called {
    if depth > MAX_DEPTH {
        return Err(Failure::new(format!("values are nested deeper than the {MAX_DEPTH} levels allowed")));
    }
    render.charge(1)?;
    Ok(match value {
        Value::List(list) => {
            let items = list.iter().map(|item| copy(render, item, depth + 1)).collect::<Result<_, _>>()?;
            Value::List(List::of(list.element(), items))
        }
        Value::Map(map) => {
            let entries = map.entries().into_iter().map(|(key, value)| Ok((key, copy(render, &value, depth + 1)?)));
            Value::Map(Map::of_kind(map.kind(), entries.collect::<Result<_, Failure>>()?))
        }
        other => other.clone(),
    })
}
