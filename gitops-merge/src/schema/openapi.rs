//! Types from an OpenAPI v2 document, as `kustomize openapi fetch` and `kubectl get --raw /openapi/v2` give it: what
//! strategic merge patches need of it.

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use super::{Field, List, ListRelation, Map, Patch, Scalar, Schema, Type, TypeId};

/// Schemas nested deeper than this inside one definition are refused.
const MAX_DEPTH: usize = 100;
/// Types of one document.
const MAX_TYPES: usize = 500_000;
const REFERENCE: &str = "#/definitions/";

/// The kinds that a document defines.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    schema: Schema,
    /// By `apiVersion` and kind.
    kinds: BTreeMap<(String, String), TypeId>,
}

/// Why a document is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DefinitionsError {
    /// It has no `definitions`.
    #[error("the OpenAPI document has no `definitions`")]
    Missing,
    /// A definition is nested too deeply, or there are too many.
    #[error("`{name}`: the definitions are too large")]
    TooLarge {
        /// The definition.
        name: String,
    },
}

impl Definitions {
    /// Reads a document. What it refers to and does not define is looked for in `base`, by its name there.
    ///
    /// # Errors
    /// [`DefinitionsError`], where it is no OpenAPI v2 document or too large.
    pub fn read(document: &Value, base: Option<&Schema>) -> Result<Self, DefinitionsError> {
        let definitions = document.get("definitions").and_then(Value::as_object).ok_or(DefinitionsError::Missing)?;
        let mut reader = Reader { base: base.map(Base::new), ..Reader::default() };
        for name in definitions.keys() {
            let id = reader.add(Type { name: Some(name.clone()), ..Type::default() });
            reader.named.insert(name.clone(), id);
        }
        let mut kinds = BTreeMap::new();
        for (name, definition) in definitions {
            let too_large = |()| DefinitionsError::TooLarge { name: name.clone() };
            let read = reader.read(definition, 0).map_err(too_large)?;
            let Some(id) = reader.named.get(name).copied() else { continue };
            if let Some(slot) = reader.types.get_mut(id.0 as usize) {
                *slot = Type { name: slot.name.take(), ..read };
            }
            let served = definition.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            for served in served.into_iter().flatten() {
                let text = |field: &str| served.get(field).and_then(Value::as_str).unwrap_or_default();
                let (group, version) = (text("group"), text("version"));
                let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
                kinds.insert((api_version, text("kind").to_owned()), id);
            }
        }
        Ok(Self { schema: Schema::new(reader.types), kinds })
    }

    /// Reads the schemas of CustomResourceDefinitions. Their lists are merged by the keys that tell their items apart
    /// (`x-kubernetes-list-type`), which says nothing of patches to the API server.
    ///
    /// # Errors
    /// [`DefinitionsError::TooLarge`].
    pub fn of_custom<'a>(definitions: impl IntoIterator<Item = &'a Value>) -> Result<Self, DefinitionsError> {
        let mut reader = Reader { merges_by_list_type: true, ..Reader::default() };
        let mut kinds = BTreeMap::new();
        for definition in definitions {
            let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let (group, kind) = (text("/spec/group"), text("/spec/names/kind"));
            let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
            for version in versions.into_iter().flatten() {
                let name = version.get("name").and_then(Value::as_str);
                let schema = version.pointer("/schema/openAPIV3Schema");
                let Some((name, schema)) = name.zip(schema) else { continue };
                let too_large = |()| DefinitionsError::TooLarge { name: kind.to_owned() };
                let id = reader.reference(schema, 0).map_err(too_large)?;
                kinds.insert((format!("{group}/{name}"), kind.to_owned()), id);
            }
        }
        Ok(Self { schema: Schema::new(reader.types), kinds })
    }

    pub(super) fn new(schema: Schema, kinds: BTreeMap<(String, String), TypeId>) -> Self {
        Self { schema, kinds }
    }

    /// All types.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The type of a kind's objects, with the schema that it is in.
    #[must_use]
    pub fn get(&self, api_version: &str, kind: &str) -> Option<(&Schema, TypeId)> {
        let id = self.kinds.get(&(api_version.to_owned(), kind.to_owned()))?;
        Some((&self.schema, *id))
    }
}

/// Types of another schema, and what was taken over of them.
struct Base<'a> {
    schema: &'a Schema,
    named: BTreeMap<&'a str, TypeId>,
    imported: BTreeMap<TypeId, TypeId>,
}

impl<'a> Base<'a> {
    fn new(schema: &'a Schema) -> Self {
        let named = schema.iter().filter_map(|(id, known)| Some((known.name.as_deref()?, id))).collect();
        Self { schema, named, imported: BTreeMap::new() }
    }

    fn find(&self, name: &str) -> Option<TypeId> {
        let shorter = ["io.k8s.api.", "io.k8s."].into_iter().filter_map(|prefix| name.strip_prefix(prefix));
        std::iter::once(name).chain(shorter).find_map(|name| self.named.get(name)).copied()
    }
}

#[derive(Default)]
struct Reader<'a> {
    types: Vec<Type>,
    named: BTreeMap<String, TypeId>,
    base: Option<Base<'a>>,
    /// Whether lists whose items are told apart are merged by patches.
    merges_by_list_type: bool,
}

impl Reader<'_> {
    /// Takes over a type of the base with all that it refers to.
    fn import(&mut self, id: TypeId) -> Option<TypeId> {
        let base = self.base.as_ref()?;
        if let Some(known) = base.imported.get(&id) {
            return Some(*known);
        }
        let mut known = base.schema.get(id).clone();
        let own = self.add(Type::default());
        self.base.as_mut()?.imported.insert(id, own);
        if let Some(list) = &mut known.list {
            list.element = self.import(list.element)?;
        }
        if let Some(map) = &mut known.map {
            for field in map.fields.values_mut() {
                field.type_id = self.import(field.type_id)?;
            }
            if let Some(element) = &mut map.element {
                *element = self.import(*element)?;
            }
        }
        *self.types.get_mut(own.0 as usize)? = known;
        Some(own)
    }

    fn add(&mut self, known: Type) -> TypeId {
        let id = TypeId(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        self.types.push(known);
        id
    }

    /// The type of a value, which is that of a definition where the schema names one.
    fn reference(&mut self, schema: &Value, depth: usize) -> Result<TypeId, ()> {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(REFERENCE));
        if let Some(id) = name.and_then(|name| self.named.get(name)) {
            return Ok(*id);
        }
        let known = name.and_then(|name| self.base.as_ref()?.find(name));
        if let Some(id) = known.and_then(|id| self.import(id)) {
            return Ok(id);
        }
        let read = self.read(schema, depth + 1)?;
        if self.types.len() >= MAX_TYPES {
            return Err(());
        }
        Ok(self.add(read))
    }

    fn read(&mut self, schema: &Value, depth: usize) -> Result<Type, ()> {
        if depth > MAX_DEPTH {
            return Err(());
        }
        let mut known = Type::default();
        if let Some(items) = schema.get("items") {
            let relation = match schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array) {
                Some(keys) => ListRelation::Map(keys.iter().filter_map(Value::as_str).map(Into::into).collect()),
                None => ListRelation::Atomic,
            };
            known.list = Some(List { element: self.reference(items, depth)?, relation });
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        if properties.is_some() || others.is_some() {
            let mut map = Map::default();
            for (name, property) in properties.into_iter().flatten() {
                let type_id = self.reference(property, depth)?;
                let patch = patch(property).or_else(|| by_list_type(property).filter(|_| self.merges_by_list_type));
                let field = Field { type_id, shape: None, default: None, patch, required: false };
                map.fields.insert(name.clone(), field);
            }
            if let Some(others) = others {
                map.element = Some(self.reference(others, depth)?);
            }
            known.map = Some(map);
        }
        known.scalar = match schema.get("type").and_then(Value::as_str) {
            Some("string") => Some(Scalar::String),
            Some("integer" | "number") => Some(Scalar::Number),
            Some("boolean") => Some(Scalar::Boolean),
            _ => None,
        };
        Ok(known)
    }
}

fn patch(property: &Value) -> Option<Patch> {
    let strategy = property.get("x-kubernetes-patch-strategy").and_then(Value::as_str)?;
    let merge_key = property.get("x-kubernetes-patch-merge-key").and_then(Value::as_str).map(Into::into);
    let has = |word: &str| strategy.split(',').any(|part| part == word);
    Some(Patch { merge: has("merge"), retain_keys: has("retainKeys"), merge_key })
}

/// How a list is merged whose items are told apart.
fn by_list_type(property: &Value) -> Option<Patch> {
    let merge_key = match property.get("x-kubernetes-list-type").and_then(Value::as_str)? {
        "map" => Some(property.pointer("/x-kubernetes-list-map-keys/0").and_then(Value::as_str)?.to_owned()),
        "set" => None,
        _ => return None,
    };
    Some(Patch { merge: true, retain_keys: false, merge_key })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kustomize::{Rules, merge};

    impl Rules for Definitions {
        fn kind(&self, api_version: &str, kind: &str) -> Option<(&crate::schema::Schema, TypeId)> {
            self.get(api_version, kind)
        }

        fn is_quoted(&self, _: &str) -> bool {
            false
        }
    }

    #[test]
    fn lists_are_merged_by_the_keys_of_a_document() {
        let document = json!({"definitions": {
            "v1.Thing": {
                "properties": {"spec": {"properties": {"parts": {
                    "items": {"$ref": "#/definitions/v1.Part"}, "type": "array",
                    "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge",
                }}}},
                "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
            },
            "v1.Part": {"properties": {"name": {"type": "string"}, "size": {"type": "integer"}}, "type": "object"},
        }});
        let definitions = Definitions::read(&document, None).unwrap();
        let object = json!({"spec": {"parts": [{"name": "a", "size": 1}, {"name": "b"}]}});
        let patch = json!({"spec": {"parts": [{"name": "b", "size": 2}]}});
        let thing = |mut value: Value| {
            value["apiVersion"] = "example.com/v1".into();
            value["kind"] = "Thing".into();
            value
        };
        assert!(definitions.get("example.com/v1", "Thing").is_some());
        assert_eq!(
            merge(&definitions, thing(object), patch).unwrap(),
            Some(thing(json!({"spec": {"parts": [{"name": "b", "size": 2}, {"name": "a", "size": 1}]}})))
        );
        assert!(definitions.get("example.com/v2", "Thing").is_none());
        let pod = json!({"definitions": {"v1.Thing": {
            "properties": {"spec": {"$ref": "#/definitions/io.k8s.api.core.v1.PodSpec"}},
            "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
        }}});
        let known = Definitions::kustomize().unwrap();
        let definitions = Definitions::read(&pod, Some(known.schema())).unwrap();
        let object = json!({"spec": {"containers": [{"name": "a", "env": [{"name": "x", "value": "1"}]}]}});
        let patch = json!({"spec": {"containers": [{"name": "a", "env": [{"name": "y", "value": "2"}]}]}});
        let merged = merge(&definitions, thing(object), patch).unwrap().unwrap();
        assert_eq!(
            merged.pointer("/spec/containers/0/env"),
            Some(&json!([{"name": "y", "value": "2"}, {"name": "x", "value": "1"}]))
        );
        assert_eq!(Definitions::read(&json!({}), None).unwrap_err(), DefinitionsError::Missing);
    }
}
