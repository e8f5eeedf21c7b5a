//! Kinds from CustomResourceDefinitions.

use std::sync::Arc;

use serde_json::Value;

use super::kinds::{Kind, Origin, Scale, Subresources};
use super::{Schema, structural};

/// Why a CustomResourceDefinition cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CustomError {
    /// A required field is absent or has another type.
    #[error("{0}: required, and must be text")]
    Missing(&'static str),
    /// The definition has no version.
    #[error("spec.versions: must have at least one version")]
    NoVersions,
    /// A version's schema is not understood.
    #[error("spec.versions[{index}].schema.openAPIV3Schema{path}: {what}")]
    Schema {
        /// Place of the version.
        index: usize,
        /// Path inside the schema.
        path: String,
        /// What is wrong there.
        what: &'static str,
    },
}

pub(super) fn kinds(definition: &Value, builtin: &Schema) -> Result<Vec<Kind>, CustomError> {
    let text = |pointer: &str, field: &'static str| {
        definition
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .ok_or(CustomError::Missing(field))
    };
    let group = text("/spec/group", "spec.group")?;
    let kind = text("/spec/names/kind", "spec.names.kind")?;
    let plural = text("/spec/names/plural", "spec.names.plural")?;
    let scope = text("/spec/scope", "spec.scope")?;
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array).ok_or(CustomError::NoVersions)?;
    let names = definition.pointer("/spec/names");
    let optional = |field: &str| names.and_then(|names| names.get(field)).and_then(Value::as_str).map(str::to_owned);
    let short_names = names
        .and_then(|names| names.get("shortNames"))
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    let mut out = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        if version.get("served").and_then(Value::as_bool) == Some(false) {
            continue;
        }
        let name = version.get("name").and_then(Value::as_str).ok_or(CustomError::Missing("spec.versions[].name"))?;
        let schema = version.pointer("/schema/openAPIV3Schema");
        let (types, type_id) = structural::types(schema, builtin).map_err(|error| CustomError::Schema {
            index,
            path: error.path,
            what: error.what,
        })?;
        out.push(Kind {
            api_version: format!("{group}/{name}"),
            singular: optional("singular").unwrap_or_else(|| kind.to_lowercase()),
            list_kind: optional("listKind").unwrap_or_else(|| format!("{kind}List")),
            short_names: Clone::clone(&short_names),
            kind: kind.clone(),
            plural: plural.clone(),
            namespaced: scope == "Namespaced",
            subresources: subresources(version),
            schema: types,
            type_id,
            origin: Origin::Custom { schema: schema.cloned().map(Arc::new) },
        });
    }
    if out.is_empty() { Err(CustomError::NoVersions) } else { Ok(out) }
}

fn subresources(version: &Value) -> Subresources {
    let scale = version.pointer("/subresources/scale").and_then(|scale| {
        let path = |field: &str| {
            let text = scale.get(field)?.as_str()?;
            Some(text.trim_start_matches('.').split('.').map(str::to_owned).collect::<Vec<_>>())
        };
        Some(Scale {
            spec_replicas: path("specReplicasPath")?,
            status_replicas: path("statusReplicasPath")?,
            selector: path("labelSelectorPath"),
        })
    });
    Subresources { status: version.pointer("/subresources/status").is_some(), scale }
}
