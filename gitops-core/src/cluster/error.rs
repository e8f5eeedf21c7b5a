//! Why a call to a cluster failed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ObjectId;

/// Why a call to a cluster failed, as an API server words it.
///
/// No message holds a value of a `Secret`: a backend leaves out the server's text where the object is one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{message}", .target.as_deref().map(|target| format!("`{target}`: ")).unwrap_or_default())]
#[non_exhaustive]
pub struct ClusterError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// Which object, as text.
    pub target: Option<Box<str>>,
    /// The server's words.
    pub message: String,
    /// Fields and their reasons.
    pub causes: Vec<Cause>,
}

/// One field that a write failed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The field's path, such as `.spec.replicas`.
    pub field: String,
    /// The server's reason, such as `FieldManagerConflict`.
    pub reason: String,
    /// The server's words.
    pub message: String,
}

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// 404: the object is absent.
    NotFound,
    /// 404: the cluster does not serve the kind.
    UnknownKind,
    /// 409: the object is already there.
    AlreadyExists,
    /// 409: a field manager, resource version or UID conflict.
    Conflict,
    /// 422: the object is not valid.
    Invalid,
    /// 400: the request makes no sense.
    BadRequest,
    /// 401 or 403: not allowed.
    Forbidden,
    /// 410: a watch has to start again from a listing.
    Expired,
    /// 429, 5xx, or no answer: try again later.
    Unavailable,
    /// Anything else.
    Internal,
}

impl ErrorKind {
    /// The HTTP status that an API server answers with.
    pub fn code(self) -> u16 {
        match self {
            Self::NotFound | Self::UnknownKind => 404,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Invalid => 422,
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::Expired => 410,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }

    /// Whether the same call may go through later.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Unavailable | Self::Expired)
    }
}

impl ClusterError {
    /// A failure in these words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, target: None, message: message.into(), causes: Vec::new() }
    }

    /// The same about an object.
    #[must_use]
    pub fn about(mut self, target: &ObjectId) -> Self {
        self.target = Some(target.to_string().into());
        self
    }

    /// The same for fields.
    #[must_use]
    pub fn because(mut self, causes: Vec<Cause>) -> Self {
        self.causes = causes;
        self
    }
}

/// What stands in the way, where a failure tells it. What to do about it is said by whoever talks to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Trouble {
    /// Nobody is logged in: no credentials, or expired ones.
    Unauthenticated,
    /// Who calls may not do this.
    NotPermitted,
    /// A quota of the namespace is used up.
    QuotaExceeded,
    /// The namespace is being deleted.
    NamespaceTerminating,
    /// The namespace is not there.
    NamespaceMissing,
    /// A field that cannot be changed once it is set was changed.
    ImmutableField,
    /// The cluster does not serve the kind: its definition is missing.
    KindMissing,
    /// Other managers own fields that an apply sets.
    OwnedByOthers,
    /// The object changed, or was replaced, since it was read.
    Moved,
    /// No answer: the API server is gone, or cannot be reached.
    Unreachable,
    /// The API server is too busy.
    Overloaded,
}

impl ClusterError {
    /// A refusal as an API server gives it: a status code, a reason such as `AlreadyExists`, words and causes.
    ///
    /// Where the object is a `Secret`, words that may hold values are left out.
    pub fn refused(code: u16, reason: &str, message: String, causes: Vec<Cause>, target: Option<&ObjectId>) -> Self {
        let secret = target.is_some_and(|target| target.group.is_empty() && target.kind == "Secret");
        let holds_values = secret && matches!(code, 400 | 422 | 500);
        let (message, causes) =
            if holds_values { without_values(code, reason, &message, causes) } else { (message, causes) };
        let mut error = Self::new(ErrorKind::of(code, reason), message).because(causes);
        error.target = target.map(|target| target.to_string().into());
        error
    }

    /// What stands in the way, where the failure tells it. Quotas, immutable fields and missing namespaces are known by
    /// the words that Kubernetes has for them (apimachinery's validation, the admission plugin `ResourceQuota`).
    pub fn trouble(&self) -> Option<Trouble> {
        let says = |words: &str| self.message.contains(words);
        let because = |reason: &str| self.causes.iter().any(|cause| cause.reason == reason);
        match self.kind {
            ErrorKind::UnknownKind => Some(Trouble::KindMissing),
            ErrorKind::Forbidden if because("NamespaceTerminating") => Some(Trouble::NamespaceTerminating),
            ErrorKind::Forbidden if says("exceeded quota") => Some(Trouble::QuotaExceeded),
            ErrorKind::Forbidden if says("Unauthorized") => Some(Trouble::Unauthenticated),
            ErrorKind::Forbidden if says(" cannot ") => Some(Trouble::NotPermitted),
            ErrorKind::NotFound if says("namespaces \"") => Some(Trouble::NamespaceMissing),
            ErrorKind::Invalid if self.is_about_an_immutable_field() => Some(Trouble::ImmutableField),
            ErrorKind::Conflict if because("FieldManagerConflict") => Some(Trouble::OwnedByOthers),
            ErrorKind::Conflict => Some(Trouble::Moved),
            ErrorKind::Unavailable if says("too many requests") || says("Too Many Requests") => {
                Some(Trouble::Overloaded)
            }
            ErrorKind::Unavailable => Some(Trouble::Unreachable),
            _ => None,
        }
    }

    fn is_about_an_immutable_field(&self) -> bool {
        let immutable = |text: &str| text.contains("immutable") || text.contains("updates to statefulset spec");
        immutable(&self.message) || self.causes.iter().any(|cause| immutable(&cause.message))
    }
}

impl ErrorKind {
    /// The kind of a refusal with this HTTP status and reason.
    fn of(code: u16, reason: &str) -> Self {
        match (code, reason) {
            (409, "AlreadyExists") => Self::AlreadyExists,
            (409, _) => Self::Conflict,
            (404, _) => Self::NotFound,
            (422, _) => Self::Invalid,
            (401 | 403, _) => Self::Forbidden,
            (410, _) => Self::Expired,
            (429 | 502..=504, _) | (500, "ServerTimeout" | "Timeout") => Self::Unavailable,
            (400 | 405 | 406 | 413 | 415, _) => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

/// How Go's words on bytes that are not base64 begin: they tell a place, and none of the bytes.
const NOT_BASE64: &str = "illegal base64 data at input byte ";

fn without_values(code: u16, reason: &str, message: &str, causes: Vec<Cause>) -> (String, Vec<Cause>) {
    let fields: BTreeSet<&str> = causes.iter().map(|cause| cause.field.as_str()).collect();
    let told: Vec<&str> = fields.into_iter().chain(place_in_base64(message)).collect();
    let message = format!("the secret was refused with {code} {reason}: {}", told.join(", "));
    let silent = causes.into_iter().map(|cause| Cause { message: String::new(), ..cause });
    (message, silent.collect())
}

/// Where the bytes stop being base64, in Go's words and not a character more.
fn place_in_base64(message: &str) -> Option<&str> {
    let words = message.get(message.find(NOT_BASE64)?..)?;
    let place = words.get(NOT_BASE64.len()..)?;
    let digits = place.find(|character: char| !character.is_ascii_digit()).unwrap_or(place.len());
    words.get(..NOT_BASE64.len() + digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16, reason: &str, message: &str) -> ClusterError {
        let target = ObjectId::new("", "Secret", Some("shop"), "db");
        let cause = Cause { field: "data[k]".into(), reason: "FieldValueInvalid".into(), message: message.into() };
        ClusterError::refused(code, reason, message.into(), vec![cause], Some(&target))
    }

    #[test]
    fn refusals_of_secrets_hold_no_value() {
        for code in [400, 422, 500] {
            let error = refused(code, "Invalid", "canary");
            assert!(!format!("{error} {error:?}").contains("canary"));
            assert!(error.to_string().contains("data[k]"));
        }
    }

    #[test]
    fn refusals_of_secrets_tell_where_base64_ends() {
        let error = refused(400, "BadRequest", "db: illegal base64 data at input byte 4, \"canary\"");
        assert!(error.to_string().ends_with("illegal base64 data at input byte 4"), "{error}");
    }

    #[test]
    fn what_stands_in_the_way_is_known_by_its_words() {
        let cases = [
            (403, "Forbidden", "pods \"a\" is forbidden: exceeded quota: q, requested: pods=1", Trouble::QuotaExceeded),
            (403, "Forbidden", "User \"a\" cannot create resource \"pods\" in API group", Trouble::NotPermitted),
            (401, "Unauthorized", "Unauthorized", Trouble::Unauthenticated),
            (404, "NotFound", "namespaces \"shop\" not found", Trouble::NamespaceMissing),
            (409, "Conflict", "the object has been modified", Trouble::Moved),
            (503, "ServiceUnavailable", "apiserver is shutting down", Trouble::Unreachable),
        ];
        for (code, reason, message, trouble) in cases {
            let error = ClusterError::refused(code, reason, message.into(), Vec::new(), None);
            assert_eq!(error.trouble(), Some(trouble), "{message}");
        }
    }
}
