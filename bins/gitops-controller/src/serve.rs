//! What a cluster asks of the process: whether it lives, whether it works, and what it counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gitops_controller::operator::Metrics;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::failure::Failure;

/// The longest head of a request that is read.
const MAX_HEAD: usize = 8 << 10;
/// Who asks says so, and reads the answer, within this time.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|source| Failure::Listen { address, source })
}

/// Answers for as long as the process lives. Each connection is for one question.
pub(crate) async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let metrics = Arc::clone(&metrics);
                tokio::spawn(async move { timeout(PATIENCE, answer(stream, &metrics)).await });
            }
            // The process has no room for one more connection now.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(mut stream: TcpStream, metrics: &Metrics) -> std::io::Result<()> {
    let mut head = Vec::new();
    let (status, body) = loop {
        let mut more = [0; 1024];
        let read = stream.read(&mut more).await?;
        head.extend_from_slice(more.get(..read).unwrap_or_default());
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {
                break reply(request.method.unwrap_or_default(), request.path.unwrap_or_default(), metrics);
            }
            Ok(httparse::Status::Partial) if read > 0 && head.len() < MAX_HEAD => {}
            Ok(httparse::Status::Partial) | Err(_) => break ("400 Bad Request", "not a request\n".into()),
        }
    };
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

fn reply(method: &str, path: &str, metrics: &Metrics) -> (&'static str, String) {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    match (method, path) {
        ("GET", "/healthz") => ("200 OK", "ok\n".into()),
        ("GET", "/readyz") if metrics.is_ready() => ("200 OK", "ok\n".into()),
        ("GET", "/readyz") => ("503 Service Unavailable", "the applications are not known yet\n".into()),
        ("GET", "/metrics") => ("200 OK", metrics.text()),
        (_, "/healthz" | "/readyz" | "/metrics") => ("405 Method Not Allowed", "only GET\n".into()),
        _ => ("404 Not Found", "not found\n".into()),
    }
}
