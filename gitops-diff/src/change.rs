//! What differs: the data that a plan, a page or a terminal shows.

use std::fmt;

use gitops_core::{ObjectRef, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FieldPath;

/// What would happen to one object, field by field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ObjectDiff {
    /// The object, in the version that the source writes it in.
    pub id: ObjectRef,
    /// What would happen to it as a whole.
    pub kind: DiffKind,
    /// The fields that differ, in the order of the desired object; the removed ones last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldDiff>,
    /// What could not be taken into account, such as an ignore rule that failed on this object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What would happen to an object as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DiffKind {
    /// It is not there and would be created.
    Create,
    /// It is there and differs.
    Update,
    /// It is there and would be deleted.
    Delete,
    /// It is there as it should be.
    Same,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FieldDiff {
    /// Which field.
    pub path: FieldPath,
    /// What would happen to it.
    pub change: Change,
    /// The live value; none where it is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Shown>,
    /// The value that it would have; none where it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Shown>,
    /// Who set the live value: the field managers, joined by `, `; none where nobody owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Why it differs.
    pub reason: Reason,
}

/// What would happen to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Change {
    /// It is not live.
    Added,
    /// It would not be there any more.
    Removed,
    /// It has another value.
    Changed,
}

/// A value as it may be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Shown {
    /// The value.
    Value(Value),
    /// A value of a Secret. That it differs is known, what it is cannot be shown.
    Secret,
}

impl Shown {
    /// The value, where it may be shown.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Secret => None,
        }
    }
}

/// Why a field differs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Reason {
    /// The object is not in the cluster and would be created with this field.
    Create,
    /// The object is not in the source any more and would be deleted.
    Delete,
    /// This engine wrote the live value, and the source now says something else.
    ChangedInSource,
    /// Somebody else wrote the live value.
    Drifted {
        /// The field managers who did.
        managers: Vec<String>,
    },
    /// The source sets a field that is not live: it is new in the source, or was taken away in the cluster.
    Missing,
    /// Nobody owns the live value, which is the server's default or older than field ownership.
    Unowned,
    /// This engine set the field, and the source does not any more.
    NoLongerInSource,
    /// The server itself changes the field when the object is written (defaults, admission webhooks).
    Server,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => out.write_str("would be created"),
            Self::Delete => out.write_str("would be deleted"),
            Self::ChangedInSource => out.write_str("changed in Git"),
            Self::Drifted { managers } => write!(out, "drifted: set by {}", quoted(managers)),
            Self::Missing => out.write_str("in Git, not in the cluster"),
            Self::Unowned => out.write_str("in Git, the live value has no owner"),
            Self::NoLongerInSource => out.write_str("no longer in Git"),
            Self::Server => out.write_str("changed by the server on write"),
        }
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for DiffKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Same => "same",
        })
    }
}

impl ObjectDiff {
    /// A difference without fields.
    pub fn new(id: ObjectRef, kind: DiffKind) -> Self {
        Self { id, kind, fields: Vec::new(), warnings: Vec::new() }
    }

    /// Whether nothing would happen to the object.
    pub fn is_same(&self) -> bool {
        self.kind == DiffKind::Same
    }

    /// The fields that would be written or removed.
    pub fn touched(&self) -> impl Iterator<Item = &FieldPath> {
        self.fields.iter().map(|field| &field.path)
    }
}

impl FieldDiff {
    /// Whether it is a value of a Secret.
    pub fn is_secret(&self) -> bool {
        self.old == Some(Shown::Secret) || self.new == Some(Shown::Secret)
    }

    /// A field's change, by which of the values are there. Without an owner.
    pub fn new(path: FieldPath, reason: Reason, old: Option<Shown>, new: Option<Shown>) -> Self {
        let change = match (&old, &new) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            _ => Change::Changed,
        };
        Self { path, change, old, new, owner: None, reason }
    }
}
