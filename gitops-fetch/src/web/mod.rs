//! Files on the web, got once and kept by their digest.

mod credentials;
mod store;

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use gitops_core::{Answer, Digest};
use thiserror::Error;

pub use credentials::WebCredentials;
use store::Store;

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
            plain_http: false,
        }
    }
}

/// Why a file is not to be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WebError {
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
    /// The server wants other credentials than it was given.
    #[error("the server refuses who asks, with the status {status}")]
    Refused {
        /// The status, 401 or 403.
        status: u16,
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

/// Whether nobody on the way can read what is sent.
fn is_encrypted(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| url.scheme() == "https")
}

/// Files by URL, and those that are known by digest.
#[derive(Clone)]
pub(crate) struct Files {
    store: Store,
    pub(crate) options: WebOptions,
    client: Arc<OnceLock<reqwest::blocking::Client>>,
}

impl Files {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { store: Store::new(directory), options: WebOptions::default(), client: Arc::default() }
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
        match self.ask_challenged(ask)? {
            (None, Some(_)) => Err(WebError::Refused { status: 401 }),
            (found, _) => Ok(found),
        }
    }

    /// What a server has, or nothing; where it wants to know who asks, how it wants to be told.
    pub(crate) fn ask_challenged(&self, ask: &Ask<'_>) -> Result<(Option<Bytes>, Option<String>), WebError> {
        let failed = |error: reqwest::Error| WebError::Server(error.without_url().into());
        let mut request = self.client()?.get(ask.url);
        if let Some(accept) = ask.accept {
            request = request.header(reqwest::header::ACCEPT, accept);
        }
        let credentials = ask.credentials_of.and_then(|of| WebCredentials::find(&self.options.credentials, of));
        if (ask.bearer.is_some() || credentials.is_some()) && !self.options.plain_http && !is_encrypted(ask.url) {
            return Err(WebError::ClearText);
        }
        request = match (&ask.bearer, credentials) {
            (Some(token), _) => request.bearer_auth(token),
            (None, Some(credentials)) => credentials.apply(request),
            (None, None) => request,
        };
        let response = request.send().map_err(failed)?;
        let status = response.status();
        if status == reqwest::StatusCode::UNAUTHORIZED {
            let challenge = response.headers().get(reqwest::header::WWW_AUTHENTICATE);
            let challenge = challenge.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            return Ok((None, Some(challenge)));
        }
        if status == reqwest::StatusCode::FORBIDDEN {
            return Err(WebError::Refused { status: status.as_u16() });
        }
        if status.is_server_error() || status == reqwest::StatusCode::TOO_MANY_REQUESTS {
            return Err(WebError::Status { status: status.as_u16() });
        }
        if !status.is_success() {
            return Ok((None, None));
        }
        let mut bytes = Vec::new();
        let read = response.take(ask.limit.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| WebError::Server(error.into()))?;
        if bytes.len() as u64 > ask.limit {
            return Err(WebError::TooLarge { limit: ask.limit });
        }
        Ok((Some(bytes.into()), None))
    }

    /// Made at the first use: reading the machine's certificates takes its time.
    fn client(&self) -> Result<&reqwest::blocking::Client, WebError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let limit = self.options.max_redirects;
        let policy = reqwest::redirect::Policy::custom(move |attempt| {
            let secure = attempt.previous().first().is_some_and(|first| first.scheme() == "https");
            if attempt.previous().len() > limit {
                attempt.error("too many redirects")
            } else if secure && attempt.url().scheme() != "https" {
                attempt.error("the server sends on to an unencrypted address")
            } else {
                attempt.follow()
            }
        });
        let built = reqwest::blocking::Client::builder()
            .user_agent("gitops")
            .timeout(self.options.deadline)
            .redirect(policy)
            .build()
            .map_err(|error| WebError::Server(error.into()))?;
        Ok(self.client.get_or_init(|| built))
    }
}
