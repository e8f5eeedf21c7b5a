//! What an API server answers: objects, or a `Status` that says why not.

use bytes::Bytes;
use gitops_core::cluster::{Cause, ClusterError, ErrorKind};
use gitops_core::{Object, ObjectId, ObjectRef, Value};
use serde::Deserialize;
use serde_json::json;
use tokio::task::{JoinError, spawn_blocking};

/// From this size on an answer is read beside the task that waits for it, so that other answers are not kept waiting.
pub(crate) const LARGE: usize = 64 << 10;

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) tag: Option<String>,
    pub(crate) body: Bytes,
}

/// A `Status` of `v1`, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) kind: String,
    code: u16,
    reason: String,
    message: String,
    details: Details,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    name: String,
    causes: Vec<StatusCause>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatusCause {
    field: String,
    reason: String,
    message: String,
}

/// What an answer says of the state of its object. Most of the metadata is the record of who owns which field, which is passed over.
#[derive(Deserialize)]
struct Brief {
    metadata: BriefMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BriefMetadata {
    uid: String,
    resource_version: String,
}

impl Answer {
    /// The body, where the call went well.
    pub(crate) fn value(&self, target: Option<&ObjectId>) -> Result<Value, ClusterError> {
        serde_json::from_slice(&self.body).map_err(|error| unreadable(&error, target))
    }

    /// The object in the body.
    pub(crate) async fn object(self, target: &ObjectId) -> Result<Object, ClusterError> {
        if self.body.len() < LARGE {
            return object(self.value(Some(target))?);
        }
        let read = {
            let target = target.clone();
            move || object(self.value(Some(&target))?)
        };
        beside(read).await
    }

    /// The object of this reference in the state that the answer names, and nothing else of it.
    pub(crate) fn identity(&self, target: &ObjectRef) -> Result<Object, ClusterError> {
        let read = serde_json::from_slice(&self.body).map_err(|error| unreadable(&error, Some(&target.id)))?;
        let Brief { metadata: BriefMetadata { uid, resource_version } } = read;
        let ObjectId { kind, namespace, name, .. } = &target.id;
        let metadata = json!({"name": name, "uid": uid, "resourceVersion": resource_version});
        let mut named = object(json!({"apiVersion": target.gvk().api_version(), "kind": kind, "metadata": metadata}))?;
        named.set_namespace(namespace.as_deref());
        Ok(named)
    }

    /// Why the call was refused.
    pub(crate) fn refusal(&self, target: Option<&ObjectId>) -> ClusterError {
        let status: Status = serde_json::from_slice(&self.body).unwrap_or_default();
        if status.kind == "Status" {
            return status.refusal(self.code, target);
        }
        // A proxy before the server, or a path that it does not know: the words are no object's.
        let text = String::from_utf8_lossy(&self.body);
        let line = text.lines().next().unwrap_or_default().trim();
        let message = format!("the server answered {}: {}", self.code, line.chars().take(200).collect::<String>());
        match self.code {
            404 => ClusterError::new(ErrorKind::UnknownKind, message),
            code => ClusterError::refused(code, "", message, Vec::new(), target),
        }
    }
}

impl Status {
    /// The refusal in the words of the seam.
    pub(crate) fn refusal(self, code: u16, target: Option<&ObjectId>) -> ClusterError {
        let code = if self.code == 0 { code } else { self.code };
        // Of an object that is missing the answer has the name; without one it is the kind that is not served.
        if code == 404 && self.details.name.is_empty() {
            let error = ClusterError::new(ErrorKind::UnknownKind, "the cluster does not serve the kind");
            return target.map_or(error.clone(), |target| error.about(target));
        }
        let cause = |cause: StatusCause| Cause { field: cause.field, reason: cause.reason, message: cause.message };
        let causes = self.details.causes.into_iter().map(cause).collect();
        ClusterError::refused(code, &self.reason, self.message, causes, target)
    }
}

/// Reads an answer beside the task that waits for it.
pub(crate) async fn beside<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ClusterError> + Send + 'static,
) -> Result<T, ClusterError> {
    spawn_blocking(read).await.unwrap_or_else(|error| Err(ended(&error)))
}

/// That a task ended which was to give an answer.
pub(crate) fn ended(error: &JoinError) -> ClusterError {
    ClusterError::new(ErrorKind::Internal, format!("an answer was not read to its end: {error}"))
}

pub(crate) fn object(value: Value) -> Result<Object, ClusterError> {
    Object::from_value(value).map_err(|error| ClusterError::new(ErrorKind::Internal, error.to_string()))
}

/// What a body that is no JSON is: an answer that was cut off.
pub(crate) fn unreadable(error: &serde_json::Error, target: Option<&ObjectId>) -> ClusterError {
    // serde's words may quote what was read.
    let message = format!(
        "the answer of the API server is cut off or no JSON (line {}, column {})",
        error.line(),
        error.column()
    );
    let error = ClusterError::new(ErrorKind::Unavailable, message);
    target.map_or(error.clone(), |target| error.about(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, body: &str) -> ClusterError {
        let target = ObjectId::new("apps", "Deployment", Some("shop"), "web");
        Answer { code, tag: None, body: Bytes::copy_from_slice(body.as_bytes()) }.refusal(Some(&target))
    }

    #[test]
    fn a_missing_object_is_told_from_a_missing_kind() {
        let object = r#"{"kind":"Status","code":404,"reason":"NotFound","message":"deployments.apps \"web\" not found","details":{"name":"web"}}"#;
        assert_eq!(answer(404, object).kind, ErrorKind::NotFound);
        let kind = r#"{"kind":"Status","code":404,"reason":"NotFound","message":"the server could not find the requested resource","details":{}}"#;
        assert_eq!(answer(404, kind).kind, ErrorKind::UnknownKind);
        assert_eq!(answer(404, "404 page not found").kind, ErrorKind::UnknownKind);
    }

    #[test]
    fn what_is_no_status_is_quoted_in_one_line() {
        let error = answer(502, "bad gateway\n<html>");
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert_eq!(error.to_string(), "`apps/Deployment/shop/web`: the server answered 502: bad gateway");
    }
}
