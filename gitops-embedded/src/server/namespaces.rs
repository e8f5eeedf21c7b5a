//! What may be written where.

use gitops_core::Value;
use gitops_merge::schema::Kind;
use gitops_merge::server::{Cause, ServerError};

use super::{Server, is_deleting};
use crate::failure::{Failure, refusal};
use crate::store::Key;

impl Server<'_> {
    /// Refuses a new object where its namespace is not there or is being deleted.
    pub(super) fn check_namespace(&self, kind: &Kind, namespace: &str, name: &str) -> Result<(), Failure> {
        if !kind.namespaced {
            return Ok(());
        }
        if namespace.is_empty() {
            let message = "an empty namespace may not be set when a resource name is provided";
            return Err(ServerError::bad_request(message).into());
        }
        let Some(found) = self.session.get(&Key::new("", "Namespace", "", namespace))? else {
            let namespaces = self.catalog.kind("v1", "Namespace")?;
            return Err(ServerError::not_found(namespaces, namespace).into());
        };
        if is_deleting(&found.body) { Err(terminating(kind, namespace, name).into()) } else { Ok(()) }
    }
}

fn terminating(kind: &Kind, namespace: &str, name: &str) -> ServerError {
    let name = Value::from(name);
    let resource = kind.qualified_resource();
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut error = refusal(403, "Forbidden", format!("{resource} {name} is forbidden: {why}"));
    error.causes = vec![Cause {
        field: "metadata.namespace".to_owned(),
        reason: "NamespaceTerminating",
        message: format!("namespace {namespace} is being terminated"),
    }];
    error
}
