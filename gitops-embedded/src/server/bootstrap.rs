//! What is there from the start.

use gitops_core::Value;
use gitops_merge::server::Operation;
use serde_json::json;

use super::Server;
use super::write::Request;
use crate::catalog::Catalogs;
use crate::failure::Failure;
use crate::options::Options;
use crate::store::Session;

/// Who writes the first objects.
const MANAGER: &str = "kube-apiserver";
const NAMESPACES: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease", "argocd"];
/// The one node of the simulated cluster.
pub(crate) const NODE: &str = "embedded";

/// Writes the first objects.
pub(crate) fn bootstrap(session: Session<'_>, catalogs: &Catalogs, options: &Options) -> Result<(), Failure> {
    let server = Server::new(session, catalogs, options, options.clock.now())?;
    let first = NAMESPACES.iter().map(|name| named("v1", "Namespace", name, json!({})));
    let class = json!({
        "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "embedded.gitops.engine", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate",
    });
    let others = [
        named("v1", "Node", NODE, json!({"metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}}})),
        named("storage.k8s.io/v1", "StorageClass", "standard", class),
        definition(("Application", "application"), &["app", "apps"], json!({})),
        definition(("AppProject", "appproject"), &["appproj", "appprojs"], json!({})),
        definition(("ApplicationSet", "applicationset"), &["appset", "appsets"], json!({"status": {}})),
    ];
    for body in first.chain(others) {
        let kind = server.catalog.kind(super::text(&body, "/apiVersion"), super::text(&body, "/kind"))?;
        let name = super::text(&body, "/metadata/name");
        server.write(&Request::new(kind, ("", name), Operation::Create(&body), MANAGER))?;
    }
    Ok(())
}

fn named(api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
    let mut body = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if let (Some(body), Value::Object(rest)) = (body.as_object_mut(), rest) {
        body.extend(rest);
    }
    body
}

/// Argo CD's kinds, as its definitions have them but for their schemas: all fields are kept. Applications and projects
/// have no status subresource there.
fn definition((kind, singular): (&str, &str), short_names: &[&str], subresources: Value) -> Value {
    let plural = format!("{singular}s");
    let spec = json!({
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
    });
    let name = format!("{plural}.argoproj.io");
    named("apiextensions.k8s.io/v1", "CustomResourceDefinition", &name, json!({"spec": spec}))
}
