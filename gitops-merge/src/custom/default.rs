//! Defaults of a structural schema.

use serde_json::Value;

use super::{MAX_DEPTH, additional, is_true, property};

/// Fills in defaults: absent properties, and nulls where null is not allowed. Objects that are absent and have no
/// default of their own are not created for the sake of defaults below them.
pub fn default(value: &mut Value, schema: &Value) {
    fill(value, schema, 0);
}

fn fill(value: &mut Value, schema: &Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if let Some(default) = property.get("default")
                    && map.get(name).is_none_or(|value| is_bare_null(value, property))
                {
                    map.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in map {
                let known = property(schema, name);
                let Some(below) = known.or_else(|| additional(schema)) else { continue };
                if known.is_none()
                    && is_bare_null(value, below)
                    && let Some(default) = below.get("default")
                {
                    *value = default.clone();
                }
                fill(value, below, depth + 1);
            }
        }
        Value::Array(items) => {
            let Some(below) = schema.get("items") else { return };
            for item in items {
                if is_bare_null(item, below)
                    && let Some(default) = below.get("default")
                {
                    *item = default.clone();
                }
                fill(item, below, depth + 1);
            }
        }
        _ => {}
    }
}

fn is_bare_null(value: &Value, schema: &Value) -> bool {
    value.is_null() && !is_true(schema, "nullable")
}

/// Removes nulls that are not allowed and that no default replaces.
pub fn prune_nulls(value: &mut Value, schema: &Value) {
    drop_nulls(value, schema, 0);
}

fn drop_nulls(value: &mut Value, schema: &Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(map) => map.retain(|name, value| {
            let Some(below) = property(schema, name).or_else(|| additional(schema)) else { return true };
            if is_bare_null(value, below) && below.get("default").is_none() {
                return false;
            }
            drop_nulls(value, below, depth + 1);
            true
        }),
        Value::Array(items) => {
            if let Some(below) = schema.get("items") {
                items.iter_mut().for_each(|item| drop_nulls(item, below, depth + 1));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_fill_absent_properties_of_objects_that_are_there() {
        let schema = json!({"properties": {
            "spec": {"properties": {
                "mode": {"type": "string", "default": "auto"},
                "below": {"properties": {"x": {"default": 1}}},
                "parts": {"items": {"properties": {"n": {"default": 2}}}},
            }},
        }});
        let mut object = json!({"spec": {"parts": [{}, {"n": null}]}});
        default(&mut object, &schema);
        assert_eq!(object, json!({"spec": {"mode": "auto", "parts": [{"n": 2}, {"n": 2}]}}));
        let mut object = json!({});
        default(&mut object, &schema);
        assert_eq!(object, json!({}));
    }

    #[test]
    fn nulls_go_unless_they_are_allowed_or_have_a_default() {
        let schema = json!({"properties": {"a": {}, "b": {"nullable": true}, "c": {"default": 1}}});
        let mut object = json!({"a": null, "b": null, "c": null, "d": null});
        prune_nulls(&mut object, &schema);
        assert_eq!(object, json!({"b": null, "c": null, "d": null}));
    }
}
