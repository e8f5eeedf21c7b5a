use std::process::ExitCode;

use gitops_controller::FIELD_MANAGER;
use gitops_controller::compare::CONTROL_NAMESPACE;
use gitops_core::cluster::{ErrorKind, Precondition, Verb, Write};
use gitops_core::{Object, api};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::print_line;

/// Creates what is missing: the namespace of Applications, and their kinds. What is there, such as Argo CD's own
/// definitions, stays as it is.
pub(super) async fn run(context: &Context) -> Result<ExitCode, Failure> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CONTROL_NAMESPACE}});
    for body in std::iter::once(namespace).chain(api::definitions()) {
        let object = Object::from_value(body)?;
        let write = Write::new(&object, Verb::Create, FIELD_MANAGER).when(Precondition::Absent);
        let done = match context.engine.cluster.write(write).await {
            Ok(_) => "created",
            Err(error) if error.kind == ErrorKind::AlreadyExists => "is there",
            Err(error) => return Err(error.into()),
        };
        print_line!("{} {}: {done}", object.kind(), object.name())?;
    }
    Ok(ExitCode::SUCCESS)
}
