//! The kinds that a cluster serves.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::custom::{self, CustomError};
use super::parse::{Row, TableError};
use super::{Schema, TypeId, builtin};
use crate::defaults::Defaults;

/// One served kind with the type of its objects.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Kind {
    /// `v1`, `apps/v1`, `example.com/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Name of the resource in paths: `deployments`.
    pub plural: String,
    /// `deployment`.
    pub singular: String,
    /// Short names of a custom kind; the table of built-in kinds has none.
    pub short_names: Vec<String>,
    /// Kind of a list: `DeploymentList`.
    pub list_kind: String,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// The subresources that are served.
    pub subresources: Subresources,
    /// Types of the object's fields.
    pub schema: Schema,
    /// Type of the object.
    pub type_id: TypeId,
    /// Where the kind comes from.
    pub origin: Origin,
}

impl Kind {
    /// The API group; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The version without its group.
    #[must_use]
    pub fn version(&self) -> &str {
        self.api_version.split_once('/').map_or(self.api_version.as_str(), |(_, version)| version)
    }

    /// Whether the kind is defined by a CustomResourceDefinition.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        matches!(self.origin, Origin::Custom { .. })
    }

    /// `deployments.apps`, `services`: how the API server names the resource in messages.
    #[must_use]
    pub fn qualified_resource(&self) -> String {
        qualify(&self.plural, self.group())
    }

    /// `Deployment.apps`, `Service`: how the API server names the kind in messages.
    #[must_use]
    pub fn qualified_kind(&self) -> String {
        qualify(&self.kind, self.group())
    }
}

fn qualify(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

/// The subresources of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subresources {
    /// Whether `/status` is served.
    pub status: bool,
    /// Where `/scale` finds its numbers, where it is served.
    pub scale: Option<Scale>,
}

/// Where the scale subresource finds its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// Path of the wanted number of replicas, such as `spec`, `replicas`.
    pub spec_replicas: Vec<String>,
    /// Path of the observed number of replicas.
    pub status_replicas: Vec<String>,
    /// Path of the selector in text form (custom kinds) or as a label selector (built-in ones).
    pub selector: Option<Vec<String>>,
}

/// Where a kind comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The generated table.
    Builtin {
        /// What is filled in.
        defaults: Arc<Defaults>,
    },
    /// A CustomResourceDefinition.
    Custom {
        /// `openAPIV3Schema` of the version; objects of a kind without one are kept as they are.
        schema: Option<Arc<Value>>,
    },
}

/// Every kind that is served, by version and by name. Cloning shares the kinds.
#[derive(Debug, Clone, Default)]
pub struct Kinds {
    kinds: BTreeMap<(String, String), Arc<Kind>>,
    builtin: Schema,
    scale: Option<Arc<Kind>>,
}

impl Kinds {
    /// The built-in kinds of Kubernetes v1.34.
    ///
    /// The table is parsed on each call (about 3 ms): keep the value and clone it.
    ///
    /// # Errors
    /// [`TableError`] where the table that the crate ships is damaged, which its tests exclude.
    pub fn builtin() -> Result<Self, TableError> {
        let (schema, rows) = builtin::load()?;
        let defaults = Arc::new(Defaults::builtin());
        let kinds = rows
            .into_iter()
            .map(|row| of_row(row, &schema, &defaults))
            .map(|kind| (key(&kind), Arc::new(kind)))
            .collect();
        let scale = scale(&schema, &defaults).map(Arc::new);
        Ok(Self { kinds, builtin: schema, scale })
    }

    /// Adds the served versions of a CustomResourceDefinition (`apiextensions.k8s.io/v1`), replacing what an older
    /// state of the same definition served.
    ///
    /// # Errors
    /// [`CustomError`] with the field that is missing or not understood; nothing is changed then.
    pub fn define(&mut self, definition: &Value) -> Result<(), CustomError> {
        let kinds = custom::kinds(definition, &self.builtin)?;
        self.undefine(definition);
        for kind in kinds {
            self.kinds.insert(key(&kind), Arc::new(kind));
        }
        Ok(())
    }

    /// Removes what a CustomResourceDefinition serves.
    pub fn undefine(&mut self, definition: &Value) {
        let group = definition.pointer("/spec/group").and_then(Value::as_str).unwrap_or_default();
        let plural = definition.pointer("/spec/names/plural").and_then(Value::as_str).unwrap_or_default();
        self.kinds.retain(|_, kind| !(kind.is_custom() && kind.group() == group && kind.plural == plural));
    }

    /// The kind of objects with this `apiVersion` and `kind`.
    #[must_use]
    pub fn get(&self, api_version: &str, kind: &str) -> Option<&Arc<Kind>> {
        self.kinds.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// The kind behind a resource in a path: `apps/v1`, `deployments`.
    #[must_use]
    pub fn resource(&self, api_version: &str, plural: &str) -> Option<&Arc<Kind>> {
        self.kinds
            .range((api_version.to_owned(), String::new())..)
            .take_while(|((version, _), _)| version == api_version)
            .map(|(_, kind)| kind)
            .find(|kind| kind.plural == plural)
    }

    /// The kind of the bodies of scale subresources, which is no resource itself.
    #[must_use]
    pub fn scale(&self) -> Option<&Arc<Kind>> {
        self.scale.as_ref()
    }

    /// Every kind, ordered by version and name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.kinds.values()
    }
}

fn key(kind: &Kind) -> (String, String) {
    (kind.api_version.clone(), kind.kind.clone())
}

fn scale(schema: &Schema, defaults: &Arc<Defaults>) -> Option<Kind> {
    let (type_id, _) = builtin::named(schema, "autoscaling.v1.Scale")?;
    let row = Row {
        api_version: "autoscaling/v1".to_owned(),
        kind: "Scale".to_owned(),
        plural: "scales".to_owned(),
        namespaced: true,
        subresources: Vec::new(),
        type_id,
    };
    Some(of_row(row, schema, defaults))
}

fn of_row(row: Row, schema: &Schema, defaults: &Arc<Defaults>) -> Kind {
    let has = |name: &str| row.subresources.iter().any(|known| known == name);
    let path = |words: [&str; 2]| words.map(str::to_owned).to_vec();
    let scale = has("scale").then(|| Scale {
        spec_replicas: path(["spec", "replicas"]),
        status_replicas: path(["status", "replicas"]),
        selector: Some(path(["spec", "selector"])),
    });
    Kind {
        subresources: Subresources { status: has("status"), scale },
        singular: row.kind.to_lowercase(),
        list_kind: format!("{}List", row.kind),
        api_version: row.api_version,
        kind: row.kind,
        plural: row.plural,
        short_names: Vec::new(),
        namespaced: row.namespaced,
        schema: schema.clone(),
        type_id: row.type_id,
        origin: Origin::Builtin { defaults: Arc::clone(defaults) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_kinds_are_found_by_kind_and_by_resource() {
        let kinds = Kinds::builtin().unwrap();
        let deployment = kinds.get("apps/v1", "Deployment").unwrap();
        assert!(deployment.namespaced && deployment.subresources.status && deployment.subresources.scale.is_some());
        assert_eq!(kinds.resource("v1", "services").unwrap().kind, "Service");
        assert!(kinds.resource("v1", "deployments").is_none());
        assert_eq!(deployment.qualified_resource(), "deployments.apps");
    }
}
