//! Types of fields: what is atomic, a set, a map or a list-map with keys.
//!
//! A [`Schema`] is a value that is passed around and cheap to clone. [`Kinds`] holds the kinds that a cluster serves:
//! the built-in ones from a generated table (Kubernetes v1.34.2, see `tools/schema-table`), the custom ones from their
//! CustomResourceDefinitions.

mod builtin;
mod custom;
mod kinds;
mod kustomize;
mod openapi;
mod parse;
mod structural;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use custom::CustomError;
pub use kinds::{Kind, Kinds, Origin, Scale, Subresources};
pub use openapi::{Definitions, DefinitionsError};
pub use parse::TableError;

/// The place of a type in its [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u32);

impl TypeId {
    /// The type that accepts anything, in every schema.
    pub const ANY: Self = Self(u32::MAX);
}

/// A table of types that refer to each other.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    types: Arc<Vec<Type>>,
}

impl Schema {
    pub(crate) fn new(types: Vec<Type>) -> Self {
        Self { types: Arc::new(types) }
    }

    /// The type with this id; an id of another schema gives the type that accepts anything.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &Type {
        static UNKNOWN: Type = Type::nothing();
        self.types.get(id.0 as usize).unwrap_or(&UNKNOWN)
    }

    /// Every type with its id.
    pub fn iter(&self) -> impl Iterator<Item = (TypeId, &Type)> {
        self.types.iter().enumerate().map(|(index, known)| (TypeId(index as u32), known))
    }
}

/// What values a field may have, and how they merge. More than one form may be allowed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Type {
    /// Name in the OpenAPI document (without the prefix `io.k8s.api.`), where the type has one.
    pub name: Option<String>,
    /// The scalar that is allowed.
    pub scalar: Option<Scalar>,
    /// The list that is allowed.
    pub list: Option<List>,
    /// The map or struct that is allowed.
    pub map: Option<Map>,
    /// How text of this type is written in its canonical form.
    pub format: Format,
}

impl Type {
    const fn nothing() -> Self {
        Self { name: None, scalar: None, list: None, map: None, format: Format::Plain }
    }
}

/// A scalar type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// Text.
    String,
    /// A number, whole or not.
    Number,
    /// A truth value.
    Boolean,
    /// Any scalar.
    Any,
}

/// Types with a form of their own on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Nothing special.
    #[default]
    Plain,
    /// `resource.Quantity`: `1024Mi` is written `1Gi`.
    Quantity,
    /// `metav1.Time`: RFC 3339, whole seconds, UTC.
    Time,
    /// `metav1.MicroTime`: RFC 3339, microseconds, UTC.
    MicroTime,
    /// `intstr.IntOrString`.
    IntOrString,
    /// `metav1.Duration`: Go's notation.
    Duration,
    /// JSON that is kept as it is.
    Raw,
    /// A slice of bytes, base64 in JSON.
    Bytes,
}

/// A list type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Type of the items.
    pub element: TypeId,
    /// How items are told apart.
    pub relation: ListRelation,
}

/// How the items of a list are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListRelation {
    /// Not at all: the list is one value.
    Atomic,
    /// By their value.
    Set,
    /// By the values of these fields.
    Map(Vec<String>),
}

/// A map or struct type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    /// Named fields.
    pub fields: BTreeMap<String, Field>,
    /// Type of all other entries; none where only the named fields are allowed.
    pub element: Option<TypeId>,
    /// Whether the whole map is one value.
    pub atomic: bool,
}

impl Map {
    /// The type of an entry.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<TypeId> {
        self.fields.get(name).map(|field| field.type_id).or(self.element)
    }
}

/// A named field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Type of the value.
    pub type_id: TypeId,
    /// How the field is held and written by the API server, for built-in kinds.
    pub shape: Option<Shape>,
    /// Value that stands for an absent key of a list-map.
    pub default: Option<Value>,
    /// What a strategic merge patch does with the field.
    pub patch: Option<Patch>,
    /// Whether the OpenAPI document requires the field.
    pub required: bool,
}

/// How a Go struct holds a field and when it is left out of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// What holds the value.
    pub holder: Holder,
    /// Left out when empty (`omitempty`).
    pub omit_empty: bool,
    /// Left out when it is the zero value (`omitzero`).
    pub omit_zero: bool,
}

/// What holds a field's value in Go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A struct by value.
    Struct,
    /// A pointer.
    Pointer,
    /// A slice.
    List,
    /// A map.
    Map,
    /// A slice of bytes, base64 in JSON.
    Bytes,
    /// A string.
    Text,
    /// An integer.
    Integer,
    /// A floating-point number.
    Float,
    /// A bool.
    Boolean,
    /// An interface.
    Any,
}

/// The directives of a field for strategic merge patches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patch {
    /// Whether lists and maps are merged rather than replaced.
    pub merge: bool,
    /// Whether `$retainKeys` is understood.
    pub retain_keys: bool,
    /// The field that tells list items apart; none for lists of scalars.
    pub merge_key: Option<String>,
}
