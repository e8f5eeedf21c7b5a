//! Path elements of list items.

use serde_json::Value;

use super::Context;
use crate::fields::{Keys, PathElement};
use crate::schema::{List, ListRelation};

/// The path element of one item of a set or list-map.
pub(crate) fn element(context: Context<'_>, list: &List, item: &Value) -> Result<PathElement, String> {
    match &list.relation {
        ListRelation::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        ListRelation::Set => match item {
            Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
            Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
            Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
            scalar => Ok(PathElement::Value(scalar.clone())),
        },
        ListRelation::Map(keys) => keyed(context, list, keys, item),
    }
}

fn keyed(context: Context<'_>, list: &List, keys: &[String], item: &Value) -> Result<PathElement, String> {
    let map = match item {
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        Value::Object(map) => map,
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let fields = context.get(list.element).map.as_ref().map(|known| &known.fields);
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let default = || fields?.get(key)?.default.as_ref();
        if let Some(value) = map.get(key).or_else(default) {
            found.push((key.clone(), value.clone()));
        }
    }
    if found.is_empty() {
        let names: Vec<String> = keys.iter().map(|key| crate::value::go_quote(key)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default \
             values for any key fields)",
            names.join(" ")
        ));
    }
    Ok(PathElement::Key(Keys::new(found)))
}
