use serde_json::{Value, json};

use super::canonical;
use crate::schema::Kinds;

fn canonical_of(api_version: &str, kind: &str, object: &Value) -> super::Canonical {
    let kinds = Kinds::builtin().unwrap();
    let kind = kinds.get(api_version, kind).unwrap();
    canonical(&kind.schema, kind.type_id, object).unwrap()
}

#[test]
fn empty_values_are_left_out_as_the_go_types_say() {
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "x", "labels": {}, "creationTimestamp": null},
        "spec": {
            "paused": false,
            "replicas": 0,
            "selector": {"matchLabels": {"app": "x"}},
            "template": {"spec": {"containers": [{
                "name": "c", "args": [], "resources": {"limits": {"memory": "1024Mi"}}, "unheard": 1
            }]}},
        },
    });
    let out = canonical_of("apps/v1", "Deployment", &object);
    assert_eq!(out.unknown, ["spec.template.spec.containers.[0].unheard"]);
    assert_eq!(
        out.value,
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "x"},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "x"}},
                "strategy": {},
                "template": {"metadata": {}, "spec": {"containers": [
                    {"name": "c", "resources": {"limits": {"memory": "1Gi"}}}
                ]}},
            },
            "status": {},
        })
    );
}

#[test]
fn the_zero_value_of_a_type_is_written() {
    let out = canonical_of("apps/v1", "Deployment", &json!({}));
    assert_eq!(
        out.value,
        json!({
            "metadata": {},
            "spec": {"selector": null, "strategy": {}, "template": {"metadata": {}, "spec": {"containers": null}}},
            "status": {},
        })
    );
}

#[test]
fn a_wrong_type_is_refused() {
    let kinds = Kinds::builtin().unwrap();
    let kind = kinds.get("v1", "ConfigMap").unwrap();
    let error = canonical(&kind.schema, kind.type_id, &json!({"data": {"a": 1}})).unwrap_err();
    assert_eq!(error.to_string(), "data.a: json: cannot unmarshal number into Go value of type string");
    let kind = kinds.get("v1", "Secret").unwrap();
    let secret = |text: &str| canonical(&kind.schema, kind.type_id, &json!({"data": {"a": text}}));
    assert_eq!(secret("YQ\n==").unwrap().value["data"]["a"], "YQ==");
    assert_eq!(secret("a b!").unwrap_err().to_string(), "data.a: illegal base64 data at input byte 1");
}
