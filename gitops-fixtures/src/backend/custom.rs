//! Custom kinds: served once their definition is there, checked and filled in by its schema.

use gitops_core::cluster::{Cluster, ErrorKind, Query, Subresource, Verb, Write};
use serde_json::json;

use super::*;

fn definition(group: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("gadgets.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": "Gadget", "plural": "gadgets", "singular": "gadget", "listKind": "GadgetList"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.count", "statusReplicasPath": ".status.count"}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["size"], "properties": {
                        "size": {"type": "integer", "minimum": 1}, "count": {"type": "integer"},
                        "mode": {"type": "string", "default": "auto"}}},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}},
            }],
        },
    })
}

pub(super) async fn all(cluster: &dyn Cluster) {
    let namespace = namespace(cluster).await;
    // A group of its own, so that nothing of an earlier run is met.
    let group = format!("{namespace}.example.com");
    let definition = apply(cluster, "suite", definition(&group)).await.unwrap().object;
    until("the new kind", || async {
        let live = get(cluster, &definition.reference()).await.unwrap();
        let conditions = live.get(&["status", "conditions"]).and_then(Value::as_array).cloned().unwrap_or_default();
        let established = conditions.iter().any(|held| held["type"] == "Established" && held["status"] == "True");
        established && cluster.discover().await.unwrap().kind(&gitops_core::GroupKind::new(&group, "Gadget")).is_some()
    })
    .await;
    let gadget = |name: &str, spec: Value| {
        json!({"apiVersion": format!("{group}/v1"), "kind": "Gadget",
               "metadata": {"name": name, "namespace": namespace}, "spec": spec})
    };
    let live = create(cluster, gadget("a", json!({"size": 2, "nobody": "knows"}))).await.unwrap().object;
    assert_eq!(live.get(&["spec"]), Some(&json!({"size": 2, "mode": "auto"})));
    assert_eq!(live.get(&["metadata", "generation"]), Some(&json!(1)));
    let invalid = apply(cluster, "suite", gadget("b", json!({"size": 0}))).await.unwrap_err();
    assert_eq!(invalid.kind, ErrorKind::Invalid);
    assert!(invalid.causes.iter().any(|cause| cause.field == "spec.size"), "{invalid:?}");
    status_is_written_apart(cluster, gadget("a", json!({"size": 2})), &live).await;

    let gadgets = Query::all(live.gvk());
    assert_eq!(cluster.list(&gadgets).await.unwrap().objects.len(), 1);
    delete(cluster, &definition).await.unwrap();
    until_gone(cluster, &definition.reference()).await;
    let gone = |kind: ErrorKind| kind == ErrorKind::UnknownKind;
    until("the end of the kind", || async { cluster.list(&gadgets).await.is_err_and(|error| gone(error.kind)) }).await;
}

async fn status_is_written_apart(cluster: &dyn Cluster, mut body: Value, live: &Object) {
    body["status"] = json!({"phase": "Done", "count": 1});
    let whole = apply(cluster, "suite", body.clone()).await.unwrap().object;
    assert!(whole.get(&["status"]).is_none(), "{whole:?}");
    body["spec"]["size"] = json!(9);
    let status = object(body);
    let written = cluster.write(Write::new(&status, Verb::MergePatch, "status").to(Subresource::Status)).await.unwrap();
    assert_eq!(written.object.text(&["status", "phase"]), Some("Done"));
    assert_eq!(written.object.get(&["spec", "size"]), Some(&json!(2)));
    assert_eq!(written.object.get(&["metadata", "generation"]), live.get(&["metadata", "generation"]));
}
