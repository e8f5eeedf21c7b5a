//! `namespace`.

use gitops_core::{Map, Value};

use super::field_spec::{Create, FieldSpec};
use super::read::Spot;
use super::resource::Resource;
use super::resources::Resources;
use super::scope::is_cluster_scoped;
use crate::{Problem, RenderError};

/// Which subjects of role bindings get the namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Subjects {
    /// Those named `default`.
    #[default]
    NamedDefault,
    /// All service accounts.
    ServiceAccounts,
    /// None.
    None,
}

/// How the namespace is set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// Only where none is set yet.
    pub(super) unset_only: bool,
    pub(super) subjects: Subjects,
}

/// Puts every resource that can have a namespace into this one.
pub(super) fn set(
    resources: &mut Resources,
    namespace: &str,
    fields: &[FieldSpec],
    options: Options,
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    if namespace.is_empty() {
        return Ok(());
    }
    for resource in resources.iter_mut().filter(|resource| !resource.is_empty()) {
        resource.remember();
        set_one(resource, namespace, fields, options).map_err(|error| place.is(Problem::Value(error)))?;
    }
    resources.check_unique(place)
}

fn set_one(resource: &mut Resource, namespace: &str, fields: &[FieldSpec], options: Options) -> Result<(), String> {
    let mut write = |value: &mut Value| {
        let is_set = value.as_str().is_some_and(|text| !text.is_empty());
        match value {
            Value::Array(_) | Value::Object(_) => return Err("expected a text".into()),
            _ if options.unset_only && is_set => {}
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
            if concerns(subject, options.subjects) {
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

fn concerns(subject: &Map, subjects: Subjects) -> bool {
    let is = |field: &str, text: &str| subject.get(field).and_then(Value::as_str) == Some(text);
    match subjects {
        Subjects::NamedDefault => is("name", "default"),
        Subjects::ServiceAccounts => is("kind", "ServiceAccount"),
        Subjects::None => false,
    }
}
