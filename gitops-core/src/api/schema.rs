//! What every type of the API has in common: it keeps the fields it does not know, and can name them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldSegment {
    /// The value under this key of a mapping.
    Key(Cow<'static, str>),
    /// The element of a list, counted from 0.
    Index(usize),
}

/// Where a field is in a manifest, such as `spec.sources[0].helm.values`.
///
/// Keys that are not plain words are quoted, so that a label's path reads
/// `metadata.labels["app.kubernetes.io/name"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(Vec<FieldSegment>);

impl FieldPath {
    /// The path of the document itself, which displays as nothing.
    pub fn root() -> Self {
        Self::default()
    }

    /// The steps from the document to the field.
    pub fn segments(&self) -> &[FieldSegment] {
        &self.0
    }

    /// Whether this is the path of the document itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path with one more key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.push_key(key);
        self
    }

    /// This path with one more index.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.push_index(index);
        self
    }

    /// Adds a key at the end.
    pub fn push_key(&mut self, key: impl Into<Cow<'static, str>>) {
        self.0.push(FieldSegment::Key(key.into()));
    }

    /// Adds an index at the end.
    pub fn push_index(&mut self, index: usize) {
        self.0.push(FieldSegment::Index(index));
    }

    /// Takes the last step away.
    pub fn pop(&mut self) -> Option<FieldSegment> {
        self.0.pop()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                FieldSegment::Index(index) => write!(formatter, "[{index}]")?,
                FieldSegment::Key(key) if is_plain(key) => {
                    let dot = if position == 0 { "" } else { "." };
                    write!(formatter, "{dot}{key}")?;
                }
                FieldSegment::Key(key) => write!(formatter, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'))
}

/// A type of the API: it keeps fields it does not know, so that writing back loses nothing, and
/// reports where they are.
///
/// An explicit `null` reads as an absent field, as it does in Argo CD.
pub trait Schema {
    /// Whether the field holding this value is left out when it is written.
    fn is_absent(&self) -> bool {
        false
    }

    /// Whether Go's types leave the value out of JSON where it is optional: text, lists and maps with nothing in them.
    fn is_blank(&self) -> bool {
        false
    }

    /// Leaves of a value what Argo CD's types keep when it is read and written again: fields that the schema does not
    /// know are dropped, and so are optional texts, lists and maps with nothing in them.
    fn settle(&mut self) {}

    /// Adds the path of each unknown field at or below `path` to `found`; `path` is unchanged
    /// when the call returns.
    fn collect_unknown(&self, path: &mut FieldPath, found: &mut Vec<FieldPath>);

    /// The path of every field that was read but that the schema does not name, in the order of
    /// the schema.
    fn unknown_fields(&self) -> Vec<FieldPath> {
        let mut found = Vec::new();
        self.collect_unknown(&mut FieldPath::root(), &mut found);
        found
    }
}

/// For `skip_serializing_if`, which takes a path rather than a trait method of an inferred type.
pub(crate) fn is_absent<T: Schema>(value: &T) -> bool {
    value.is_absent()
}

/// Adds the fields a type keeps without knowing them.
pub(crate) fn collect_keys(unknown: &BTreeMap<String, Value>, path: &mut FieldPath, found: &mut Vec<FieldPath>) {
    for key in unknown.keys() {
        found.push(path.clone().key(key.clone()));
    }
}

impl<T: Schema> Schema for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn settle(&mut self) {
        if let Some(value) = self {
            value.settle();
            if value.is_blank() {
                *self = None;
            }
        }
    }

    fn collect_unknown(&self, path: &mut FieldPath, found: &mut Vec<FieldPath>) {
        if let Some(value) = self {
            value.collect_unknown(path, found);
        }
    }
}

impl<T: Schema> Schema for Box<T> {
    fn is_blank(&self) -> bool {
        (**self).is_blank()
    }

    fn settle(&mut self) {
        (**self).settle();
    }

    fn collect_unknown(&self, path: &mut FieldPath, found: &mut Vec<FieldPath>) {
        (**self).collect_unknown(path, found);
    }
}

impl<T: Schema> Schema for Vec<T> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }

    fn settle(&mut self) {
        self.iter_mut().for_each(Schema::settle);
    }

    fn collect_unknown(&self, path: &mut FieldPath, found: &mut Vec<FieldPath>) {
        for (index, value) in self.iter().enumerate() {
            path.push_index(index);
            value.collect_unknown(path, found);
            path.pop();
        }
    }
}

impl<T: Schema> Schema for BTreeMap<String, T> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }

    fn settle(&mut self) {
        self.values_mut().for_each(Schema::settle);
    }

    fn collect_unknown(&self, path: &mut FieldPath, found: &mut Vec<FieldPath>) {
        for (key, value) in self {
            path.push_key(key.clone());
            value.collect_unknown(path, found);
            path.pop();
        }
    }
}

/// Marks types without fields of their own.
macro_rules! leaf {
    ($($ty:ty),* $(,)?) => {
        $(impl $crate::api::Schema for $ty {
            fn collect_unknown(
                &self,
                _: &mut $crate::api::FieldPath,
                _: &mut Vec<$crate::api::FieldPath>,
            ) {
            }
        })*
    };
}
pub(crate) use leaf;

leaf!(bool, i32, i64, Value);

impl Schema for String {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }

    fn collect_unknown(&self, _: &mut FieldPath, _: &mut Vec<FieldPath>) {}
}

/// Defines a structure of the API: its fields with their names in YAML, and the place where unknown
/// fields are kept. A field of type `Option` is left out where it is `None`; all others are required.
macro_rules! schema {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$field_meta:meta])* pub $field:ident: $ty:ty => $json:tt,)*
        }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(
                Clone, Debug, Default, PartialEq,
                serde::Serialize, serde::Deserialize, schemars::JsonSchema,
            )]
            #[non_exhaustive]
            pub struct $name {
                $(
                    $(#[$field_meta])*
                    #[serde(
                        rename = $json,
                        skip_serializing_if = "crate::api::schema::is_absent"
                    )]
                    pub $field: $ty,
                )*
                /// Fields that this version does not know, kept as they were read.
                #[serde(flatten)]
                #[schemars(skip)]
                pub unknown: std::collections::BTreeMap<String, serde_json::Value>,
            }

            impl $crate::api::Schema for $name {
                fn settle(&mut self) {
                    $($crate::api::Schema::settle(&mut self.$field);)*
                    self.unknown.clear();
                }

                fn collect_unknown(
                    &self,
                    path: &mut $crate::api::FieldPath,
                    found: &mut Vec<$crate::api::FieldPath>,
                ) {
                    $(
                        if !$crate::api::Schema::is_absent(&self.$field) {
                            path.push_key($json);
                            $crate::api::Schema::collect_unknown(&self.$field, path, found);
                            path.pop();
                        }
                    )*
                    $crate::api::schema::collect_keys(&self.unknown, path, found);
                }
            }
        )*
    };
}
pub(crate) use schema;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_quote_keys_that_are_not_words() {
        let path = FieldPath::root().key("spec").key("sources").index(2).key("helm");
        assert_eq!(path.to_string(), "spec.sources[2].helm");
        let label = FieldPath::root().key("metadata").key("labels").key("a.b/c");
        assert_eq!(label.to_string(), "metadata.labels[\"a.b/c\"]");
        assert_eq!(FieldPath::root().to_string(), "");
    }
}
