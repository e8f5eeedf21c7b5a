//! Refusals, as the API server answers them.

use serde_json::{Value, json};

use crate::apply::{ApplyError, Conflict};
use crate::normalize::DecodeError;
use crate::schema::Kind;

/// Why a request is refused: what becomes a `metav1.Status`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct ServerError {
    /// HTTP status: 400, 404, 409, 422, 500.
    pub code: u16,
    /// `status.reason`: `NotFound`, `Conflict`, `Invalid`, ...; empty where the API server gives none.
    pub reason: &'static str,
    /// `status.message`.
    pub message: String,
    /// `status.details.causes`.
    pub causes: Vec<Cause>,
    /// What the refusal is about; none where the request as a whole is wrong.
    pub subject: Option<Box<Subject>>,
}

/// What a refusal is about: `status.details`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// Group of the resource; empty for the core group.
    pub group: String,
    /// The resource, or the kind where the object itself is invalid.
    pub kind: String,
    /// Name of the object.
    pub name: String,
}

/// One cause of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Path of the field: `.spec.replicas` for conflicts, `spec.replicas` for invalid objects.
    pub field: String,
    /// `FieldManagerConflict`, `FieldValueInvalid`, `FieldValueRequired`, ...
    pub reason: &'static str,
    /// What is wrong with the field.
    pub message: String,
}

impl Cause {
    /// `FieldValueInvalid` with the value as the API server shows it.
    #[must_use]
    pub fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        let message = format!("Invalid value: {}: {detail}", shown(value));
        Self { field: field.into(), reason: "FieldValueInvalid", message }
    }

    /// `FieldValueRequired`.
    #[must_use]
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        Self { field: field.into(), reason: "FieldValueRequired", message }
    }

    /// `FieldValueForbidden`.
    #[must_use]
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self { field: field.into(), reason: "FieldValueForbidden", message: format!("Forbidden: {detail}") }
    }

    /// `FieldValueDuplicate`.
    #[must_use]
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        let message = format!("Duplicate value: {}", shown(value));
        Self { field: field.into(), reason: "FieldValueDuplicate", message }
    }

    /// `FieldValueNotSupported` with the values that are.
    #[must_use]
    pub fn not_supported(field: impl Into<String>, value: &Value, supported: &[String]) -> Self {
        let known: Vec<String> = supported.iter().map(|value| crate::value::go_quote(value)).collect();
        let message = format!("Unsupported value: {}: supported values: {}", shown(value), known.join(", "));
        Self { field: field.into(), reason: "FieldValueNotSupported", message }
    }
}

/// A value as field errors print it: text quoted, objects as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => crate::value::go_quote(text),
        other => other.to_string(),
    }
}

impl ServerError {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), causes: Vec::new(), subject: None }
    }

    fn about(self, kind: &Kind, name: &str) -> Self {
        self.about_part(kind, &kind.plural, name)
    }

    fn about_part(mut self, kind: &Kind, part: &str, name: &str) -> Self {
        let subject = Subject { group: kind.group().to_owned(), kind: part.to_owned(), name: name.to_owned() };
        self.subject = Some(Box::new(subject));
        self
    }

    /// 404: there is no such object.
    #[must_use]
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {} not found", kind.qualified_resource(), crate::value::go_quote(name));
        Self::new(404, "NotFound", message).about(kind, name)
    }

    /// 409: an object of that name exists.
    #[must_use]
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {} already exists", kind.qualified_resource(), crate::value::go_quote(name));
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// 409: the object is not in the state that the request expects.
    #[must_use]
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let name_quoted = crate::value::go_quote(name);
        let message = format!("Operation cannot be fulfilled on {} {name_quoted}: {why}", kind.qualified_resource());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// 409: the object was written since the request's resourceVersion.
    #[must_use]
    pub fn stale(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    /// 400: the request makes no sense.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 415: the kind of patch is not served for custom kinds.
    #[must_use]
    pub fn unsupported_media_type() -> Self {
        let message = "the body of the request was in an unknown format - accepted media types include: \
                       application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 422: an apply without the name of a field manager.
    #[must_use]
    pub fn no_field_manager() -> Self {
        let cause = Cause::required("fieldManager", "is required for apply patch");
        let message = format!("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: {}", cause.message);
        let mut error = Self::new(422, "Invalid", message);
        let subject = Subject { group: "meta.k8s.io".to_owned(), kind: "PatchOptions".to_owned(), name: String::new() };
        error.subject = Some(Box::new(subject));
        error.causes = vec![cause];
        error
    }

    /// 413: the request is larger than what is taken.
    #[must_use]
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// 422 without causes: a patch cannot be carried out on this object.
    #[must_use]
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(422, "", message)
    }

    /// 422: the object breaks rules.
    #[must_use]
    pub fn invalid(kind: &Kind, name: &str, causes: Vec<Cause>) -> Self {
        // What is found by two checks is a cause twice, and said once.
        let mut body: Vec<String> = Vec::with_capacity(causes.len());
        for cause in &causes {
            let text = format!("{}: {}", cause.field, cause.message);
            if !body.contains(&text) {
                body.push(text);
            }
        }
        let all = if body.len() == 1 { body.concat() } else { format!("[{}]", body.join(", ")) };
        let message = format!("{} {} is invalid: {all}", kind.qualified_kind(), crate::value::go_quote(name));
        let mut error = Self::new(422, "Invalid", message).about_part(kind, &kind.kind, name);
        error.causes = causes;
        error
    }

    /// 400: the body cannot be read into the kind's Go type.
    #[must_use]
    pub fn undecodable(kind: &Kind, error: &DecodeError) -> Self {
        let version = crate::value::go_quote(kind.version());
        let message =
            format!("{0} in version {version} cannot be handled as a {0}: {error}", kind.kind, error = error.message);
        Self::bad_request(message)
    }

    /// An apply that is refused: 409 with the conflicts; 500 without a reason where values do not fit their type, as
    /// the API server answers.
    #[must_use]
    pub fn apply(kind: &Kind, namespace: &str, name: &str, error: &ApplyError) -> Self {
        match error {
            ApplyError::Conflicts(conflicts) => {
                let mut out = Self::new(409, "Conflict", error.to_string());
                out.causes = conflicts.iter().map(conflict_cause).collect();
                out
            }
            ApplyError::Request(message) => Self::bad_request(message.clone()),
            ApplyError::Type { doing, errors } => {
                let group = if kind.group().is_empty() { "/" } else { "" };
                let object = format!("{namespace}/{name}; {group}{}, Kind={}", kind.api_version, kind.kind);
                let what = crate::apply::error_list(errors);
                Self::new(500, "", format!("failed to {doing} ({object}): {what}"))
            }
            ApplyError::Managed(_) => Self::new(500, "", error.to_string()),
        }
    }

    /// The answer's body: a `v1` Status.
    #[must_use]
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        let mut details = serde_json::Map::new();
        let none = Subject::default();
        let subject = self.subject.as_deref().unwrap_or(&none);
        for (field, text) in [("name", &subject.name), ("group", &subject.group), ("kind", &subject.kind)] {
            if !text.is_empty() {
                details.insert(field.to_owned(), Value::from(text.as_str()));
            }
        }
        if !self.causes.is_empty() {
            let causes = self
                .causes
                .iter()
                .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}));
            details.insert("causes".to_owned(), causes.collect());
        }
        if let Some(out) = status.as_object_mut() {
            if !self.reason.is_empty() {
                out.insert("reason".to_owned(), Value::from(self.reason));
            }
            if !details.is_empty() {
                out.insert("details".to_owned(), Value::Object(details));
            }
        }
        status
    }
}

fn conflict_cause(conflict: &Conflict) -> Cause {
    Cause { field: conflict.path.to_string(), reason: "FieldManagerConflict", message: conflict.message() }
}
