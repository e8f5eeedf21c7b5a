//! Whether an object keeps the rules of its structural schema.

mod rules;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{MAX_DEPTH, additional, is_true, property};
use crate::server::Cause;
use crate::value::{display, equal};

/// What an object breaks: types, required fields, enums, bounds, patterns, and items that repeat in sets and maps.
///
/// What a value broke already in `live` and that did not change is let through (ratcheting). Rules in CEL
/// (`x-kubernetes-validations`) are not evaluated.
#[must_use]
pub fn validate(object: &Value, live: Option<&Value>, schema: &Value) -> Vec<Cause> {
    let mut walk = Walk { causes: Vec::new(), depth: 0 };
    walk.visit("", object, live, schema);
    walk.causes
}

struct Walk {
    causes: Vec<Cause>,
    depth: usize,
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Walk {
    fn visit(&mut self, path: &str, value: &Value, live: Option<&Value>, schema: &Value) {
        let unchanged = self.depth > 0 && live.is_some_and(|live| equal(live, value));
        if self.depth <= MAX_DEPTH && !unchanged {
            self.depth += 1;
            self.check(path, value, live, schema);
            self.depth -= 1;
        }
    }

    fn check(&mut self, path: &str, value: &Value, live: Option<&Value>, schema: &Value) {
        if value.is_null() && is_true(schema, "nullable") {
            return;
        }
        if !rules::has_type(value, schema) {
            self.wrong_type(path, value, schema);
            return;
        }
        self.causes.extend(rules::own(path, value, schema));
        self.combined(path, value, schema);
        match value {
            Value::Object(map) => {
                for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
                    if let Some(name) = name.as_str().filter(|name| !map.contains_key(*name)) {
                        self.causes.push(Cause::required(join(path, name), ""));
                    }
                }
                for (name, value) in map {
                    if self.depth == 1 && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                        continue;
                    }
                    if let Some(below) = property(schema, name).or_else(|| additional(schema)) {
                        let live = live.and_then(|live| live.get(name));
                        self.visit(&join(path, name), value, live, below);
                    }
                }
            }
            Value::Array(items) => {
                self.repeated(path, items, schema);
                if let Some(below) = schema.get("items") {
                    for (index, item) in items.iter().enumerate() {
                        let live = live.and_then(|live| live.get(index));
                        self.visit(&format!("{path}[{index}]"), item, live, below);
                    }
                }
            }
            _ => {}
        }
    }

    fn wrong_type(&mut self, path: &str, value: &Value, schema: &Value) {
        let wanted = schema.get("type").and_then(Value::as_str).unwrap_or("integer,string");
        let got = rules::type_name(value);
        let shown = Value::from(got);
        let message =
            format!("Invalid value: {}: {path} in body must be of type {wanted}: {}", display(&shown), display(&shown));
        self.causes.push(Cause { field: path.to_owned(), reason: "FieldValueTypeInvalid", message });
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`.
    fn combined(&mut self, path: &str, value: &Value, schema: &Value) {
        let depth = self.depth;
        let list = |key: &str| schema.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let holds = |schema: &Value| {
            let mut walk = Walk { causes: Vec::new(), depth };
            walk.visit(path, value, None, schema);
            walk.causes.is_empty()
        };
        for all in list("allOf") {
            self.visit(path, value, None, all);
        }
        let mut fail = |what: &str| {
            let detail = format!("{path} in body must {what}");
            self.causes.push(Cause::invalid(path, value, &detail));
        };
        let (any, one) = (list("anyOf"), list("oneOf"));
        if !any.is_empty() && !any.iter().any(holds) {
            fail("validate at least one schema (anyOf)");
        }
        if !one.is_empty() && one.iter().filter(|schema| holds(schema)).count() != 1 {
            fail("validate one and only one schema (oneOf). Found none valid");
        }
        if schema.get("not").is_some_and(holds) {
            fail("not validate the schema (not)");
        }
    }

    /// Items of sets and list-maps are told apart by their value or their keys.
    fn repeated(&mut self, path: &str, items: &[Value], schema: &Value) {
        let kind = schema.get("x-kubernetes-list-type").and_then(Value::as_str);
        let keys: Vec<&str> = schema
            .get("x-kubernetes-list-map-keys")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let identity = match kind {
                Some("set") => item.clone(),
                Some("map") => keys
                    .iter()
                    .filter_map(|key| Some(((*key).to_owned(), item.get(*key)?.clone())))
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
                _ => return,
            };
            if !seen.insert(identity.to_string()) {
                self.causes.push(Cause::duplicate(format!("{path}[{index}]"), &identity));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(object: &Value, live: Option<&Value>) -> Vec<(String, &'static str)> {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string", "minLength": 2, "pattern": "^[a-z]+$"},
            "size": {"type": "integer", "maximum": 5},
            "mode": {"type": "string", "enum": ["a", "b"]},
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        }}}});
        validate(object, live, &schema).into_iter().map(|cause| (cause.field, cause.reason)).collect()
    }

    #[test]
    fn rules_are_checked_field_by_field() {
        assert_eq!(fields(&json!({"spec": {"name": "ok", "size": 1, "tags": ["x"]}}), None), []);
        assert_eq!(
            fields(&json!({"spec": {"size": "x", "mode": "c", "tags": ["x", "x"]}}), None),
            [
                ("spec.name".to_owned(), "FieldValueRequired"),
                ("spec.mode".to_owned(), "FieldValueNotSupported"),
                ("spec.size".to_owned(), "FieldValueTypeInvalid"),
                ("spec.tags[1]".to_owned(), "FieldValueDuplicate"),
            ]
        );
        assert_eq!(fields(&json!({"spec": {"name": "A", "size": 6}}), None).len(), 3);
    }

    #[test]
    fn what_did_not_change_is_let_through() {
        let live = json!({"spec": {"name": "ok", "size": 9}});
        assert_eq!(fields(&json!({"spec": {"name": "no", "size": 9}}), Some(&live)), []);
    }
}
