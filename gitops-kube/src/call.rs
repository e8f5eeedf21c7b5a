//! One call to an API server: bounded in number, time and size, counted, and made again where the server asks for that.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use gitops_core::ObjectId;
use gitops_core::cluster::{ClusterError, ErrorKind, Identity};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::answer::Answer;
use crate::connection::Connection;
use crate::counts::{CallKind, Counts};
use crate::path::Address;
use crate::token::TokenSource;
use crate::{identity, token};

/// Calls that are out at the same time.
const PARALLEL: usize = 32;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest answer: a page of 500 of the largest objects that etcd keeps is far from it.
const MAX_ANSWER: usize = 256 << 20;
/// How often a call is made again that the server was too busy for.
const BUSY: u32 = 6;

pub(crate) const JSON: &str = "application/json";
/// Of each object its metadata only.
pub(crate) const PARTIAL: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// Who makes the calls. Clones share the connections, the bound and the counts.
#[derive(Clone)]
pub(crate) struct Caller {
    client: kube::Client,
    permits: Arc<Semaphore>,
    identity: Option<Arc<Identity>>,
    tokens: Option<Arc<dyn TokenSource>>,
    /// What the server notes of who calls.
    program: http::HeaderValue,
    pub(crate) counts: Arc<Counts>,
}

/// A call.
pub(crate) struct Call<'a> {
    pub(crate) kind: CallKind,
    pub(crate) method: Method,
    pub(crate) address: Address,
    pub(crate) target: Option<&'a ObjectId>,
    pub(crate) accept: &'static str,
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    /// The tag of an answer that is known already.
    pub(crate) known: Option<String>,
}

impl<'a> Call<'a> {
    pub(crate) fn get(kind: CallKind, address: Address, target: Option<&'a ObjectId>) -> Self {
        Self { kind, method: Method::GET, address, target, accept: JSON, body: None, known: None }
    }
}

impl Caller {
    pub(crate) fn new(client: kube::Client, connection: &Connection) -> Self {
        Self {
            client,
            permits: Arc::new(Semaphore::new(PARALLEL)),
            identity: connection.identity.clone().map(Arc::new),
            tokens: connection.tokens.clone(),
            program: connection.program.clone(),
            counts: Arc::default(),
        }
    }

    pub(crate) fn acting_as(&self, identity: Identity) -> Self {
        Self { identity: Some(Arc::new(identity)), ..self.clone() }
    }

    /// Makes a call and reads its answer; what the server refuses is an error.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Answer, ClusterError> {
        let Call { kind, method, address, target, accept, body, known } = call;
        let uri = address.finish();
        let mut busy = 0;
        loop {
            self.counts.note(kind, target);
            let request = self.request(&method, &uri, accept, body.as_ref(), known.as_deref());
            let request = self.prove(request).await.map_err(|error| about(error, target))?;
            let response = self.send(request, target).await?;
            match response.0.code {
                429 if busy < BUSY => {
                    tracing::debug!(%uri, "the API server is busy");
                    sleep(response.1.unwrap_or_else(|| Duration::from_millis(100 << busy))).await;
                    busy += 1;
                }
                200..=299 | 304 => return Ok(response.0),
                _ => return Err(response.0.refusal(target)),
            }
        }
    }

    /// Opens a stream: the answer's body is left to the caller.
    pub(crate) async fn open(&self, call: Call<'_>) -> Result<Response<Body>, ClusterError> {
        let Call { kind, method, address, target, accept, .. } = call;
        self.counts.note(kind, target);
        let request = self.prove(self.request(&method, &address.finish(), accept, None, None)).await?;
        let response = timeout(PATIENCE, self.client.send(request)).await.map_err(|_| late(target))?;
        let response = response.map_err(|error| unreachable(&error, target))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(read(response, target).await?.refusal(target))
    }

    /// A request that proves who calls, where the connection itself does not.
    async fn prove(&self, request: Result<Request<Body>, ClusterError>) -> Result<Request<Body>, ClusterError> {
        match &self.tokens {
            Some(tokens) => token::sign(tokens.as_ref(), request?).await,
            None => request,
        }
    }

    fn request(
        &self,
        method: &Method,
        uri: &str,
        accept: &str,
        body: Option<&(&'static str, Vec<u8>)>,
        known: Option<&str>,
    ) -> Result<Request<Body>, ClusterError> {
        let mut request = Request::builder().method(method).uri(uri);
        request = request.header(http::header::ACCEPT, accept).header(http::header::USER_AGENT, &self.program);
        if let Some(identity) = &self.identity {
            request = identity::sign(identity, request);
        }
        if let Some(tag) = known {
            request = request.header(http::header::IF_NONE_MATCH, tag);
        }
        let built = match body {
            Some((content, bytes)) => {
                request.header(http::header::CONTENT_TYPE, *content).body(Body::from(bytes.clone()))
            }
            None => request.body(Body::empty()),
        };
        built.map_err(|error| ClusterError::new(ErrorKind::BadRequest, error.to_string()))
    }

    async fn send(
        &self,
        request: Request<Body>,
        target: Option<&ObjectId>,
    ) -> Result<(Answer, Option<Duration>), ClusterError> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let answered = async {
            let response = self.client.send(request).await.map_err(|error| unreachable(&error, target))?;
            let pause = retry_after(&response);
            Ok((read(response, target).await?, pause))
        };
        timeout(PATIENCE, answered).await.map_err(|_| late(target))?
    }
}

async fn read(response: Response<Body>, target: Option<&ObjectId>) -> Result<Answer, ClusterError> {
    let code = response.status().as_u16();
    let tag = response.headers().get(http::header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await.map_err(|error| {
        let message = format!("the answer of the API server is cut off: {error}");
        about(ClusterError::new(ErrorKind::Unavailable, message), target)
    })?;
    Ok(Answer { code, tag, body: body.to_bytes() })
}

fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let seconds = response.headers().get(http::header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(u64::min(seconds, 10)))
}

fn late(target: Option<&ObjectId>) -> ClusterError {
    let message = format!("the API server did not answer within {} seconds", PATIENCE.as_secs());
    about(ClusterError::new(ErrorKind::Unavailable, message), target)
}

fn unreachable(error: &kube::Error, target: Option<&ObjectId>) -> ClusterError {
    let (kind, mut message) = match error {
        kube::Error::Auth(_) => (ErrorKind::Forbidden, "Unauthorized: no credentials could be had".to_owned()),
        _ => (ErrorKind::Unavailable, "the API server cannot be reached".to_owned()),
    };
    // The innermost cause says it: `connection refused`, `certificate expired`.
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(|cause| cause.source()) {
        cause = Some(deeper);
    }
    if let Some(cause) = cause {
        let _ = write!(message, ": {cause}");
    }
    about(ClusterError::new(kind, message), target)
}

pub(crate) fn about(error: ClusterError, target: Option<&ObjectId>) -> ClusterError {
    match target {
        Some(target) => error.about(target),
        None => error,
    }
}
