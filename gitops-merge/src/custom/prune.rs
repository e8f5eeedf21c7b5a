//! Fields that a structural schema does not know.

use serde_json::Value;

use super::{MAX_DEPTH, additional, is_true, property};

/// Removes fields that the schema does not know and gives their paths.
pub fn prune(object: &mut Value, schema: &Value) -> Vec<String> {
    let mut pruner = Pruner { path: Vec::new(), unknown: Vec::new() };
    pruner.visit(object, Some(schema), true, 0);
    pruner.unknown
}

struct Pruner {
    path: Vec<String>,
    unknown: Vec<String>,
}

impl Pruner {
    /// `resource` tells that the value is an object with `apiVersion`, `kind` and `metadata` of its own.
    fn visit(&mut self, value: &mut Value, schema: Option<&Value>, resource: bool, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let flag = |key| schema.is_some_and(|schema| is_true(schema, key));
        let resource = resource || flag("x-kubernetes-embedded-resource");
        let preserve = flag("x-kubernetes-preserve-unknown-fields");
        match value {
            Value::Object(map) => map.retain(|name, value| {
                if resource && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                    return true;
                }
                let allowed = schema.and_then(|schema| schema.get("additionalProperties"));
                let below = schema.and_then(|schema| property(schema, name).or_else(|| additional(schema)));
                self.path.push(name.clone());
                let keep = below.is_some() || preserve || allowed == Some(&Value::Bool(true));
                if below.is_some() {
                    self.visit(value, below, false, depth + 1);
                } else if !keep {
                    self.unknown.push(self.path.join("."));
                }
                self.path.pop();
                keep
            }),
            Value::Array(items) => {
                let below = schema.and_then(|schema| schema.get("items"));
                if below.is_none() && preserve {
                    return;
                }
                for (index, item) in items.iter_mut().enumerate() {
                    self.path.push(format!("[{index}]"));
                    self.visit(item, below, false, depth + 1);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_go_unless_they_are_preserved() {
        let schema = json!({"properties": {
            "spec": {"properties": {
                "any": {"x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"properties": {}}}},
                "free": {"additionalProperties": {"type": "string"}},
            }},
        }});
        let mut object = json!({
            "metadata": {"name": "x"},
            "spec": {"any": {"x": {"y": 1}, "known": {"z": 1}}, "free": {"a": "b"}, "gone": 1},
            "other": {},
        });
        let unknown = prune(&mut object, &schema);
        assert_eq!(
            object,
            json!({"metadata": {"name": "x"}, "spec": {"any": {"x": {"y": 1}, "known": {}}, "free": {"a": "b"}}})
        );
        assert_eq!(unknown, ["other", "spec.any.known.z", "spec.gone"]);
    }
}
