//! Responses.

use bytes::Bytes;
use gitops_core::Value;
use gitops_merge::server::ServerError;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};

use super::ResponseBody;

/// A document.
pub(super) fn json(code: u16, document: &Value) -> Response<ResponseBody> {
    full(code, "application/json", Bytes::from(document.to_string()))
}

/// Plain text.
pub(super) fn text(text: &'static str) -> Response<ResponseBody> {
    full(200, "text/plain", Bytes::from_static(text.as_bytes()))
}

/// A refusal as `v1` Status.
pub(super) fn refused(error: &ServerError) -> Response<ResponseBody> {
    json(error.code, &error.status())
}

fn full(code: u16, kind: &'static str, body: Bytes) -> Response<ResponseBody> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// How objects are to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Whole.
    Whole,
    /// Their metadata alone.
    Metadata,
}

impl Form {
    /// What an `Accept` header asks for.
    pub(super) fn of(accept: &str) -> Self {
        if accept.contains("as=PartialObjectMetadata") { Self::Metadata } else { Self::Whole }
    }

    /// An object in this form.
    pub(super) fn object(self, object: Value) -> Value {
        match (self, object) {
            (Self::Metadata, Value::Object(mut object)) => serde_json::json!({
                "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
                "metadata": object.remove("metadata").unwrap_or_default(),
            }),
            (_, object) => object,
        }
    }
}
