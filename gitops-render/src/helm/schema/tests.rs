use serde_json::{Value, json};

use super::Schema;

/// What Helm 3.22 says of values, behind the name of the chart.
fn found(schema: Value, values: Value) -> String {
    let schema = Schema::new(schema.to_string().into());
    schema.check(&values).unwrap_or_else(str::to_owned)
}

#[test]
fn errors_are_told_as_helm_tells_them() {
    let several =
        json!({"type": "object", "required": ["a", "b"], "properties": {"c": {"type": ["integer", "string"]}}});
    let words = "- at '': missing properties 'a', 'b'\n- at '/c': got boolean, want integer or string";
    assert_eq!(found(several, json!({"c": true})), words);
    let choices = json!({"properties": {"a": {"enum": ["x", 1, null]}, "b": {"const": "z"}}});
    let words = "- at '/a': value must be one of 'x', 1, <nil>\n- at '/b': value must be 'z'";
    assert_eq!(found(choices, json!({"a": "q", "b": 2})), words);
    let closed = json!({"properties": {"a": {"properties": {"b": {
        "required": ["x"], "properties": {"x": {}}, "additionalProperties": false
    }}}}});
    let words = "- at '/a/b': missing property 'x'\n- at '/a/b': additional properties 'y' not allowed";
    assert_eq!(found(closed, json!({"a": {"b": {"y": 1}}})), words);
    let bounds = json!({"properties": {"a": {"minimum": 3}, "b": {"maximum": 70000}}});
    let words = "- at '/a': minimum: got 1, want 3\n- at '/b': maximum: got 80,000, want 70,000";
    assert_eq!(found(bounds, json!({"a": 1, "b": 80000})), words);
    let text = json!({"properties": {"a": {"pattern": "^[a-z]+$", "minLength": 3}}});
    let words = "- at '/a': minLength: got 2, want 3\n- at '/a': 'A1' does not match pattern '^[a-z]+$'";
    assert_eq!(found(text, json!({"a": "A1"})), words);
}

#[test]
fn a_value_of_a_wrong_type_has_no_other_error() {
    let schema = json!({"properties": {"a": {"type": "string", "enum": ["x", "y"]}}});
    assert_eq!(found(schema, json!({"a": 1})), "- at '/a': got number, want string");
}

#[test]
fn alternatives_are_told_branch_by_branch() {
    let all = json!({"properties": {"a": {"allOf": [{"type": "string"}, {"minimum": 5}]}}});
    let words = "- at '/a': 'allOf' failed\n  - at '/a': got number, want string\n  - at '/a': minimum: got 1, want 5";
    assert_eq!(found(all, json!({"a": 1})), words);
    let one = json!({"properties": {"a": {"oneOf": [
        {"type": "string"}, {"properties": {"p": {"type": "integer"}}, "required": ["q"]}
    ]}}});
    let words = "- at '/a': 'oneOf' failed, none matched\n  - at '/a': got object, want string\n  - at '/a': validation \
                 failed\n    - at '/a': missing property 'q'\n    - at '/a/p': got string, want integer";
    assert_eq!(found(one, json!({"a": {"p": "s"}})), words);
    let condition = json!({"if": {"properties": {"k": {"const": "v"}}}, "then": {"required": ["z"]}});
    assert_eq!(found(condition, json!({"k": "v"})), "- at '': missing property 'z'");
    let names = json!({"propertyNames": {"pattern": "^[a-z]+$"}});
    let words = "- at '': invalid propertyName 'A'\n  - at '': 'A' does not match pattern '^[a-z]+$'";
    assert_eq!(found(names, json!({"A": 1})), words);
}

#[test]
fn references_are_followed_inside_the_schema_alone() {
    let inside = json!({
        "definitions": {"d": {"type": "object", "required": ["q"], "properties": {"p": {"type": "integer"}}}},
        "properties": {"a": {"$ref": "#/definitions/d"}}
    });
    let words =
        "- at '/a': validation failed\n  - at '/a': missing property 'q'\n  - at '/a/p': got string, want integer";
    assert_eq!(found(inside.clone(), json!({"a": {"p": "s"}})), words);
    assert_eq!(found(inside, json!({"a": 1})), "- at '/a': got number, want object");
    let outside = json!({"$ref": "https://example.com/values.json"});
    let words = "failing loading \"https://example.com/values.json\": schemas of other documents are not loaded";
    assert_eq!(found(outside, json!({})), words);
}

#[test]
fn what_no_keyword_has_looked_at_can_be_refused() {
    let schema = json!({"unevaluatedProperties": false, "properties": {"a": {}}});
    assert_eq!(found(schema, json!({"a": "x", "b": 1})), "- at '/b': false schema");
    assert_eq!(found(json!({"properties": {"a": false}}), json!({"a": 1})), "- at '/a': false schema");
    let items = json!({"properties": {"a": {"items": {"type": "string", "minLength": 2}, "minItems": 3}}});
    let words = "- at '/a': minItems: got 2, want 3\n- at '/a/0': minLength: got 1, want 2\n- at '/a/1': got number, want \
                 string";
    assert_eq!(found(items, json!({"a": ["b", 2]})), words);
}
