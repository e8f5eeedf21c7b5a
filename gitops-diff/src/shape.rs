//! A cursor over the types of an object's fields: the only place that knows how `gitops-merge` stores them.

use std::sync::Arc;

use crate::path::Step;
use gitops_core::{Object, Value};
use gitops_merge::schema::{Field, Format, Holder, Kind, Kinds, List, ListRelation, Map, Schema, Type};

/// What is known about the value at a path. Of what is not known, maps are merged and lists are one value, as the API
/// server does without a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    schema: Option<&'a Schema>,
    known: Option<&'a Type>,
    field: Option<&'a Field>,
}

/// How the items of a list are told apart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Relation<'a> {
    /// Not at all: the list is one value.
    Atomic,
    /// By their value.
    Set,
    /// By these fields.
    Keys(&'a [String]),
}

impl<'a> Shape<'a> {
    pub(crate) const fn unknown() -> Self {
        Self { schema: None, known: None, field: None }
    }

    /// The shape of a kind's objects.
    pub(crate) fn of_kind(kind: &'a Kind) -> Self {
        Self { schema: Some(&kind.schema), known: Some(kind.schema.get(kind.type_id)), field: None }
    }

    fn map(self) -> Option<&'a Map> {
        self.known?.map.as_ref()
    }

    fn list(self) -> Option<&'a List> {
        self.known?.list.as_ref()
    }

    fn at(self, id: Option<gitops_merge::schema::TypeId>, field: Option<&'a Field>) -> Self {
        match (self.schema, id) {
            (Some(schema), Some(id)) => Self { schema: Some(schema), known: Some(schema.get(id)), field },
            _ => Self::unknown(),
        }
    }

    /// The shape of a map's entry.
    pub(crate) fn entry(self, name: &str) -> Self {
        let Some(map) = self.map() else { return Self::unknown() };
        match map.fields.get(name) {
            Some(field) => self.at(Some(field.type_id), Some(field)),
            None => self.at(map.element, None),
        }
    }

    /// Whether a map's entry is one of the fields that its type names. Of what is not known it is taken to be.
    pub(crate) fn names(self, name: &str) -> bool {
        self.map().is_none_or(|map| map.fields.contains_key(name))
    }

    /// The shape of a list's items.
    pub(crate) fn item(self) -> Self {
        self.at(self.list().map(|list| list.element), None)
    }

    /// How a list's items are told apart.
    pub(crate) fn relation(self) -> Relation<'a> {
        match self.list().map(|list| &list.relation) {
            Some(ListRelation::Set) => Relation::Set,
            Some(ListRelation::Map(keys)) => Relation::Keys(keys),
            Some(ListRelation::Atomic) | None => Relation::Atomic,
        }
    }

    /// Whether a map is written as a whole.
    pub(crate) fn is_atomic_map(self) -> bool {
        self.map().is_some_and(|map| map.atomic)
    }

    /// Whether nothing is known of the value.
    pub(crate) fn is_unknown(self) -> bool {
        self.known.is_none_or(|known| known.map.is_none() && known.list.is_none() && known.scalar.is_none())
    }

    /// How text of this type is written.
    pub(crate) fn format(self) -> Format {
        self.known.map_or(Format::Plain, |known| known.format)
    }

    /// Whether the value is bytes, base64 in JSON.
    pub(crate) fn is_bytes(self) -> bool {
        self.field.and_then(|field| field.shape).is_some_and(|shape| shape.holder == Holder::Bytes)
    }

    /// What stands for an absent key of an item.
    pub(crate) fn key_default(self, key: &str) -> Option<&'a Value> {
        self.map()?.fields.get(key)?.default.as_ref()
    }

    /// Whether the value is a struct that Go holds by value, so that it cannot tell empty from absent.
    pub(crate) fn is_plain_struct(self) -> bool {
        self.field.and_then(|field| field.shape).is_some_and(|shape| shape.holder == Holder::Struct)
    }

    /// Whether the server leaves this value out when it writes the object.
    pub(crate) fn drops(self, value: &Value) -> bool {
        let Some(shape) = self.field.and_then(|field| field.shape) else { return false };
        match (shape.holder, value) {
            // Whether it is written or not, an empty list or map is stored as none.
            (Holder::List | Holder::Bytes, Value::Array(items)) => return items.is_empty(),
            (Holder::Map, Value::Object(map)) => return map.is_empty(),
            _ => {}
        }
        if !(shape.omit_empty || shape.omit_zero) {
            return false;
        }
        match (shape.holder, value) {
            (Holder::Text | Holder::Bytes, Value::String(text)) => text.is_empty(),
            (Holder::Integer | Holder::Float, Value::Number(number)) => number.as_f64() == Some(0.0),
            (Holder::Boolean, Value::Bool(flag)) => !flag,
            _ => false,
        }
    }
}

/// The types of one object's fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Types<'a> {
    /// The kind, where it is known.
    pub(crate) kind: Option<&'a Kind>,
    /// The shape of the object.
    pub(crate) root: Shape<'a>,
    metadata: Shape<'a>,
}

impl<'a> Types<'a> {
    pub(crate) fn of(kinds: Option<&'a Kinds>, object: &Object) -> Self {
        let kind = kinds.and_then(|kinds| kind_of(kinds, object)).map(Arc::as_ref);
        let root = kind.map_or(Shape::unknown(), Shape::of_kind);
        let known = root.entry("metadata");
        // Metadata has one type, whatever the kind.
        let any = || kinds.and_then(|kinds| kinds.get("v1", "ConfigMap"));
        let metadata = if known.is_unknown() {
            any().map_or(Shape::unknown(), |kind| Shape::of_kind(kind).entry("metadata"))
        } else {
            known
        };
        Self { kind, root, metadata }
    }

    /// The shape of a map's entry at the end of these steps.
    pub(crate) fn entry(self, steps: &[Step<'_>], shape: Shape<'a>, name: &str) -> Shape<'a> {
        if steps.is_empty() && name == "metadata" { self.metadata } else { shape.entry(name) }
    }
}

/// The kind of an object, by its version or, where that version is not served any more, by any version of its group or
/// of the group that took the kind over.
pub(crate) fn kind_of<'a>(kinds: &'a Kinds, object: &Object) -> Option<&'a Arc<Kind>> {
    kind_by(kinds, object.api_version(), object.kind())
}

/// See [`kind_of`].
pub(crate) fn kind_by<'a>(kinds: &'a Kinds, api_version: &str, name: &str) -> Option<&'a Arc<Kind>> {
    kinds.get(api_version, name).or_else(|| {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let same_name = |kind: &&Arc<Kind>| kind.kind == name;
        let moved = group == "extensions";
        kinds.iter().filter(same_name).find(|kind| kind.group() == group || (moved && !kind.is_custom()))
    })
}
