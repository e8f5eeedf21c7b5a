//! What is asked of the process over HTTP: whether it lives, whether it works, what it counts; and what Git servers tell it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gitops_controller::causes::chain;
use gitops_controller::operator::{Metrics, PushError, Pushes};
use gitops_controller::webhook::MAX_BYTES;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::failure::Failure;

/// Who asks says so within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who asks has read the answer after this time.
const LIMIT: Duration = Duration::from_secs(60);
/// Events of Git servers that are read side by side: each may be large.
const EVENTS: usize = 4;

/// What questions are answered from.
pub(crate) struct Answers {
    metrics: Arc<Metrics>,
    pushes: Pushes,
    events: Semaphore,
}

impl Answers {
    pub(crate) fn new(metrics: Arc<Metrics>, pushes: Pushes) -> Self {
        Self { metrics, pushes, events: Semaphore::new(EVENTS) }
    }
}

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|source| Failure::Listen { address, source })
}

/// Answers for as long as the process lives.
pub(crate) async fn serve(listener: TcpListener, answers: Answers) {
    let answers = Arc::new(answers);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let answers = Arc::clone(&answers);
                tokio::spawn(async move {
                    let service = service_fn(|request| answer(request, &answers));
                    let mut builder = http1::Builder::new();
                    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
                    timeout(LIMIT, builder.serve_connection(TokioIo::new(stream), service)).await
                });
            }
            // The process has no room for one more connection now.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(request: Request<Incoming>, answers: &Answers) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => (StatusCode::OK, "ok\n".to_owned()),
        (&Method::GET, "/readyz") if answers.metrics.is_ready() => (StatusCode::OK, "ok\n".to_owned()),
        (&Method::GET, "/readyz") => {
            (StatusCode::SERVICE_UNAVAILABLE, "the applications are not known yet\n".to_owned())
        }
        (&Method::GET, "/metrics") => (StatusCode::OK, answers.metrics.text()),
        (&Method::POST, "/api/webhook") => event(request, answers).await,
        (_, "/healthz" | "/readyz" | "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned()),
        (_, "/api/webhook") => (StatusCode::METHOD_NOT_ALLOWED, "only POST\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "not found\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

async fn event(request: Request<Incoming>, answers: &Answers) -> (StatusCode, String) {
    let Ok(_permit) = answers.events.try_acquire() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "other events are being read; send this one again\n".to_owned());
    };
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BYTES).collect().await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, format!("an event has at most {MAX_BYTES} bytes\n"));
    };
    match answers.pushes.take(&head.headers, &body.to_bytes()).await {
        Ok(count) => (StatusCode::OK, format!("{count} pushed\n")),
        Err(error @ PushError::Event(_)) => (StatusCode::BAD_REQUEST, format!("{}\n", chain(&error))),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", chain(&error))),
    }
}
