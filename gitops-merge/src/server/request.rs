//! What is asked of the server.

use jiff::Timestamp;
use serde_json::Value;

/// A write to one object.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Request<'a> {
    /// What is done.
    pub operation: Operation<'a>,
    /// Where: the object, or one of its subresources.
    pub target: Target,
    /// Namespace in the path; empty for objects without one.
    pub namespace: &'a str,
    /// Name in the path; for creates, the name of the body, already generated where it had only `generateName`.
    pub name: &'a str,
    /// Name of the field manager; the API server takes the client's user agent up to its first `/` where the request
    /// names none.
    pub manager: &'a str,
    /// What is done about fields that the kind does not have.
    pub field_validation: FieldValidation,
}

impl<'a> Request<'a> {
    /// A write to the object itself that ignores unknown fields.
    #[must_use]
    pub fn new(operation: Operation<'a>, namespace: &'a str, name: &'a str, manager: &'a str) -> Self {
        Self { operation, target: Target::Object, namespace, name, manager, field_validation: FieldValidation::Ignore }
    }

    /// The same write to a subresource.
    #[must_use]
    pub fn to(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// The same write with another treatment of unknown fields.
    #[must_use]
    pub fn validating(mut self, field_validation: FieldValidation) -> Self {
        self.field_validation = field_validation;
        self
    }
}

/// The ways to write.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Operation<'a> {
    /// POST: there must be no object.
    Create(&'a Value),
    /// PUT: the whole object.
    Update(&'a Value),
    /// Server-side apply.
    Apply {
        /// The fields that the manager wants.
        body: &'a Value,
        /// Whether fields are taken from other managers.
        force: bool,
    },
    /// JSON merge patch (RFC 7396).
    MergePatch(&'a Value),
    /// Strategic merge patch; custom kinds do not take it.
    StrategicPatch(&'a Value),
    /// JSON patch (RFC 6902).
    JsonPatch(&'a Value),
}

/// What of an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Target {
    /// The object itself.
    #[default]
    Object,
    /// Its status.
    Status,
    /// Its scale: bodies are `autoscaling/v1` Scales.
    Scale,
}

impl Target {
    /// Name in paths and in `managedFields`; empty for the object itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Object => "",
            Self::Status => "status",
            Self::Scale => "scale",
        }
    }
}

/// What is done about unknown fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldValidation {
    /// They are dropped.
    #[default]
    Ignore,
    /// The write is refused with 400.
    Strict,
}

/// What the server adds to a write.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The time of the write.
    pub now: Timestamp,
    /// The uid that a new object gets.
    pub uid: &'a str,
}

/// What a write does to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// There is a new object (201).
    Created,
    /// The object changed (200): it gets a new resourceVersion.
    Updated,
    /// Nothing changed (200): the resourceVersion stays.
    Unchanged,
    /// The last finalizer went from an object that was being deleted: it is gone (200 with the object).
    Removed,
}

/// A write that is accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The next object, complete but for `metadata.resourceVersion`, which still is the live one (absent on create).
    pub object: Value,
    /// What the store does with it.
    pub effect: Effect,
}

/// A delete.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Delete<'a> {
    /// Refused with 409 where the object has another uid.
    pub uid: Option<&'a str>,
    /// Refused with 409 where the object has another resourceVersion.
    pub resource_version: Option<&'a str>,
    /// What becomes of owned objects.
    pub propagation: Propagation,
}

/// What becomes of the objects that the deleted one owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They are collected after it is gone.
    #[default]
    Background,
    /// They are collected first: the object waits with the finalizer `foregroundDeletion`.
    Foreground,
    /// They stay: the object waits with the finalizer `orphan` until they are released.
    Orphan,
}

/// A delete that is accepted.
#[derive(Debug, Clone, PartialEq)]
pub enum Deleted {
    /// The object is gone; this was its last state.
    Removed(Value),
    /// The object waits for its finalizers and was marked: it gets a new resourceVersion.
    Marked(Value),
    /// The object was marked before; nothing changed.
    Waiting(Value),
}
