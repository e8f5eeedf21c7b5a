//! A proxy before the API server that lets calls go wrong: it speaks plain HTTP on loopback, one call a connection.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use std::{fs, thread};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{ControlPlane, settings};

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It goes through.
    None,
    /// The connection is closed before the call is read.
    Refuse,
    /// The call goes through late.
    Delay(Duration),
    /// The call is made, and half of its answer comes.
    Truncate,
    /// The call is made, and the connection is closed without an answer.
    Reset,
    /// The call is not made, and never answered.
    HangBefore,
    /// The call is made, and never answered.
    HangAfter,
}

/// Decides what becomes of the n-th call, counted from 1, by its method and path.
type Decide = Box<dyn Fn(u64, &str) -> Fault + Send + Sync>;

/// The proxy. It ends when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: u16,
    client: Arc<ClientConfig>,
    decide: Decide,
    calls: AtomicU64,
    faults: AtomicU64,
    ended: AtomicBool,
    hanging: (Mutex<bool>, Condvar),
    writing: (Mutex<u64>, Condvar),
}

/// A call that may be a write, and is on its way to the server.
struct Writing<'a>(&'a Shared);

impl std::fmt::Debug for Proxy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Starts a proxy before a control plane.
    ///
    /// # Errors
    /// Where no port can be had, or the server's certificate cannot be read.
    pub fn start(
        plane: &ControlPlane,
        decide: impl Fn(u64, &str) -> Fault + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let pem = fs::read(settings::certificate(&plane.folder))?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: plane.ports.api,
            client: Arc::new(client),
            decide: Box::new(decide),
            calls: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            hanging: (Mutex::new(false), Condvar::new()),
            writing: (Mutex::new(0), Condvar::new()),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming() {
                if accepting.ended.load(Ordering::Acquire) {
                    return;
                }
                let (Ok(connection), shared) = (connection, Arc::clone(&accepting)) else { continue };
                thread::spawn(move || shared.serve(connection));
            }
        });
        Ok(Self { address, shared })
    }

    /// The kubeconfig of a cluster administrator that calls through the proxy.
    ///
    /// # Errors
    /// Where the token cannot be read or the file not be written.
    pub fn write_kubeconfig(&self, plane: &ControlPlane, file: &std::path::Path) -> io::Result<()> {
        settings::write_plain_kubeconfig(&plane.folder, self.address.port(), file)
    }

    /// How many calls came.
    pub fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Acquire)
    }

    /// How many of them went wrong.
    pub fn faults(&self) -> u64 {
        self.shared.faults.load(Ordering::Acquire)
    }

    /// Waits until a call hangs; whether one did in time.
    pub fn wait_for_hanging(&self, patience: Duration) -> bool {
        let (hanging, changed) = &self.shared.hanging;
        let held = hanging.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(held, patience, |hangs| !*hangs);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until the server has answered every write that came: those of a client that is gone go through all the same.
    ///
    /// # Panics
    /// Where a write has no answer within half a minute.
    pub fn settle(&self) {
        let (writing, changed) = &self.shared.writing;
        let held = writing.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(held, Duration::from_secs(30), |writing| *writing > 0);
        assert_eq!(*waited.unwrap_or_else(PoisonError::into_inner).0, 0, "writes without an answer");
    }
}

impl<'a> Writing<'a> {
    fn begin(shared: &'a Shared) -> Self {
        *shared.writing.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(shared)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        *self.0.writing.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.writing.1.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn serve(&self, mut client: TcpStream) {
        // A connection that goes away is the client's matter.
        let _ = self.exchange(&mut client);
    }

    fn exchange(&self, client: &mut TcpStream) -> io::Result<()> {
        let writing = Writing::begin(self);
        let Some(request) = read_request(client)? else { return Ok(()) };
        // A watch goes on for as long as its client is there.
        let writing = Some(writing).filter(|_| !request.head.starts_with(b"GET "));
        let call = self.calls.fetch_add(1, Ordering::AcqRel) + 1;
        let line = String::from_utf8_lossy(&request.head).lines().next().unwrap_or_default().to_owned();
        let fault = (self.decide)(call, &line);
        if fault != Fault::None {
            self.faults.fetch_add(1, Ordering::AcqRel);
        }
        match fault {
            Fault::Refuse => return Ok(()),
            Fault::HangBefore => {
                drop(writing);
                return self.hang(client);
            }
            Fault::Delay(pause) => thread::sleep(pause),
            _ => {}
        }
        let mut server = self.connect()?;
        server.write_all(&request.head)?;
        server.write_all(&request.body)?;
        server.flush()?;
        match fault {
            Fault::Truncate => {
                let mut answer = Vec::new();
                let _ = server.read_to_end(&mut answer);
                client.write_all(answer.get(..answer.len() / 2).unwrap_or_default())
            }
            Fault::Reset => server.read_to_end(&mut Vec::new()).map(drop),
            Fault::HangAfter => {
                let _ = server.read_to_end(&mut Vec::new());
                drop(writing);
                self.hang(client)
            }
            _ => pass(&mut server, client),
        }
    }

    fn connect(&self) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let name = ServerName::try_from("127.0.0.1").map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(&self.client), name).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, TcpStream::connect(("127.0.0.1", self.upstream))?))
    }

    /// Says that a call hangs, until the client goes away.
    fn hang(&self, client: &mut TcpStream) -> io::Result<()> {
        let (hanging, changed) = &self.hanging;
        *hanging.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        client.read(&mut [0; 1]).map(drop)
    }
}

struct Request {
    head: Vec<u8>,
    body: Vec<u8>,
}

/// One request, its head changed so that the connection ends with the answer.
fn read_request(client: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut held = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let end = loop {
        if let Some(end) = held.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match client.read(&mut buffer)? {
            0 => return Ok(None),
            read => held.extend_from_slice(buffer.get(..read).unwrap_or_default()),
        }
    };
    let mut body = held.split_off(end + 4);
    let text = String::from_utf8_lossy(&held).into_owned();
    let field = |line: &str, name: &str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
    let length = text.lines().find(|line| field(line, "content-length"));
    let length: usize = length.and_then(|line| line.split_once(':')?.1.trim().parse().ok()).unwrap_or_default();
    while body.len() < length {
        match client.read(&mut buffer)? {
            0 => return Ok(None),
            read => body.extend_from_slice(buffer.get(..read).unwrap_or_default()),
        }
    }
    let mut head: String =
        text.trim_end().lines().filter(|line| !field(line, "connection")).map(|line| format!("{line}\r\n")).collect();
    head.push_str("Connection: close\r\n\r\n");
    Ok(Some(Request { head: head.into_bytes(), body }))
}

/// Passes on what comes as it comes: a watch never ends by itself.
fn pass(server: &mut StreamOwned<ClientConnection, TcpStream>, client: &mut TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match server.read(&mut buffer) {
            Ok(0) | Err(_) => return Ok(()),
            Ok(read) => client.write_all(buffer.get(..read).unwrap_or_default())?,
        }
    }
}
