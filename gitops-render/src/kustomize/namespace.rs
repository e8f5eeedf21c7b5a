//! `namespace`.

use gitops_core::{Map, Value};

use super::charts::OF_CHART;
use super::field_spec::{Create, FieldSpec};
use super::read::Spot;
use super::resource::Resource;
use super::resources::Resources;
use super::scope::is_cluster_scoped;
use crate::{Problem, RenderError};

/// Which subjects of role bindings follow the namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subjects {
    /// Those named `default`.
    Default,
    /// All service accounts.
    ServiceAccounts,
    /// None.
    None,
}

/// A namespace, and what it is set on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Namespace<'a> {
    pub(super) name: &'a str,
    /// Whether what has a namespace keeps it.
    pub(super) unset_only: bool,
    pub(super) subjects: Subjects,
}

impl<'a> Namespace<'a> {
    /// A namespace for everything.
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, unset_only: false, subjects: Subjects::Default }
    }
}

/// Puts every resource that can have a namespace into this one.
pub(super) fn set(
    resources: &mut Resources,
    namespace: &Namespace<'_>,
    fields: &[FieldSpec],
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    if namespace.name.is_empty() {
        return Ok(());
    }
    // What comes of a chart is for the chart to place.
    let of_chart = |resource: &Resource| {
        let annotations = resource.metadata_map("annotations");
        annotations.and_then(|annotations| annotations.get(OF_CHART)).is_some_and(|mark| mark == "true")
    };
    for resource in resources.iter_mut().filter(|resource| !resource.is_empty() && !of_chart(resource)) {
        resource.remember();
        set_one(resource, namespace, fields).map_err(|error| place.is(Problem::Value(error)))?;
    }
    resources.check_unique(place)
}

/// Puts one resource into a namespace.
pub(super) fn set_one(resource: &mut Resource, namespace: &Namespace<'_>, fields: &[FieldSpec]) -> Result<(), String> {
    let is_set = |value: &Value| !value.is_null() && value != "";
    let mut write = |value: &mut Value| {
        match value {
            Value::Array(_) | Value::Object(_) => return Err("expected a text".into()),
            value if namespace.unset_only && is_set(value) => {}
            value => *value = namespace.name.into(),
        }
        Ok(())
    };
    if !is_cluster_scoped(resource.api_version(), resource.kind()) {
        FieldSpec::any("metadata/namespace", true).change(resource, Create::Scalar, &mut write)?;
    }
    let binding = matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding");
    if binding && let Some(Value::Array(subjects)) = resource.value.get_mut("subjects") {
        for subject in subjects.iter_mut().filter_map(Value::as_object_mut) {
            if namespace.subjects.contain(subject) {
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

impl Subjects {
    fn contain(self, subject: &Map) -> bool {
        let is = |field: &str, text: &str| subject.get(field).and_then(Value::as_str) == Some(text);
        match self {
            Self::Default => is("name", "default"),
            Self::ServiceAccounts => is("kind", "ServiceAccount"),
            Self::None => false,
        }
    }
}
