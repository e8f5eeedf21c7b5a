//! Lists of objects, taken apart.

use gitops_core::Value;

use crate::{Place, Problem, RenderError};

/// An object, or the objects of a list, which is what has `items` that are a list, as Argo CD takes them apart
/// (`GenerateManifests`; `unstructured.IsList`). A kind named `...List` whose items are null has none.
pub(crate) fn flatten(value: Value, place: &Place, found: &mut Vec<Value>) -> Result<(), RenderError> {
    match items(&value) {
        Items::None => found.push(value),
        Items::Null => {}
        Items::List => {
            let Value::Object(mut list) = value else { return Ok(()) };
            let Some(Value::Array(items)) = list.remove("items") else { return Ok(()) };
            for (index, item) in items.into_iter().enumerate() {
                if !item.is_object() {
                    let field = format!("items[{index}]");
                    return Err(place.clone().field(field).is(Problem::Value("expected an object".into())));
                }
                flatten(item, place, found)?;
            }
        }
    }
    Ok(())
}

/// The same as kustomize does it (`inlineAnyEmbeddedLists`): a list is what has a kind named `...List` and `items`.
pub(crate) fn flatten_kustomize(value: Value, place: &Place, found: &mut Vec<Value>) -> Result<(), RenderError> {
    let list_kind = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    let Some(items) = value.get("items").filter(|_| list_kind) else {
        found.push(value);
        return Ok(());
    };
    match items {
        Value::Null => Ok(()),
        Value::Array(_) => {
            let Value::Object(mut list) = value else { return Ok(()) };
            let Some(Value::Array(items)) = list.remove("items") else { return Ok(()) };
            items.into_iter().try_for_each(|item| flatten_kustomize(item, place, found))
        }
        _ => Err(place.clone().field("items").is(Problem::Value("expected a list".into()))),
    }
}

enum Items {
    None,
    Null,
    List,
}

fn items(value: &Value) -> Items {
    let list_kind = || value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match value.get("items") {
        Some(Value::Array(_)) => Items::List,
        Some(Value::Null) if list_kind() => Items::Null,
        _ => Items::None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_taken_apart() {
        let value = json!({"kind": "List", "items": [{"kind": "A"}, {"kind": "BList", "items": [{"kind": "B"}]}]});
        let mut found = Vec::new();
        flatten(value, &Place::default(), &mut found).unwrap();
        flatten(json!({"kind": "CList", "items": null}), &Place::default(), &mut found).unwrap();
        flatten(json!({"kind": "D", "items": {"a": 1}}), &Place::default(), &mut found).unwrap();
        let kinds: Vec<_> = found.iter().map(|value| value["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["A", "B", "D"]);
        assert!(flatten(json!({"items": [1]}), &Place::default(), &mut found).is_err());
    }
}
