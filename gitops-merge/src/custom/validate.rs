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
        self.causes.extend(rules::one_of_known(path, value, schema));
        if !value.is_null() {
            self.combined(path, value, schema);
        }
        if !rules::has_type(value, schema) {
            self.wrong_type(path, value, schema);
            return;
        }
        self.causes.extend(rules::own(path, value, schema));
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
        let got = display(&Value::from(rules::type_name(value)));
        let message = format!("Invalid value: {got}: {path} in body must be of type {wanted}: {got}");
        self.causes.push(Cause { field: path.to_owned(), reason: "FieldValueTypeInvalid", message });
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`. The validator of the API server does not say where such a rule stands, only
    /// in the text.
    fn combined(&mut self, path: &str, value: &Value, schema: &Value) {
        let depth = self.depth;
        let list = |key: &str| schema.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let broken = |schema: &Value| {
            let mut walk = Walk { causes: Vec::new(), depth };
            walk.visit(path, value, None, schema);
            walk.causes
        };
        let mut out: Vec<Cause> = Vec::new();
        let fail = |out: &mut Vec<Cause>, what: String| {
            let message = format!("Invalid value: \"\": \"{path}\" must {what}");
            out.push(Cause { field: "<nil>".to_owned(), reason: "FieldValueInvalid", message });
        };
        let any: Vec<_> = list("anyOf").iter().map(broken).collect();
        if let Some(first) = any.first()
            && !any.iter().any(Vec::is_empty)
        {
            fail(&mut out, "validate at least one schema (anyOf)".to_owned());
            out.extend(first.iter().cloned());
        }
        let one: Vec<_> = list("oneOf").iter().map(broken).collect();
        match (one.first(), one.iter().filter(|causes| causes.is_empty()).count()) {
            (None, _) | (_, 1) => {}
            (Some(first), 0) => {
                fail(&mut out, "validate one and only one schema (oneOf). Found none valid".to_owned());
                out.extend(first.iter().cloned());
            }
            (_, count) => {
                let what = format!("validate one and only one schema (oneOf). Found {count} valid alternatives");
                fail(&mut out, what);
            }
        }
        let all: Vec<_> = list("allOf").iter().map(broken).collect();
        let kept = all.iter().filter(|causes| causes.is_empty()).count();
        if kept < all.len() {
            let none = if kept == 0 { ". None validated" } else { "" };
            fail(&mut out, format!("validate all the schemas (allOf){none}"));
            out.extend(all.into_iter().flatten());
        }
        if schema.get("not").is_some_and(|schema| broken(schema).is_empty()) {
            fail(&mut out, "not validate the schema (not)".to_owned());
        }
        self.causes.extend(out);
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
        let (mut seen, mut told) = (BTreeSet::new(), BTreeSet::new());
        for (index, item) in items.iter().enumerate() {
            if kind == Some("map") && !item.is_object() {
                let detail = "must be an object for an array of list-type map";
                self.causes.push(Cause::invalid(format!("{path}[{index}]"), item, detail));
                continue;
            }
            let identity = match kind {
                Some("set") => item.clone(),
                Some("map") => keys
                    .iter()
                    .filter_map(|key| Some(((*key).to_owned(), item.get(*key)?.clone())))
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
                _ => return,
            };
            let text = identity.to_string();
            if !seen.insert(text.clone()) && told.insert(text) {
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
        // Of the rules about text the first that is broken is told.
        assert_eq!(fields(&json!({"spec": {"name": "A", "size": 6}}), None).len(), 2);
    }

    #[test]
    fn what_did_not_change_is_let_through() {
        let live = json!({"spec": {"name": "ok", "size": 9}});
        assert_eq!(fields(&json!({"spec": {"name": "no", "size": 9}}), Some(&live)), []);
    }
}
