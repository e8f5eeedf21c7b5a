//! One request at a time, for callers without a runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use bytes::Bytes;
use gitops_core::Value;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use tower::Service as _;

use super::parameters::Parameters;
use crate::cluster::EmbeddedCluster;
use crate::failure::refusal;

impl EmbeddedCluster {
    /// Sends one request to the served API, such as `GET` of `/api/v1/namespaces?limit=5`, and waits for the answer: its
    /// status and its body, which is null where it is no JSON. It needs no runtime, and blocks its thread meanwhile.
    ///
    /// Watches do not end, so they are refused with 400: their client is the [`tower::Service`].
    pub fn request(&self, method: &str, path_and_query: &str, content_type: &str, body: &[u8]) -> (u16, Value) {
        let query = path_and_query.split_once('?').map_or("", |(_, query)| query);
        if Parameters::read(query).is_true("watch") {
            let error = refusal(400, "BadRequest", "a watch does not end, so it cannot be waited for");
            return (error.code, error.status());
        }
        let built = Request::builder()
            .method(method)
            .uri(path_and_query)
            .header(http::header::CONTENT_TYPE, content_type)
            .body(Full::new(Bytes::copy_from_slice(body)));
        let request = match built {
            Ok(request) => request,
            Err(error) => {
                let error = refusal(400, "BadRequest", error.to_string());
                return (error.code, error.status());
            }
        };
        let mut service = self.clone();
        wait(async move {
            // Neither the service nor its bodies have errors: a refusal is an answer.
            let response = match service.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let status = response.status().as_u16();
            let body = match response.into_body().collect().await {
                Ok(body) => body.to_bytes(),
                Err(never) => match never {},
            };
            (status, serde_json::from_slice(&body).unwrap_or_default())
        })
    }
}

/// Wakes a thread that waits for a future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread. Unlike the executors of libraries this may be called inside of one.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
