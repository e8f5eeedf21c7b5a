//! Files on the web, got once and kept by their digest.

mod store;

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use gitops_core::{Answer, Digest};
use thiserror::Error;

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
}

impl Default for WebOptions {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(27), max_bytes: 10 << 20, max_redirects: 10 }
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
    /// The file is larger than allowed.
    #[error("the file has more than the {limit} bytes allowed")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
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

    /// A file, or nothing where the server has none there.
    pub(crate) fn get(&self, url: &str) -> Result<Option<Bytes>, WebError> {
        let failed = |error: reqwest::Error| WebError::Server(error.without_url().into());
        let response = self.client()?.get(url).send().map_err(failed)?;
        let status = response.status();
        if status.is_server_error() || status == reqwest::StatusCode::TOO_MANY_REQUESTS {
            return Err(WebError::Status { status: status.as_u16() });
        }
        if !status.is_success() {
            return Ok(None);
        }
        let limit = self.options.max_bytes;
        let mut bytes = Vec::new();
        let read = response.take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|error| WebError::Server(error.into()))?;
        if bytes.len() as u64 > limit {
            return Err(WebError::TooLarge { limit });
        }
        Ok(Some(bytes.into()))
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
