//! Types from the structural schema of a CustomResourceDefinition.
//!
//! Follows kube-openapi's `schemaconv` (the converter of kube-apiserver) and apiextensions-apiserver's way of adding
//! `apiVersion`, `kind` and `metadata` to objects and embedded resources.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Field, Format, List, ListRelation, Map, Scalar, Schema, Type, TypeId, builtin};

/// Structural schemas nested deeper than this are refused.
const MAX_DEPTH: usize = 100;

pub(super) struct StructuralError {
    pub(super) path: String,
    pub(super) what: &'static str,
}

impl StructuralError {
    fn below(mut self, step: &str) -> Self {
        self.path = format!("{step}{}", self.path);
        self
    }
}

fn fail(what: &'static str) -> StructuralError {
    StructuralError { path: String::new(), what }
}

pub(super) fn types(schema: Option<&Value>, builtin: &Schema) -> Result<(Schema, TypeId), StructuralError> {
    let mut converter = Converter { types: Vec::new(), builtin, imported: BTreeMap::new() };
    converter.types.push(Type::default());
    converter.types.push(Type::default());
    for (id, atomic) in [(UNTYPED, true), (DEDUCED, false)] {
        if let Some(known) = converter.types.get_mut(id.0 as usize) {
            known.scalar = Some(Scalar::Any);
            known.list = Some(List { element: UNTYPED, relation: ListRelation::Atomic });
            known.map = Some(Map { element: Some(id), atomic, ..Map::default() });
        }
    }
    let empty = Value::Object(serde_json::Map::new());
    let root = converter.convert(schema.unwrap_or(&empty), schema.is_none(), true, 0)?;
    Ok((Schema::new(converter.types), root))
}

const UNTYPED: TypeId = TypeId(0);
const DEDUCED: TypeId = TypeId(1);

struct Converter<'a> {
    types: Vec<Type>,
    builtin: &'a Schema,
    imported: BTreeMap<TypeId, TypeId>,
}

impl Converter<'_> {
    fn add(&mut self, known: Type) -> TypeId {
        let id = TypeId(self.types.len() as u32);
        self.types.push(known);
        id
    }

    /// `preserve` is inherited: below `x-kubernetes-preserve-unknown-fields` every map takes unknown fields.
    fn convert(
        &mut self,
        schema: &Value,
        preserve: bool,
        resource: bool,
        depth: usize,
    ) -> Result<TypeId, StructuralError> {
        if depth > MAX_DEPTH {
            return Err(fail("nested too deeply"));
        }
        let preserve = preserve || is_true(schema, "x-kubernetes-preserve-unknown-fields");
        let resource = resource || is_true(schema, "x-kubernetes-embedded-resource");
        let name = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        let mut known = Type::default();
        match name {
            "" => {
                known.scalar = Some(Scalar::Any);
                known.list = Some(self.list(schema, preserve, depth)?);
                known.map = Some(self.map(schema, preserve, resource, depth)?);
                if is_true(schema, "x-kubernetes-int-or-string") {
                    known.format = Format::IntOrString;
                }
            }
            "object" => known.map = Some(self.map(schema, preserve, resource, depth)?),
            "array" => known.list = Some(self.list(schema, preserve, depth)?),
            "integer" | "number" => known.scalar = Some(Scalar::Number),
            "boolean" => known.scalar = Some(Scalar::Boolean),
            "string" => {
                let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
                known.scalar = Some(if matches!(format, "" | "byte") { Scalar::String } else { Scalar::Any });
            }
            _ => return Err(fail("`type` is none that is known").below(".type")),
        }
        Ok(self.add(known))
    }

    fn map(&mut self, schema: &Value, preserve: bool, resource: bool, depth: usize) -> Result<Map, StructuralError> {
        let mut fields = BTreeMap::new();
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let type_id = self
                    .convert(property, preserve, false, depth + 1)
                    .map_err(|error| error.below(&format!(".properties[{name}]")))?;
                fields.insert(name.clone(), field(type_id, property.get("default").cloned()));
            }
        }
        let element = match schema.get("additionalProperties") {
            None if preserve || fields.is_empty() => Some(DEDUCED),
            None | Some(Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some(DEDUCED),
            Some(element) => Some(
                self.convert(element, preserve, false, depth + 1)
                    .map_err(|error| error.below(".additionalProperties"))?,
            ),
        };
        if resource {
            let text = self.add(Type { scalar: Some(Scalar::String), ..Type::default() });
            fields.insert("apiVersion".to_owned(), field(text, None));
            fields.insert("kind".to_owned(), field(text, None));
            if let Some((id, _)) = builtin::named(self.builtin, builtin::OBJECT_META) {
                let metadata = self.import(id);
                fields.insert("metadata".to_owned(), field(metadata, None));
            }
        }
        let atomic = schema.get("x-kubernetes-map-type").and_then(Value::as_str) == Some("atomic");
        Ok(Map { fields, element, atomic })
    }

    fn list(&mut self, schema: &Value, preserve: bool, depth: usize) -> Result<List, StructuralError> {
        let element = match schema.get("items") {
            None => UNTYPED,
            Some(items) => self.convert(items, preserve, false, depth + 1).map_err(|error| error.below(".items"))?,
        };
        let relation = match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
            None | Some("atomic") => ListRelation::Atomic,
            Some("set") => ListRelation::Set,
            Some("map") => {
                let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
                let keys: Vec<String> =
                    keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
                if keys.is_empty() {
                    return Err(fail("required where the list is a map").below(".x-kubernetes-list-map-keys"));
                }
                ListRelation::Map(keys)
            }
            Some(_) => return Err(fail("must be atomic, set or map").below(".x-kubernetes-list-type")),
        };
        Ok(List { element, relation })
    }

    /// Copies a built-in type and what it refers to.
    fn import(&mut self, id: TypeId) -> TypeId {
        if let Some(done) = self.imported.get(&id) {
            return *done;
        }
        let mut known = self.builtin.get(id).clone();
        let here = self.add(Type::default());
        self.imported.insert(id, here);
        if let Some(list) = &mut known.list {
            list.element = self.import(list.element);
        }
        if let Some(map) = &mut known.map {
            map.element = map.element.map(|element| self.import(element));
            for field in map.fields.values_mut() {
                field.type_id = self.import(field.type_id);
            }
        }
        if let Some(slot) = self.types.get_mut(here.0 as usize) {
            *slot = known;
        }
        here
    }
}

fn field(type_id: TypeId, default: Option<Value>) -> Field {
    Field { type_id, shape: None, default, patch: None, required: false }
}

fn is_true(schema: &Value, key: &str) -> bool {
    schema.get(key).and_then(Value::as_bool) == Some(true)
}
