use serde_json::{Value, json};

use super::*;
use crate::schema::Kinds;

fn patched(object: &Value, patch: &Value) -> Value {
    let kinds = Kinds::builtin().unwrap();
    let kind = kinds.get("v1", "Pod").unwrap();
    merge(&kind.schema, Some(kind.type_id), object, patch).unwrap()
}

#[test]
fn list_items_are_merged_by_their_key() {
    let object = json!({"spec": {"containers": [{"name": "a", "image": "1", "args": ["x"]}, {"name": "b"}]}});
    let patch = json!({"spec": {"containers": [{"name": "a", "image": "2", "args": ["y"]}, {"name": "c"}]}});
    assert_eq!(
        patched(&object, &patch),
        json!({"spec": {"containers": [{"name": "a", "image": "2", "args": ["y"]}, {"name": "c"}, {"name": "b"}]}})
    );
}

#[test]
fn directives_delete_and_replace() {
    let object = json!({"metadata": {"labels": {"a": "1"}, "finalizers": ["x/a", "x/b"]},
        "spec": {"containers": [{"name": "a"}, {"name": "b"}], "volumes": [{"name": "v", "emptyDir": {}}]}});
    let patch = json!({
        "metadata": {"labels": {"$patch": "replace", "b": "2"}, "$deleteFromPrimitiveList/finalizers": ["x/a"]},
        "spec": {
            "containers": [{"name": "a", "$patch": "delete"}],
            "volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/p"}}],
        },
    });
    assert_eq!(
        patched(&object, &patch),
        json!({"metadata": {"labels": {"b": "2"}, "finalizers": ["x/b"]},
            "spec": {"containers": [{"name": "b"}], "volumes": [{"name": "v", "hostPath": {"path": "/p"}}]}})
    );
}

#[test]
fn the_order_of_the_patch_wins() {
    let object = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}});
    let patch = json!({"spec": {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]}});
    assert_eq!(
        patched(&object, &patch),
        json!({"spec": {"containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}]}})
    );
}

#[test]
fn bad_directives_are_refused() {
    let kinds = Kinds::builtin().unwrap();
    let kind = kinds.get("v1", "Pod").unwrap();
    let object = json!({"metadata": {}, "spec": {"containers": [{"name": "a"}]}});
    let merge = |patch: Value| merge(&kind.schema, Some(kind.type_id), &object, &patch);
    let error = merge(json!({"metadata": {"$patch": "x"}})).unwrap_err();
    assert_eq!(error.to_string(), "`metadata`: unknown directive `$patch: x`");
    let error = merge(json!({"spec": {"containers": [{"image": "x"}]}})).unwrap_err();
    assert_eq!(error.to_string(), "`spec.containers`: an item has no `name` to be merged by");
    let error = merge(json!({"metadata": {"$retainKeys": ["a"], "b": 1}})).unwrap_err();
    assert_eq!(error.to_string(), "`metadata`: `$retainKeys` does not have `b`, which the patch sets");
}
