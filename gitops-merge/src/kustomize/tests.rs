use serde_json::{Value, json};

use super::*;
use crate::schema::Definitions;

struct Built(Definitions);

impl Rules for Built {
    fn kind(&self, api_version: &str, kind: &str) -> Option<(&Schema, TypeId)> {
        self.0.get(api_version, kind)
    }

    fn is_quoted(&self, text: &str) -> bool {
        text.parse::<f64>().is_ok() || text == "true"
    }
}

/// A patch of a Pod, or what is wrong with it. Expectations are kustomize v5.8.1's.
fn patched(object: Value, patch: Value) -> Result<Option<Value>, MergeError> {
    let pod = |mut value: Value| {
        value["apiVersion"] = "v1".into();
        value["kind"] = "Pod".into();
        value
    };
    let merged = merge(&Built(Definitions::kustomize().unwrap()), pod(object), pod(patch))?;
    Ok(merged.map(|mut value| {
        value.as_object_mut().unwrap().retain(|name, _| name != "apiVersion" && name != "kind");
        value
    }))
}

fn merged(object: Value, patch: Value) -> Value {
    patched(object, patch).unwrap().unwrap()
}

fn ports(ports: Value) -> Value {
    json!({"spec": {"containers": [{"name": "a", "ports": ports}]}})
}

#[test]
fn items_are_merged_by_their_key_and_those_of_the_patch_come_first() {
    let object = json!({"spec": {"containers": [{"name": "a", "image": "1", "args": ["x"]}, {"name": "b"}]}});
    let patch = json!({"spec": {"containers": [{"name": "a", "image": "2", "args": ["y"]}, {"name": "c"}]}});
    assert_eq!(
        merged(object, patch),
        json!({"spec": {"containers": [{"name": "a", "image": "2", "args": ["y"]}, {"name": "c"}, {"name": "b"}]}})
    );
}

#[test]
fn items_are_told_apart_by_all_keys_and_the_last_is_left() {
    let object = ports(json!([{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}]));
    let patch = ports(json!([{"containerPort": 53, "protocol": "TCP", "name": "dns"}, {"containerPort": 80}]));
    assert_eq!(
        merged(object, patch),
        ports(json!([
            {"containerPort": 80},
            {"containerPort": 53, "protocol": "UDP"},
            {"containerPort": 53, "protocol": "TCP", "name": "dns"},
        ]))
    );
    let object = ports(json!([
        {"containerPort": 8080, "name": "first", "protocol": "TCP"},
        {"containerPort": 8080, "name": "last", "protocol": "TCP"},
    ]));
    assert_eq!(
        merged(object, json!({"metadata": {"labels": {"a": "b"}}})).pointer("/spec/containers/0/ports"),
        Some(&json!([{"containerPort": 8080, "name": "last", "protocol": "TCP"}]))
    );
}

#[test]
fn a_patch_of_a_port_without_its_protocol_is_lost_where_another_item_has_one() {
    let object = ports(json!([{"containerPort": 80, "protocol": "TCP"}]));
    assert_eq!(merged(object.clone(), ports(json!([{"containerPort": 80, "name": "web"}]))), object);
}

#[test]
fn maps_and_lists_are_deleted_and_lists_replaced() {
    let object = json!({"metadata": {"labels": {"a": "1"}},
        "spec": {"containers": [{"name": "a"}, {"name": "b"}], "volumes": [{"name": "v"}]}});
    let patch = json!({
        "metadata": {"labels": {"$patch": "delete"}},
        "spec": {"containers": [{"name": "a", "$patch": "delete"}], "volumes": [{"name": "w"}, {"$patch": "replace"}]},
    });
    assert_eq!(
        merged(object.clone(), patch),
        json!({"metadata": {}, "spec": {"containers": [{"name": "b"}], "volumes": [{"name": "w"}]}})
    );
    assert_eq!(patched(object, json!({"$patch": "delete"})).unwrap(), None);
}

#[test]
fn an_item_and_an_object_are_not_replaced() {
    let object = json!({"spec": {"containers": [{"name": "a", "image": "old"}]}});
    let patch = json!({"spec": {"containers": [{"name": "a", "image": "new", "$patch": "replace"}]}});
    assert_eq!(merged(object.clone(), patch), object);
    assert_eq!(merged(object.clone(), json!({"$patch": "replace", "metadata": {"name": "x"}})), object);
}

#[test]
fn other_directives_are_fields() {
    let object = json!({"metadata": {"finalizers": ["x/a", "x/b"]}});
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/a"], "$retainKeys": ["name"]}});
    assert_eq!(
        merged(object, patch),
        json!({"metadata": {"finalizers": ["x/a", "x/b"], "$deleteFromPrimitiveList/finalizers": ["x/a"],
            "$retainKeys": ["name"]}})
    );
}

#[test]
fn nulls_take_fields_away_and_stay_where_they_were_written_out() {
    let object = json!({"metadata": {"creationTimestamp": null, "labels": {"a": "1", "b": "2"}},
        "spec": {"volumes": [{"name": "v", "emptyDir": null}]}});
    let patch = json!({"metadata": {"labels": {"a": null, "c": null}}});
    assert_eq!(
        merged(object, patch),
        json!({"metadata": {"creationTimestamp": null, "labels": {"b": "2"}}, "spec": {"volumes": [{"name": "v"}]}})
    );
}

#[test]
fn a_value_takes_the_quotes_of_the_text_that_it_takes_the_place_of() {
    let object = json!({"metadata": {"annotations": {"a": "80", "b": "text"}}});
    let patch = json!({"metadata": {"annotations": {"a": 81, "b": 82}}});
    assert_eq!(merged(object, patch), json!({"metadata": {"annotations": {"a": "81", "b": 82}}}));
}

#[test]
fn objects_inside_of_others_are_of_their_own_kind() {
    let object = json!({"template": {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a"}]}}});
    let patch = json!({"template": {"spec": {"containers": [{"name": "b"}]}}});
    let inside = |value: Value| {
        let mut value =
            json!({"apiVersion": "example.com/v1", "kind": "Wrapper"}).as_object().cloned().map(|mut map| {
                map.extend(value.as_object().unwrap().clone());
                Value::Object(map)
            });
        value.take().unwrap()
    };
    let merged = merge(&Built(Definitions::kustomize().unwrap()), inside(object), patch).unwrap().unwrap();
    assert_eq!(merged.pointer("/template/spec/containers"), Some(&json!([{"name": "b"}, {"name": "a"}])));
}

#[test]
fn what_is_wrong_says_where() {
    let object = json!({"metadata": {"labels": {"a": "1"}}});
    let error = |patch| patched(object.clone(), patch).unwrap_err().to_string();
    assert_eq!(error(json!({"metadata": {"$patch": "x"}})), "`metadata`: unknown directive `$patch: x`");
    assert_eq!(error(json!({"metadata": {"labels": []}})), "`metadata.labels`: expected a map, found a list");
}
