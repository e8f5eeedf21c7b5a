use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// The authority that certified the encrypted server and its client, in PEM. Nobody else has ever trusted it.
pub const TEST_AUTHORITY: &[u8] = include_bytes!("../certificates/authority.pem");
/// The client's certificate and its key, in PEM.
pub const TEST_CLIENT: &[u8] =
    concat!(include_str!("../certificates/client.pem"), include_str!("../certificates/client.key")).as_bytes();

/// The certificate of the servers on this machine and its key, in PEM.
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("../certificates/server.pem");
pub(crate) const KEY: &[u8] = include_bytes!("../certificates/server.key");

/// A web server on this machine: what is set is served to who may see it, everything else is not found. Its threads end
/// with the process.
#[derive(Debug)]
pub struct WebServer {
    port: u16,
    scheme: &'static str,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    pages: BTreeMap<String, Page>,
    guards: Vec<Guard>,
    asked: Vec<String>,
    sent: BTreeMap<String, Vec<u8>>,
    heads: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default)]
struct Page {
    status: u16,
    content: Vec<u8>,
    /// More lines of the head, each with its end.
    head: String,
}

/// Who may see what is under a path, and what the others are told.
#[derive(Debug)]
struct Guard {
    start: String,
    header: String,
    value: String,
    challenge: String,
}

impl WebServer {
    /// A server on a free port.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn start() -> io::Result<Self> {
        Self::serve("http", |mut socket, state| {
            answer(&mut socket, state);
        })
    }

    /// The same over TLS, certified by [`TEST_AUTHORITY`], for clients that it certified too, as [`TEST_CLIENT`].
    ///
    /// # Errors
    /// As [`WebServer::start`].
    pub fn start_encrypted() -> io::Result<Self> {
        let config = Arc::new(encryption().map_err(io::Error::other)?);
        Self::serve("https", move |socket, state| {
            let Ok(connection) = ServerConnection::new(config.clone()) else { return };
            let mut stream = StreamOwned::new(connection, socket);
            answer(&mut stream, state);
            stream.conn.send_close_notify();
            drop(stream.flush());
        })
    }

    fn serve(
        scheme: &'static str,
        serve: impl Fn(TcpStream, &Mutex<State>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let server = Self { port: listener.local_addr()?.port(), scheme, state: Arc::default() };
        let (state, serve) = (server.state.clone(), Arc::new(serve));
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (state, serve) = (state.clone(), serve.clone());
                std::thread::spawn(move || serve(socket, &state));
            }
        });
        Ok(server)
    }

    /// Its address and port.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The URL of a path, which has no slash at its start.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}/{path}", self.scheme, self.host())
    }

    /// Serves something under a path. With the status 302 the content is where to go.
    pub fn set(&self, path: &str, status: u16, content: &[u8]) {
        let head = match status {
            302 => format!("Location: {}\r\n", String::from_utf8_lossy(content)),
            _ => String::new(),
        };
        let page = Page { status, content: content.to_vec(), head };
        self.state().pages.insert(format!("/{path}"), page);
    }

    /// Says where more of a page is, as a `Link` header does.
    pub fn link(&self, path: &str, link: &str) {
        if let Some(page) = self.state().pages.get_mut(&format!("/{path}")) {
            page.head.push_str(&format!("Link: {link}\r\n"));
        }
    }

    /// Shows what is under a path to who sends this authorization only.
    pub fn guard(&self, path: &str, authorization: &str, challenge: &str) {
        let challenge = format!("WWW-Authenticate: {challenge}\r\n");
        self.require(path, ("authorization", authorization), challenge);
    }

    /// Shows what is under a path to who sends this header only.
    pub fn guard_with(&self, path: &str, header: &str, value: &str) {
        self.require(path, (header, value), String::new());
    }

    fn require(&self, path: &str, (header, value): (&str, &str), challenge: String) {
        let guard = Guard { start: format!("/{path}"), header: header.into(), value: value.into(), challenge };
        self.state().guards.push(guard);
    }

    /// What was sent to a path last.
    pub fn sent(&self, path: &str) -> Vec<u8> {
        self.state().sent.get(&format!("/{path}")).cloned().unwrap_or_default()
    }

    /// A header of the last request to a path; empty where it had none.
    pub fn header(&self, path: &str, name: &str) -> String {
        let state = self.state();
        let head = state.heads.get(&format!("/{path}")).map(String::as_str).unwrap_or_default();
        header(head, name).into()
    }

    /// What is under a path.
    pub fn page(&self, path: &str) -> Vec<u8> {
        self.state().pages.get(&format!("/{path}")).map(|page| page.content.clone()).unwrap_or_default()
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn encryption() -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(TEST_AUTHORITY)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?;
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE)?;
    let key = PrivateKeyDer::from_pem_slice(KEY)?;
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_client_cert_verifier(verifier).with_single_cert(vec![certificate], key)?)
}

fn answer(socket: &mut (impl Read + Write), state: &Mutex<State>) -> Option<()> {
    let request = head(socket)?;
    let path = request.lines().next()?.split(' ').nth(1)?.to_owned();
    // What is not read of a request would end the connection before its answer.
    let mut sent = vec![0; header(&request, "content-length").parse().unwrap_or_default()];
    socket.read_exact(&mut sent).ok()?;
    let page = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked.push(path.clone());
        state.sent.insert(path.clone(), sent);
        state.heads.insert(path.clone(), request.clone());
        let refuses = |guard: &&Guard| path.starts_with(&guard.start) && guard.value != header(&request, &guard.header);
        match state.guards.iter().find(refuses) {
            Some(guard) => Page { status: 401, head: guard.challenge.clone(), ..Page::default() },
            None => state.pages.get(&path).cloned().unwrap_or(Page { status: 404, ..Page::default() }),
        }
    };
    let Page { status, content, head } = page;
    let length = content.len();
    let head = format!("HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).ok()?;
    socket.write_all(&content).ok()
}

/// The last of the headers of a name.
fn header<'a>(request: &'a str, wanted: &str) -> &'a str {
    let headers = request.lines().skip(1).filter_map(|line| line.split_once(": "));
    headers.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).last().map(|(_, value)| value).unwrap_or_default()
}

/// A request up to the empty line, byte by byte, so that what comes after it is still to be read.
fn head(socket: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    String::from_utf8(head).ok()
}
