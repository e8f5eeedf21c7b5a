use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How a Git server behaves.
#[derive(Clone, Debug, Default)]
pub struct GitBehaviour {
    /// The `Authorization` header without which everything is refused, such as `Basic dTpw`.
    pub authorization: Option<&'static str>,
    /// Answers every request with this status.
    pub status: Option<&'static str>,
    /// Speaks the protocol of 2005, in which only the tips of refs may be asked for.
    pub old_protocol: bool,
    /// Sends this many bytes of each answer and then nothing more.
    pub stall_after: Option<usize>,
}

/// What a connection is made of: the socket, or TLS on it.
trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// A smart HTTP server on this machine: a loopback socket before `git http-backend`.
#[derive(Debug)]
pub struct GitServer {
    scheme: &'static str,
    port: u16,
    packs: Arc<AtomicUsize>,
}

impl GitServer {
    /// Serves every repository below a directory. The threads end with the process.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn start(root: &Path, behaviour: GitBehaviour) -> io::Result<Self> {
        Self::serve("http", root, behaviour, |socket| Some(Box::new(socket)))
    }

    /// The same over TLS, certified by [`TEST_AUTHORITY`](crate::TEST_AUTHORITY).
    ///
    /// # Errors
    /// As [`GitServer::start`].
    pub fn start_encrypted(root: &Path, behaviour: GitBehaviour) -> io::Result<Self> {
        let (certificate, key) = (crate::web::CERTIFICATE, crate::web::KEY);
        Self::start_certified(root, behaviour, certificate, key)
    }

    /// Serves over TLS, with a certificate for 127.0.0.1 and its key, in PEM.
    ///
    /// # Errors
    /// As [`GitServer::start`], and where the certificate or key is none.
    pub fn start_certified(root: &Path, behaviour: GitBehaviour, certificate: &[u8], key: &[u8]) -> io::Result<Self> {
        let chain = vec![CertificateDer::from_pem_slice(certificate).map_err(io::Error::other)?];
        let key = PrivateKeyDer::from_pem_slice(key).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(io::Error::other)?.with_no_client_auth().with_single_cert(chain, key);
        let config = Arc::new(config.map_err(io::Error::other)?);
        Self::serve("https", root, behaviour, move |socket| {
            let connection = rustls::ServerConnection::new(config.clone()).ok()?;
            Some(Box::new(rustls::StreamOwned::new(connection, socket)))
        })
    }

    fn serve(
        scheme: &'static str,
        root: &Path,
        behaviour: GitBehaviour,
        accept: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (root, packs) = (root.to_path_buf(), Arc::new(AtomicUsize::new(0)));
        let counted = packs.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (root, behaviour, counted, accept) =
                    (root.clone(), behaviour.clone(), counted.clone(), accept.clone());
                std::thread::spawn(move || answer(accept(socket)?, root, &behaviour, &counted));
            }
        });
        Ok(Self { scheme, port, packs })
    }

    /// The address of a repository, by its path below the directory.
    pub fn url(&self, repository: &str) -> String {
        format!("{}://127.0.0.1:{}/{repository}", self.scheme, self.port)
    }

    /// How many packs were asked for; questions for refs do not count.
    pub fn packs(&self) -> usize {
        self.packs.load(Ordering::SeqCst)
    }
}

fn answer(stream: Box<dyn Stream>, root: PathBuf, behaviour: &GitBehaviour, packs: &AtomicUsize) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let body = body(&mut reader, &header)?;
    let out = reader.get_mut();
    if let Some(status) = behaviour.status {
        return write!(out, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
    }
    if behaviour.authorization.is_some_and(|wanted| header("authorization").as_deref() != Some(wanted)) {
        let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return out.write_all(answer.as_bytes()).and_then(|()| out.flush()).ok();
    }
    if String::from_utf8_lossy(&body).contains("command=fetch") {
        packs.fetch_add(1, Ordering::SeqCst);
    }
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method)
        .env("CONTENT_TYPE", header("content-type").unwrap_or_default())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding").unwrap_or_default())
        .env("GIT_PROTOCOL", header("git-protocol").filter(|_| !behaviour.old_protocol).unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    backend.stdin.take()?.write_all(&body).ok();
    let output = backend.wait_with_output().ok()?.stdout;
    let end = output.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let content = &output[end + 4..];
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let rest: Vec<_> = head.lines().filter(|line| !line.starts_with("Status: ")).collect();
    write!(
        out,
        "HTTP/1.1 {status}\r\n{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        rest.join("\r\n"),
        content.len()
    )
    .ok()?;
    match behaviour.stall_after {
        Some(bytes) if content.len() > bytes => {
            out.write_all(&content[..bytes]).ok()?;
            out.flush().ok()?;
            std::thread::sleep(std::time::Duration::from_secs(60));
            None
        }
        _ => out.write_all(content).and_then(|()| out.flush()).ok(),
    }
}

fn body(reader: &mut impl BufRead, header: &dyn Fn(&str) -> Option<String>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(length) = header("content-length").and_then(|length| length.parse().ok()) {
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
    } else if header("transfer-encoding").is_some() {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let size = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            if size == 0 {
                break;
            }
            body.extend(&chunk[..size]);
        }
    }
    Some(body)
}
