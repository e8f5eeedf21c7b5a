//! The Kubernetes API over HTTP requests and responses, without a network.
//!
//! `kube::Client::new(cluster.clone(), "default")` talks to the cluster in this process. Served are discovery (plain and
//! aggregated), reads, listings with selectors and pages, watches, all kinds of writes and patches, `status`, `scale` and
//! `eviction`, dry runs, and refusals as `v1` Status.

mod answer;
mod direct;
mod discovery;
mod objects;
mod parameters;
mod route;
mod stream;

use std::convert::Infallible;
use std::error::Error;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use gitops_merge::server::ServerError;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Limited};
use serde_json::json;

use crate::cluster::{EmbeddedCluster, VERSION};
use crate::failure::{Failure, refusal};
use parameters::Parameters;
use route::Route;

/// The body of a response: all at once, or a watch's lines one by one.
pub type ResponseBody = UnsyncBoxBody<Bytes, Infallible>;

/// The largest body of a request, in bytes, as an API server has it.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// A request without its body, and its body.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) parameters: Parameters,
    pub(crate) accept: String,
    pub(crate) content_type: String,
    pub(crate) agent: String,
    pub(crate) body: Bytes,
}

impl<B> tower::Service<Request<B>> for EmbeddedCluster
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let cluster = self.clone();
        async move {
            let answered = match read(request).await {
                Ok((path, call)) => serve(&cluster, &path, call).await,
                Err(error) => Err(error.into()),
            };
            Ok(answered.unwrap_or_else(|failure| answer::refused(&failure.into_refusal())))
        }
        .boxed()
    }
}

async fn read<B>(request: Request<B>) -> Result<(String, Call), ServerError>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    let too_large = |_| ServerError::too_large(format!("Request entity too large: limit is {MAX_BODY}"));
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(too_large)?.to_bytes();
    let header = |name: http::HeaderName| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let call = Call {
        parameters: Parameters::read(head.uri.query().unwrap_or_default()),
        accept: header(http::header::ACCEPT),
        content_type: header(http::header::CONTENT_TYPE),
        agent: header(http::header::USER_AGENT),
        method: head.method,
        body,
    };
    Ok((head.uri.path().to_owned(), call))
}

async fn serve(cluster: &EmbeddedCluster, path: &str, call: Call) -> Result<Response<ResponseBody>, Failure> {
    let route = route::route(path).ok_or_else(|| Failure::UnknownKind(path.to_owned()))?;
    if let Route::Resource(place) = route {
        return objects::serve(cluster, place, call).await;
    }
    if call.method != Method::GET {
        return Err(refusal(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
        .into());
    }
    let aggregated = call.accept.contains("as=APIGroupDiscoveryList");
    let document = match route {
        Route::Health => return Ok(answer::text("ok")),
        Route::Version => {
            let (major, minor) = VERSION.trim_start_matches('v').split_once('.').unwrap_or(("1", "0"));
            let minor = minor.split('.').next().unwrap_or_default();
            json!({"major": major, "minor": minor, "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean",
                   "buildDate": "", "goVersion": "", "compiler": "", "platform": "embedded/sqlite"})
        }
        Route::Core if !aggregated => discovery::core(),
        route => {
            let catalog = cluster.inner.read(|server| Ok(std::sync::Arc::clone(&server.catalog))).await?;
            let document = match &route {
                Route::Core => Some(discovery::aggregated(&catalog, true)),
                Route::Groups if aggregated => Some(discovery::aggregated(&catalog, false)),
                Route::Groups => Some(discovery::groups(&catalog)),
                Route::Group(group) => discovery::group(&catalog, group),
                Route::Resources(api_version) => discovery::resources(&catalog, api_version),
                Route::Health | Route::Version | Route::Resource(_) => None,
            };
            document.ok_or_else(|| Failure::UnknownKind(path.to_owned()))?
        }
    };
    Ok(answer::json(200, &document))
}
