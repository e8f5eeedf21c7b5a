//! One resource of a build, with what kustomize remembers of it.

use std::sync::Arc;

use gitops_core::{Map, Origin, Value};

use super::id::{ResourceId, effective_namespace, text};
use super::provenance::Provenance;

/// What a generated resource does to one that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Behavior {
    /// There must be none.
    #[default]
    Create,
    /// It takes its place.
    Replace,
    /// Its data is added to it.
    Merge,
}

/// A name, namespace and kind that a resource had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Former {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) kind: String,
}

#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) value: Value,
    pub(super) origin: Origin,
    /// What it was called before, the oldest first.
    pub(super) formers: Vec<Former>,
    /// The prefixes that were put before its name, the innermost first.
    pub(super) prefixes: Vec<String>,
    /// The suffixes that were put behind its name, the innermost first.
    pub(super) suffixes: Vec<String>,
    pub(super) behavior: Behavior,
    /// Whether a hash of its content ends its name.
    pub(super) needs_hash: bool,
    /// The variables that read it.
    pub(super) variables: Vec<String>,
    /// Where it comes from, where that is traced.
    pub(super) provenance: Option<Arc<Provenance>>,
    /// What changed it, likewise.
    pub(super) transformations: Vec<Arc<Provenance>>,
    /// A patch that may rename its target.
    pub(super) may_rename: bool,
    /// A patch that may change the kind of its target.
    pub(super) may_change_kind: bool,
}

impl Resource {
    pub(super) fn new(value: Value, origin: Origin) -> Self {
        Self {
            value,
            origin,
            formers: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::Create,
            needs_hash: false,
            variables: Vec::new(),
            provenance: None,
            transformations: Vec::new(),
            may_rename: false,
            may_change_kind: false,
        }
    }

    pub(super) fn api_version(&self) -> &str {
        text(&self.value, "apiVersion")
    }

    pub(super) fn kind(&self) -> &str {
        text(&self.value, "kind")
    }

    pub(super) fn name(&self) -> &str {
        self.metadata("name")
    }

    pub(super) fn namespace(&self) -> &str {
        self.metadata("namespace")
    }

    fn metadata(&self, field: &str) -> &str {
        self.value.get("metadata").map(|metadata| text(metadata, field)).unwrap_or_default()
    }

    /// A map of `metadata`, such as `labels`.
    pub(super) fn metadata_map(&self, field: &str) -> Option<&Map> {
        self.value.get("metadata")?.get(field)?.as_object()
    }

    /// Whether one of this project's own annotations is `true`.
    pub(super) fn asks(&self, annotation: &str) -> bool {
        let value = self.metadata_map("annotations").and_then(|annotations| annotations.get(annotation));
        value.is_some_and(|value| value == "true" || value.as_bool() == Some(true))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.value.as_object().is_none_or(Map::is_empty)
    }

    /// What it is called now.
    pub(super) fn id(&self) -> ResourceId {
        ResourceId::of(&self.value)
    }

    /// What it was called first.
    pub(super) fn original_id(&self) -> ResourceId {
        self.former_ids().next().unwrap_or_else(|| self.id())
    }

    /// What it was called before, the oldest first.
    pub(super) fn former_ids(&self) -> impl Iterator<Item = ResourceId> {
        self.formers.iter().map(|former| ResourceId {
            api_version: self.api_version().into(),
            kind: former.kind.clone(),
            namespace: effective_namespace(self.api_version(), &former.kind, &former.namespace).into(),
            name: former.name.clone(),
        })
    }

    /// Remembers what it is called now.
    pub(super) fn remember(&mut self) {
        let namespace = effective_namespace(self.api_version(), self.kind(), self.namespace()).to_owned();
        self.formers.push(Former { namespace, name: self.name().into(), kind: self.kind().into() });
    }

    /// Makes an empty map of annotations where there is none.
    pub(super) fn make_annotations(&mut self) {
        if let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) {
            let annotations = metadata.entry("annotations").or_insert(Value::Null);
            if annotations.is_null() {
                *annotations = Value::Object(Map::new());
            }
        }
    }

    /// Makes texts of all labels and annotations; a null becomes this text.
    pub(super) fn make_texts(&mut self, null: &str) {
        let Some(Value::Object(metadata)) = self.value.get_mut("metadata") else { return };
        for field in ["labels", "annotations"] {
            match metadata.get_mut(field) {
                Some(Value::Object(map)) if !map.is_empty() => {
                    for value in map.values_mut().filter(|value| !value.is_string()) {
                        *value = match &*value {
                            Value::Null => null.into(),
                            Value::Object(_) | Value::Array(_) => "".into(),
                            _ => value.to_string().into(),
                        };
                    }
                }
                _ => drop(metadata.remove(field)),
            }
        }
    }

    pub(super) fn set_name(&mut self, name: &str) {
        self.set_metadata("name", name);
    }

    /// Sets a field of `metadata`, which is made where it is missing; an empty text takes the field away.
    pub(super) fn set_metadata(&mut self, field: &str, text: &str) {
        let Some(value) = self.value.as_object_mut() else { return };
        let metadata = value.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        let Some(metadata) = metadata.as_object_mut() else { return };
        if text.is_empty() {
            metadata.remove(field);
        } else {
            metadata.insert(field.into(), text.into());
        }
    }

    /// Takes over what kustomize remembers of another resource, whose place this one takes, and its labels and
    /// annotations where this one has none of the name.
    pub(super) fn succeed(&mut self, older: &mut Self) {
        for field in ["labels", "annotations"] {
            let Some(older) = older.metadata_map(field).filter(|map| !map.is_empty()) else { continue };
            let mut merged = older.clone();
            merged.extend(
                self.metadata_map(field).into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())),
            );
            if let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert(field.into(), Value::Object(merged));
            }
        }
        self.make_texts("");
        let (name, namespace) = (older.name().to_owned(), older.namespace().to_owned());
        self.set_metadata("name", &name);
        self.set_metadata("namespace", &namespace);
        self.formers = std::mem::take(&mut older.formers);
        self.prefixes = std::mem::take(&mut older.prefixes);
        self.suffixes = std::mem::take(&mut older.suffixes);
        self.variables = std::mem::take(&mut older.variables);
        self.transformations = std::mem::take(&mut older.transformations);
        self.behavior = older.behavior;
        self.needs_hash &= older.needs_hash;
    }

    /// Adds the entries of another resource's data that this one lacks.
    pub(super) fn merge_data(&mut self, older: &mut Self) {
        for field in ["data", "binaryData"] {
            let Some(Value::Object(older)) = older.value.get_mut(field).map(Value::take) else { continue };
            let Some(value) = self.value.as_object_mut() else { continue };
            let mut merged = older;
            if let Some(Value::Object(newer)) = value.remove(field) {
                merged.extend(newer);
            }
            if !merged.is_empty() {
                value.insert(field.into(), Value::Object(merged));
            }
        }
    }
}
