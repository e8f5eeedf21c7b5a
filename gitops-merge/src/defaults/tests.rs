use serde_json::{Value, json};

use super::*;
use crate::schema::Kinds;

fn filled(api_version: &str, kind: &str, object: Value) -> Value {
    let kinds = Kinds::builtin().unwrap();
    let kind = kinds.get(api_version, kind).unwrap();
    let mut value = crate::normalize::canonical(&kind.schema, kind.type_id, &object).unwrap().value;
    fill(kind, &mut value);
    value
}

#[test]
fn the_table_is_read_and_names_types_that_exist() {
    let rules = rules::parse(include_str!("builtin.table")).expect("the table has its form");
    let kinds = Kinds::builtin().unwrap();
    let schema = &kinds.get("v1", "Pod").unwrap().schema;
    for name in rules.keys() {
        assert!(schema.iter().any(|(_, known)| known.name.as_deref() == Some(name)), "{name}");
    }
}

#[test]
fn images_are_pulled_always_when_their_tag_can_move() {
    let policy = |image: &str| {
        let pod = filled("v1", "Pod", json!({"spec": {"containers": [{"name": "c", "image": image}]}}));
        pod.pointer("/spec/containers/0/imagePullPolicy").unwrap().clone()
    };
    assert_eq!(policy("nginx"), "Always");
    assert_eq!(policy("r.io:5000/nginx"), "Always");
    assert_eq!(policy("nginx:latest"), "Always");
    assert_eq!(policy("nginx:1.2"), "IfNotPresent");
    assert_eq!(policy("nginx@sha256:00"), "IfNotPresent");
}

#[test]
fn text_of_a_secret_goes_into_its_data() {
    let secret = filled("v1", "Secret", json!({"stringData": {"a": "b", "long": "hello"}, "data": {"x": "eQ=="}}));
    assert_eq!(secret["data"], json!({"a": "Yg==", "long": "aGVsbG8=", "x": "eQ=="}));
    assert_eq!(secret["type"], "Opaque");
    assert_eq!(secret.get("stringData"), None);
}
