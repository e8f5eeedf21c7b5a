//! `namespace`.

use gitops_core::{Map, Value};

use super::field_spec::{Create, FieldSpec};
use super::read::Spot;
use super::resource::Resource;
use super::resources::Resources;
use super::scope::is_cluster_scoped;
use crate::{Problem, RenderError};

/// Puts every resource that can have a namespace into this one.
pub(super) fn set(
    resources: &mut Resources,
    namespace: &str,
    fields: &[FieldSpec],
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    if namespace.is_empty() {
        return Ok(());
    }
    for resource in resources.iter_mut().filter(|resource| !resource.is_empty()) {
        resource.remember();
        set_one(resource, namespace, fields).map_err(|error| place.is(Problem::Value(error)))?;
    }
    resources.check_unique(place)
}

fn set_one(resource: &mut Resource, namespace: &str, fields: &[FieldSpec]) -> Result<(), String> {
    let mut write = |value: &mut Value| {
        match value {
            Value::Array(_) | Value::Object(_) => return Err("expected a text".into()),
            value => *value = namespace.into(),
        }
        Ok(())
    };
    if !is_cluster_scoped(resource.api_version(), resource.kind()) {
        FieldSpec::any("metadata/namespace", true).change(resource, Create::Scalar, &mut write)?;
    }
    let binding = matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding");
    if binding && let Some(Value::Array(subjects)) = resource.value.get_mut("subjects") {
        for subject in subjects.iter_mut().filter_map(Value::as_object_mut) {
            if is_default(subject) {
                write(subject.entry("namespace").or_insert(Value::Null))?;
            }
        }
    }
    let core = resource.api_version() == "v1";
    for field in fields {
        // The namespace itself is done above; only core Namespaces are named by it.
        let done = field.text == "metadata/namespace" || field.text == "metadata/name" && !core;
        let hard_coded = binding && field.text == "subjects/namespace" && field.kind().ends_with("RoleBinding");
        if !done && !hard_coded {
            field.change(resource, Create::Scalar, &mut write)?;
        }
    }
    Ok(())
}

/// Of the subjects of role bindings only those named `default` follow the namespace.
fn is_default(subject: &Map) -> bool {
    subject.get("name").and_then(Value::as_str) == Some("default")
}
