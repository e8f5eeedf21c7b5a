//! What is there from the start.

use gitops_core::Value;
use gitops_core::api::definitions;
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
    ];
    for body in first.chain(others).chain(definitions()) {
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
