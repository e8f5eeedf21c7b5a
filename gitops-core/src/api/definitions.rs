use serde_json::{Value, json};

/// The CustomResourceDefinitions of Argo CD's kinds, as Argo CD has them but for their schemas: all fields are kept.
/// Applications and projects have no status subresource there.
pub fn definitions() -> [Value; 3] {
    let mut application = definition(("Application", "application"), &["app", "apps"], json!({}));
    application["spec"]["versions"][0]["additionalPrinterColumns"] = json!([
        {"name": "Sync Status", "type": "string", "jsonPath": ".status.sync.status"},
        {"name": "Health Status", "type": "string", "jsonPath": ".status.health.status"},
        {"name": "Revision", "type": "string", "jsonPath": ".status.sync.revision", "priority": 10},
        {"name": "Project", "type": "string", "jsonPath": ".spec.project", "priority": 10},
    ]);
    [
        application,
        definition(("AppProject", "appproject"), &["appproj", "appprojs"], json!({})),
        definition(("ApplicationSet", "applicationset"), &["appset", "appsets"], json!({"status": {}})),
    ]
}

fn definition((kind, singular): (&str, &str), short_names: &[&str], subresources: Value) -> Value {
    let plural = format!("{singular}s");
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.argoproj.io")},
        "spec": {
            "group": "argoproj.io", "scope": "Namespaced",
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": singular,
                      "shortNames": short_names},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "subresources": subresources,
                "schema": {"openAPIV3Schema": {"type": "object", "required": ["metadata", "spec"], "properties": {
                    "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
                    "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "operation": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}}}],
        },
    })
}
