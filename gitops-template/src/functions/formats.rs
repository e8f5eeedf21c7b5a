//! JSON, YAML and TOML as Helm's and sprig's functions read and write them.

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::json::{Style, Unread, from_json_text, to_json_text};
use crate::toml::{Refused, from_toml, to_toml};
use crate::value::{FromJson, List, Map, Text, Value, from_json, pretty_within, yaml_within};

use Parameter::Any;

const ONE: Signature = Signature::of(&[Any]);
const TEXT: Signature = Signature::of(&[Parameter::Text]);

/// sprig's, some of which Helm replaces.
pub(super) const SPRIG: &[Function] = &[
    Function { name: "toJson", signature: ONE, call: json },
    Function { name: "mustToJson", signature: ONE, call: must_json },
    Function { name: "toPrettyJson", signature: ONE, call: pretty_json },
    Function { name: "mustToPrettyJson", signature: ONE, call: must_pretty_json },
    Function { name: "toRawJson", signature: ONE, call: raw_json },
    Function { name: "mustToRawJson", signature: ONE, call: raw_json },
    Function { name: "fromJson", signature: TEXT, call: any_from_json },
    Function { name: "mustFromJson", signature: TEXT, call: must_from_json },
];

/// Helm's.
pub(super) const HELM: &[Function] = &[
    Function { name: "toYaml", signature: ONE, call: yaml },
    Function { name: "toYamlPretty", signature: ONE, call: pretty_yaml },
    Function { name: "fromYaml", signature: TEXT, call: from_yaml },
    Function { name: "fromYamlArray", signature: TEXT, call: from_yaml_array },
    Function { name: "toJson", signature: ONE, call: json },
    Function { name: "fromJson", signature: TEXT, call: from_json_map },
    Function { name: "fromJsonArray", signature: TEXT, call: from_json_array },
    Function { name: "toToml", signature: ONE, call: toml },
    Function { name: "fromToml", signature: TEXT, call: from_toml_map },
];

/// Go's names of the types that are read into.
const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

type Called = Result<Value, Failure>;

fn written(render: &mut Render<'_>, arguments: &[Value], style: Style) -> Called {
    let text = to_json_text(arguments.any(0), style, render.left())?;
    render.written(text)
}

const PLAIN: Style = Style { indented: false, raw: false };
const PRETTY: Style = Style { indented: true, raw: false };
const RAW: Style = Style { indented: false, raw: true };

/// What cannot be written gives nothing; a budget that is spent is an error of its own.
fn or_nothing(render: &mut Render<'_>, written: Called) -> Called {
    match written {
        Err(failure) if failure.is_of_budget() => Err(failure),
        Err(_) => render.written(Vec::new()),
        written => written,
    }
}

fn json(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = must_json(render, arguments);
    or_nothing(render, text)
}

fn must_json(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    written(render, arguments, PLAIN)
}

fn pretty_json(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = must_pretty_json(render, arguments);
    or_nothing(render, text)
}

fn must_pretty_json(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    written(render, arguments, PRETTY)
}

fn raw_json(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    written(render, arguments, RAW)
}

/// What was read, and what is wrong.
fn read_json(render: &mut Render<'_>, arguments: &[Value]) -> Result<(Value, Option<String>), Failure> {
    let text = arguments.text(0);
    render.charge(text.len() as u64 / 8)?;
    Ok(match from_json_text(&text) {
        Ok(value) => (value, None),
        Err(Unread { value, message }) => (value.unwrap_or_default(), Some(message)),
    })
}

fn any_from_json(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(read_json(render, arguments)?.0)
}

fn must_from_json(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    match read_json(render, arguments)? {
        (value, None) => Ok(value),
        (_, Some(message)) => Err(Failure::new(message)),
    }
}

/// Helm puts what is wrong into the map that it gives.
fn with_error(value: Value, message: Option<String>, prefix: &str) -> Value {
    let (map, message) = match value {
        Value::Map(map) => (map, message),
        Value::Nil if message.is_none() => return Value::Map(Map::nil()),
        Value::Nil => (Map::default(), message),
        other => (Map::default(), message.or_else(|| Some(format!("{prefix}{}", Unread::mismatch(&other, MAP))))),
    };
    if let Some(message) = message {
        map.set(Text::from("Error"), Value::text(message));
    }
    Value::Map(map)
}

/// For lists, what is wrong is the only element.
fn or_error(value: Value, message: Option<String>, prefix: &str) -> Value {
    match (value, message) {
        (_, Some(message)) => Value::list(vec![Value::text(message)]),
        (Value::List(list), None) => Value::List(list),
        (Value::Nil, None) => Value::List(List::nil(crate::value::Element::Any)),
        (other, None) => Value::list(vec![Value::text(format!("{prefix}{}", Unread::mismatch(&other, LIST)))]),
    }
}

fn from_json_map(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (value, message) = read_json(render, arguments)?;
    Ok(with_error(value, message, ""))
}

fn from_json_array(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (value, message) = read_json(render, arguments)?;
    Ok(or_error(value, message, ""))
}

fn yaml(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = yaml_within(arguments.any(0), render.left());
    let text = text.and_then(|text| render.written(text.into_bytes()));
    or_nothing(render, text)
}

fn pretty_yaml(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = pretty_within(arguments.any(0), render.left());
    let text = text.and_then(|text| render.written(text.into_bytes()));
    or_nothing(render, text)
}

/// What comes before the words of the JSON library, which reads what YAML was turned into.
const UNMARSHAL: &str = "error unmarshaling JSON: while decoding JSON: ";

fn read_yaml(render: &mut Render<'_>, arguments: &[Value]) -> Result<(Value, Option<String>), Failure> {
    let text = arguments.text(0);
    render.charge(text.len() as u64 / 8)?;
    Ok(match gitops_yaml::read_first(&text, &gitops_yaml::Limits::default()) {
        Ok(json) => (from_json(&json, FromJson::Floats), None),
        Err(error) => (Value::Nil, Some(format!("error converting YAML to JSON: {error}"))),
    })
}

fn from_yaml(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (value, message) = read_yaml(render, arguments)?;
    // Null leaves the map that is read into.
    let value = if value.is_nil() { Value::Map(Map::default()) } else { value };
    Ok(with_error(value, message, UNMARSHAL))
}

fn from_yaml_array(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (value, message) = read_yaml(render, arguments)?;
    let value = if value.is_nil() { Value::list(Vec::new()) } else { value };
    Ok(or_error(value, message, UNMARSHAL))
}

/// What cannot be written gives the words of the error.
fn toml(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    match to_toml(arguments.any(0), render.left()) {
        Ok(text) => render.written(text),
        Err(Refused::Told(words)) => Ok(Value::text(words)),
        Err(Refused::Failed(words)) => Err(Failure::new(words)),
    }
}

fn from_toml_map(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(0);
    render.charge(text.len() as u64 / 8)?;
    Ok(match from_toml(&text) {
        Ok(map) => Value::Map(map),
        Err(message) => with_error(Value::Nil, Some(message), ""),
    })
}
