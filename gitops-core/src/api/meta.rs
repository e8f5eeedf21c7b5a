//! Metadata that every Kubernetes object has, and small types that Kubernetes' APIs share.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema as JsonSchemaValue, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::schema::{leaf, schema};

schema! {
    /// Metadata of an object, as Kubernetes' `meta/v1` `ObjectMeta` has it.
    pub struct ObjectMeta {
        /// Name, unique in the namespace for the kind.
        pub name: Option<String> => "name",
        /// Prefix from which the server makes a name where none is given.
        pub generate_name: Option<String> => "generateName",
        /// Namespace; absent for cluster-scoped objects.
        pub namespace: Option<String> => "namespace",
        /// Labels, for selection.
        pub labels: Option<BTreeMap<String, String>> => "labels",
        /// Annotations, for everything else.
        pub annotations: Option<BTreeMap<String, String>> => "annotations",
        /// Finalizers, each of which holds back the object's deletion.
        pub finalizers: Option<Vec<String>> => "finalizers",
        /// Owners, with which the object is garbage-collected.
        pub owner_references: Option<Vec<OwnerReference>> => "ownerReferences",
        /// Identity given by the server, unique in time.
        pub uid: Option<String> => "uid",
        /// Opaque version that changes with every write.
        pub resource_version: Option<String> => "resourceVersion",
        /// Counts changes of the desired state.
        pub generation: Option<i64> => "generation",
        /// When the server created the object.
        pub creation_timestamp: Option<Time> => "creationTimestamp",
        /// When the object is to be gone; set once deletion was asked for.
        pub deletion_timestamp: Option<Time> => "deletionTimestamp",
        /// Seconds granted for a graceful deletion.
        pub deletion_grace_period_seconds: Option<i64> => "deletionGracePeriodSeconds",
        /// Field ownership, one entry a manager, as it was read.
        pub managed_fields: Option<Vec<Value>> => "managedFields",
        /// Unused by the server since Kubernetes 1.20.
        pub self_link: Option<String> => "selfLink",
    }

    /// An owner of an object in the same namespace, or a cluster-scoped one.
    pub struct OwnerReference {
        /// API version of the owner.
        pub api_version: String => "apiVersion",
        /// Kind of the owner.
        pub kind: String => "kind",
        /// Name of the owner.
        pub name: String => "name",
        /// UID of the owner.
        pub uid: String => "uid",
        /// Whether this owner manages the object; at most one does.
        pub controller: Option<bool> => "controller",
        /// Whether foreground deletion of the owner waits for this object.
        pub block_owner_deletion: Option<bool> => "blockOwnerDeletion",
    }

    /// A condition on labels; all its parts must hold, and an empty one matches everything.
    pub struct LabelSelector {
        /// Labels that must have exactly these values.
        pub match_labels: Option<BTreeMap<String, String>> => "matchLabels",
        /// Further requirements.
        pub match_expressions: Option<Vec<LabelSelectorRequirement>> => "matchExpressions",
    }

    /// One requirement of a [`LabelSelector`].
    pub struct LabelSelectorRequirement {
        /// Label the requirement is about.
        pub key: String => "key",
        /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
        pub operator: String => "operator",
        /// Values for `In` and `NotIn`.
        pub values: Option<Vec<String>> => "values",
    }

    /// An API group and a kind in it, each possibly a pattern.
    pub struct GroupKindPattern {
        /// API group; empty for the core group.
        pub group: String => "group",
        /// Kind.
        pub kind: String => "kind",
    }
}

impl ObjectMeta {
    /// Metadata with a name and a namespace.
    pub fn new(name: impl Into<String>, namespace: Option<String>) -> Self {
        Self { name: Some(name.into()), namespace, ..Self::default() }
    }

    /// The name, or the empty string.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The namespace, where one is given that is not empty.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref().filter(|text| !text.is_empty())
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.as_ref()?.get(key).map(String::as_str)
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.as_ref()?.get(key).map(String::as_str)
    }

    /// Whether a finalizer is present.
    pub fn has_finalizer(&self, finalizer: &str) -> bool {
        self.finalizers.as_ref().is_some_and(|all| all.iter().any(|one| one == finalizer))
    }
}

/// A point in time, written as Kubernetes' `meta/v1` `Time` is: RFC 3339 in UTC.
///
/// Reading accepts any offset and fraction; writing gives whole seconds and `Z`, as Kubernetes' `metav1.Time`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub jiff::Timestamp);

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl From<jiff::Timestamp> for Time {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Time;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a time such as 2006-01-02T15:04:05Z")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                let shaped = text.as_bytes().get(10) == Some(&b'T') && !text.contains('[');
                match text.parse() {
                    Ok(timestamp) if shaped => Ok(Time(timestamp)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> JsonSchemaValue {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A number or a text, such as `3` or `25%`, as Kubernetes' `IntOrString` is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IntOrString {
    /// A number.
    Int(i32),
    /// A text, often a percentage.
    String(String),
}

impl Default for IntOrString {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(formatter, "{number}"),
            Self::String(text) => formatter.write_str(text),
        }
    }
}

impl Serialize for IntOrString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(number) => serializer.serialize_i32(*number),
            Self::String(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for IntOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = IntOrString;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a 32-bit integer or a string")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<IntOrString, E> {
                i32::try_from(number)
                    .map(IntOrString::Int)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<IntOrString, E> {
                i32::try_from(number)
                    .map(IntOrString::Int)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<IntOrString, E> {
                Ok(IntOrString::String(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<IntOrString, E> {
                Ok(IntOrString::String(text))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for IntOrString {
    fn schema_name() -> Cow<'static, str> {
        "IntOrString".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> JsonSchemaValue {
        json_schema!({
            "anyOf": [{ "type": "integer" }, { "type": "string" }],
            "x-kubernetes-int-or-string": true,
        })
    }
}

leaf!(Time, IntOrString);
