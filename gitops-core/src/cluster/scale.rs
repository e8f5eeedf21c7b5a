use serde_json::{Map, Value, json};

/// The `autoscaling/v1` Scale that an object stands for: its `spec.replicas` under its identity.
pub fn scale_of(object: &Value) -> Value {
    let part = |pointer: &str| object.pointer(pointer).cloned();
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion"] {
        metadata.extend(part(&format!("/metadata/{field}")).map(|value| (field.to_owned(), value)));
    }
    let mut spec = Map::new();
    spec.extend(part("/spec/replicas").map(|value| ("replicas".to_owned(), value)));
    json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": metadata, "spec": spec})
}
