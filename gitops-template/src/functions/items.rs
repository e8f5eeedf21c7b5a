//! Arguments that are to be lists.

use super::Failure;
use crate::execute::Render;
use crate::print;
use crate::value::{List, Text, Value};

/// What Go says where a function asks the type of nil.
pub(crate) const NIL_DEREFERENCE: &str = "runtime error: invalid memory address or nil pointer dereference";

/// What Go says where a package reflects on nil.
pub(crate) const NIL_TYPE: &str = "reflect: call of reflect.Value.Type on zero Value";

/// The elements of a list, or what Go says where the argument is none: its words, then the kind of the argument.
pub(super) fn items(value: &Value, words: &str) -> Result<List, Failure> {
    match value {
        Value::List(list) => Ok(list.clone()),
        Value::Bytes(bytes) => Ok(bytes.iter().map(|byte| Value::Byte(*byte)).collect()),
        Value::Nil => Err(Failure::new(NIL_DEREFERENCE)),
        Value::Object(object) if object.kind_name() == "slice" => {
            Ok(object.entries().unwrap_or_default().into_iter().map(|(_, item)| item).collect())
        }
        other => Err(Failure::new(format!("{words} {}", other.kind_name()))),
    }
}

/// A value as text, as sprig's `toString` gives it.
pub(super) fn text_of(value: &Value) -> Text {
    match value {
        Value::Text(text) | Value::Bytes(text) => text.clone(),
        other => {
            let mut out = Vec::new();
            print::write(&mut out, other);
            out.into()
        }
    }
}

/// A list as texts, as sprig's `toStrings` gives them: without nils, and one text of what is no list.
pub(super) fn texts_of(render: &mut Render<'_>, value: &Value) -> Result<Vec<Text>, Failure> {
    let list = match value {
        Value::Nil => return Ok(Vec::new()),
        Value::List(list) => list.clone(),
        Value::Bytes(_) => items(value, "")?,
        Value::Object(object) if object.kind_name() == "slice" => items(value, "")?,
        other => List::from(vec![other.clone()]),
    };
    let mut texts = Vec::with_capacity(list.len());
    for item in list.iter().filter(|item| !item.is_nil()) {
        let text = text_of(item);
        render.reserve(if matches!(item, Value::Text(_)) { 0 } else { text.len() })?;
        texts.push(text);
    }
    Ok(texts)
}
