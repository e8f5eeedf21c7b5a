//! The identity of a resource in a build.

use std::fmt;

use gitops_core::Value;

use super::scope::is_cluster_scoped;

/// The namespace that stands for none where a namespace is not possible.
const NO_NAMESPACE: &str = "_cluster_";

/// A resource's identity. Its namespace is the effective one: `default` where none is set, and a mark of its own where
/// the kind has none, so that equal identities are equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ResourceId {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl ResourceId {
    /// The identity of a value.
    pub(super) fn of(value: &Value) -> Self {
        let (api_version, kind) = (text(value, "apiVersion"), text(value, "kind"));
        let metadata = value.get("metadata").unwrap_or(&Value::Null);
        let namespace = effective_namespace(api_version, kind, text(metadata, "namespace"));
        Self {
            namespace: namespace.into(),
            name: text(metadata, "name").into(),
            api_version: api_version.into(),
            kind: kind.into(),
        }
    }

    pub(super) fn group(&self) -> &str {
        group_of(&self.api_version)
    }

    pub(super) fn version(&self) -> &str {
        version_of(&self.api_version)
    }

    pub(super) fn is_cluster_scoped(&self) -> bool {
        self.namespace == NO_NAMESPACE
    }

    /// The kind and name, for messages that look for the nearest.
    pub(super) fn short(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = self.group();
        if !group.is_empty() {
            write!(out, "{group}/")?;
        }
        write!(out, "{}/", self.kind)?;
        if self.namespace != NO_NAMESPACE && self.namespace != "default" {
            write!(out, "{}/", self.namespace)?;
        }
        out.write_str(&self.name)
    }
}

/// The namespace in which an object counts.
pub(super) fn effective_namespace<'a>(api_version: &str, kind: &str, namespace: &'a str) -> &'a str {
    match namespace {
        _ if is_cluster_scoped(api_version, kind) => NO_NAMESPACE,
        "" => "default",
        namespace => namespace,
    }
}

pub(super) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

pub(super) fn version_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or(api_version, |(_, version)| version)
}

/// The text of a field; empty where it is not a text.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
