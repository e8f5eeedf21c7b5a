//! Files on the web, got once and kept by their digest.

pub(crate) mod client;
mod clients;
mod credentials;
mod store;

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gitops_core::{Answer, Digest};
use gitops_git::{Access, AccessError, Proxy, TlsError, TlsOptions};
use reqwest::header;
use thiserror::Error;

use clients::Clients;
pub use credentials::WebCredentials;
use store::Store;

use crate::chart::Indexes;

/// How files are got.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebOptions {
    /// How long getting one may take. 27 seconds, as for repositories.
    pub deadline: Duration,
    /// Bytes that one may have. 10 MiB.
    pub max_bytes: u64,
    /// Servers that may send on to each other. 10.
    pub max_redirects: usize,
    /// Who to be for which servers.
    pub credentials: Vec<WebCredentials>,
    /// How servers prove who they are, and who we are to them.
    pub tls: TlsOptions,
    /// Through whom servers are asked; those that the environment names where none is given.
    pub proxy: Option<Proxy>,
    /// Whether OCI registries are asked over unencrypted connections, and credentials are sent over such.
    pub plain_http: bool,
}

impl Default for WebOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(27),
            max_bytes: 10 << 20,
            max_redirects: 10,
            credentials: Vec::new(),
            tls: TlsOptions::default(),
            proxy: None,
            plain_http: false,
        }
    }
}

/// Why a file is not to be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WebError {
    /// The certificates for connections cannot be used.
    #[error("the certificates for TLS cannot be used")]
    Tls(#[source] TlsError),
    /// It is not known who to be for the server, or the proof of it cannot be had.
    #[error("the server is not asked")]
    Access(#[source] AccessError),
    /// The server cannot be asked, or its answer breaks off.
    #[error("the server gave no whole answer")]
    Server(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server is at fault or overloaded, and may have the file later.
    #[error("the server answers with the status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// There are credentials, and everybody on the way could read them.
    #[error("credentials are not sent over unencrypted `http://`")]
    ClearText,
    /// The credentials cannot be sent: there is a line break or the like in them.
    #[error("the credentials are not of one line")]
    Malformed,
    /// The server wants other credentials than it was given.
    #[error("the server refuses who asks, with the status {status}{hint}")]
    Refused {
        /// The status, 401 or 403.
        status: u16,
        /// Which credentials would serve where there are none, as the end of the sentence.
        hint: String,
    },
    /// The file is larger than allowed.
    #[error("the file has more than the {limit} bytes allowed")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
}

/// One question to a server.
pub(crate) struct Ask<'a> {
    pub(crate) url: &'a str,
    /// Bytes that the answer may have.
    limit: u64,
    /// The media type of the answer.
    pub(crate) accept: Option<&'static str>,
    /// A token to show in the place of credentials.
    pub(crate) bearer: Option<String>,
    /// The address whose credentials are sent.
    credentials_of: Option<&'a str>,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(url: &'a str, limit: u64) -> Self {
        Self { url, limit, accept: None, bearer: None, credentials_of: None }
    }

    pub(crate) fn with_credentials_of(mut self, address: &'a str) -> Self {
        self.credentials_of = Some(address);
        self
    }
}

/// What a server says to an [`Ask`].
#[derive(Default)]
pub(crate) struct Reply {
    /// What it has; none where it has nothing there.
    pub(crate) bytes: Option<Bytes>,
    /// How it wants to be told who asks; none where it does not.
    pub(crate) challenge: Option<String>,
    /// Its `Link` header, which names the next page of a list.
    pub(crate) link: Option<String>,
}

/// Whether nobody on the way can read what is sent.
fn is_encrypted(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| url.scheme() == "https")
}

/// Files by URL, and those that are known by digest.
#[derive(Clone)]
pub(crate) struct Files {
    store: Store,
    pub(crate) options: WebOptions,
    /// Who to be for which chart repository.
    pub(crate) access: Option<Arc<dyn Access>>,
    /// What keeps what this caller got from others; none for what anybody gets.
    pub(crate) partition: Option<String>,
    /// Which credentials would serve where there are none.
    missing: Option<String>,
    clients: Arc<Clients>,
    /// Indexes of chart repositories that were read not long ago.
    pub(crate) indexes: Arc<Indexes>,
}

impl Files {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self {
            store: Store::new(directory),
            options: WebOptions::default(),
            access: None,
            partition: None,
            missing: None,
            clients: Arc::default(),
            indexes: Arc::default(),
        }
    }

    /// The same as who is to ask the chart repository or registry of an address. What others got is not in its store, even where
    /// its digest is known: only who can get a file may read it.
    pub(crate) fn for_charts(&self, address: &str) -> Result<Self, AccessError> {
        let Some(access) = &self.access else { return Ok(self.clone()) };
        let caller = access.caller(address)?;
        let mut files = self.clone();
        files.options.plain_http |= caller.clear_text;
        if let Some(credentials) = caller.credentials() {
            files.options.credentials = vec![WebCredentials::new(address, credentials.clone())];
        }
        files.partition = caller.partition();
        files.store = self.store.of(files.partition.as_deref());
        (files.options.tls, files.options.proxy, files.missing) = (caller.tls, caller.proxy, caller.missing);
        Ok(files)
    }

    fn refused(&self, status: u16, anonymous: bool) -> WebError {
        let words = self.missing.as_ref().filter(|_| anonymous);
        WebError::Refused { status, hint: words.map(|words| format!(": {words}")).unwrap_or_default() }
    }

    /// What a pin names, where it is known without asking anybody.
    pub(crate) fn cached(&self, pin: &str) -> Option<Answer> {
        if pin.is_empty() {
            return Some(Answer::NoFile);
        }
        self.store.get(pin).map(Answer::File)
    }

    /// Keeps a file.
    pub(crate) fn keep(&self, digest: &Digest, bytes: &Bytes) {
        self.store.put(digest, bytes);
    }

    /// Forgets what callers got but these.
    pub(crate) fn sweep(&self, keep: &BTreeSet<String>) -> io::Result<()> {
        self.indexes.sweep(keep);
        self.store.sweep(keep)
    }

    /// What is kept under a digest.
    pub(crate) fn stored(&self, digest: &str) -> Option<Bytes> {
        self.store.get(digest)
    }

    /// A file, or nothing where the server has none there or does not show it.
    pub(crate) fn get(&self, url: &str) -> Result<Option<Bytes>, WebError> {
        match self.ask(&Ask::new(url, self.options.max_bytes).with_credentials_of(url)) {
            Err(WebError::Refused { .. }) => Ok(None),
            other => other,
        }
    }

    /// What a server has, or nothing.
    pub(crate) fn ask(&self, ask: &Ask<'_>) -> Result<Option<Bytes>, WebError> {
        let reply = self.ask_challenged(ask)?;
        if reply.challenge.is_some() { Err(self.unknown()) } else { Ok(reply.bytes) }
    }

    /// What a server has, or how it wants to be told who asks.
    pub(crate) fn ask_challenged(&self, ask: &Ask<'_>) -> Result<Reply, WebError> {
        let failed = |error: reqwest::Error| WebError::Server(error.without_url().into());
        let mut request = self.clients.of(&self.options)?.get(ask.url);
        if let Some(accept) = ask.accept {
            request = request.header(header::ACCEPT, accept);
        }
        let credentials = ask.credentials_of.and_then(|of| WebCredentials::find(&self.options.credentials, of));
        if (ask.bearer.is_some() || credentials.is_some()) && !self.options.plain_http && !is_encrypted(ask.url) {
            return Err(WebError::ClearText);
        }
        let authorization = match (&ask.bearer, credentials) {
            (Some(token), _) => Some(format!("Bearer {token}")),
            (None, credentials) => credentials.map(WebCredentials::authorization).transpose()?,
        };
        if let Some(authorization) = authorization {
            let mut value = header::HeaderValue::try_from(authorization).map_err(|_| WebError::Malformed)?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let response = request.send().map_err(failed)?;
        let status = response.status();
        let named = |name: header::HeaderName| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        if status == reqwest::StatusCode::UNAUTHORIZED {
            let challenge = named(header::WWW_AUTHENTICATE).unwrap_or_default();
            return Ok(Reply { challenge: Some(challenge), ..Reply::default() });
        }
        if status == reqwest::StatusCode::FORBIDDEN {
            return Err(self.refused(status.as_u16(), credentials.is_none()));
        }
        if status.is_server_error() || status == reqwest::StatusCode::TOO_MANY_REQUESTS {
            return Err(WebError::Status { status: status.as_u16() });
        }
        if !status.is_success() {
            return Ok(Reply::default());
        }
        let mut reply = Reply { link: named(header::LINK), ..Reply::default() };
        let mut bytes = Vec::new();
        let read = response.take(ask.limit.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| WebError::Server(error.into()))?;
        if bytes.len() as u64 > ask.limit {
            return Err(WebError::TooLarge { limit: ask.limit });
        }
        reply.bytes = Some(bytes.into());
        Ok(reply)
    }

    /// That a server does not know who asks.
    pub(crate) fn unknown(&self) -> WebError {
        self.refused(401, self.options.credentials.is_empty())
    }
}
