use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::access::{AccessError, Caller};
use crate::failure::Failure;
use crate::location::{LocationError, RemoteUrl};
use crate::open::OpenError;
use crate::revision::ResolveError;

/// Why a repository cannot be had. The cache is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The text names no repository.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The local repository, or the one in the cache, cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Local repositories are not opened there.
    #[error("{}: repositories on this machine are not opened there", path.display())]
    LocalRefused {
        /// The repository.
        path: PathBuf,
    },
    /// The remote has no such revision.
    #[error("{url}: the revision is not there")]
    Revision {
        /// The repository.
        url: String,
        /// Why.
        #[source]
        source: ResolveError,
    },
    /// The server wants credentials and has none, or refuses those it has.
    #[error("{url}: authentication failed{hint}")]
    Authentication {
        /// The repository.
        url: String,
        /// Whether credentials were given, as the end of the sentence.
        hint: String,
    },
    /// It is not known who to be for the server.
    #[error("{url}: the server is not asked")]
    Access {
        /// The repository.
        url: String,
        /// Why.
        #[source]
        source: AccessError,
    },
    /// The server wants credentials over a connection that everybody on the way can read.
    #[error("{url}: credentials are not sent over unencrypted `http://`, use `https://` or `ssh://`")]
    ClearText {
        /// The repository.
        url: String,
    },
    /// The server knows who asks and refuses.
    #[error("{url}: permission denied by the server")]
    Permission {
        /// The repository.
        url: String,
    },
    /// The server has no such repository.
    #[error("{url}: the server has no such repository, or hides it")]
    NotFound {
        /// The repository.
        url: String,
    },
    /// The host's name has no address.
    #[error("{url}: the host `{host}` is unknown")]
    UnknownHost {
        /// The repository.
        url: String,
        /// The host.
        host: String,
    },
    /// The host shows a key that is not known, or another one than is known.
    #[error("{url}: the host `{host}` shows no key that is known of it{hint}")]
    UnknownKey {
        /// The repository.
        url: String,
        /// The host.
        host: String,
        /// Where known keys are said, as the end of the sentence.
        hint: String,
    },
    /// The host does not answer.
    #[error("{url}: the host cannot be reached")]
    Unreachable {
        /// The repository.
        url: String,
        /// Why.
        #[source]
        source: Failure,
    },
    /// The server's answer makes no sense, or the fetch broke off.
    #[error("{url}: the fetch failed")]
    Server {
        /// The repository.
        url: String,
        /// Why.
        #[source]
        source: Failure,
    },
    /// The fetch took longer than allowed.
    #[error("{url}: the fetch took longer than {} s", limit.as_secs())]
    Deadline {
        /// The repository.
        url: String,
        /// The time allowed.
        limit: Duration,
    },
    /// The server sent more than allowed.
    #[error("{url}: the server sent more than the {limit} bytes allowed")]
    TooLarge {
        /// The repository.
        url: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// The caller ended the fetch.
    #[error("{url}: the fetch was interrupted")]
    Interrupted {
        /// The repository.
        url: String,
    },
    /// Another process fetches the same repository and does not finish.
    #[error("{}: another process held the repository for {} s", path.display(), waited.as_secs())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The time waited.
        waited: Duration,
    },
    /// Nothing was fetched before, and the network may not be used.
    #[error("{url}: not in the cache, and offline")]
    Offline {
        /// The repository.
        url: String,
    },
    /// The cache directory cannot be read or written.
    #[error("{}: the repository cache cannot be used", path.display())]
    Cache {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: Failure,
    },
}

impl FetchError {
    /// The same once more, where it is the server's doing and has nothing to do with the revision that was asked for.
    pub(super) fn of_server(&self) -> Option<Self> {
        Some(match self {
            Self::Authentication { url, hint } => Self::Authentication { url: url.clone(), hint: hint.clone() },
            Self::ClearText { url } => Self::ClearText { url: url.clone() },
            Self::Permission { url } => Self::Permission { url: url.clone() },
            Self::NotFound { url } => Self::NotFound { url: url.clone() },
            Self::UnknownHost { url, host } => Self::UnknownHost { url: url.clone(), host: host.clone() },
            Self::UnknownKey { url, host, hint } => {
                Self::UnknownKey { url: url.clone(), host: host.clone(), hint: hint.clone() }
            }
            Self::Unreachable { url, source } => Self::Unreachable { url: url.clone(), source: source.clone() },
            Self::Server { url, source } => Self::Server { url: url.clone(), source: source.clone() },
            Self::Deadline { url, limit } => Self::Deadline { url: url.clone(), limit: *limit },
            _ => return None,
        })
    }
}

/// What a failed connection says, told by its texts: the library has no types for these.
///
/// `shown` says whether the server was shown who asks, `refused` whether it asked for others.
pub(super) fn classify(url: &RemoteUrl, failure: Failure, caller: &Caller, shown: bool, refused: bool) -> FetchError {
    const UNKNOWN_HOST: &[&str] = &[
        "dns error",
        "failed to lookup address",
        "resolve host",
        "name or service not known",
        "nodename nor servname",
    ];
    const AUTHENTICATION: &[&str] = &["401", "authentication required", "publickey", "permission denied ("];
    const UNKNOWN_KEY: &[&str] = &["host key verification", "host key is known", "remote host identification"];
    const NOT_FOUND: &[&str] = &["404", "does not appear to be a git repository", "repository not found", "not found"];
    const PERMISSION: &[&str] = &["403", "permission denied"];
    const UNREACHABLE: &[&str] =
        &["refused", "connect to host", "timed out", "tcp connect", "error sending request", "unreachable", "reset"];
    // The URL is part of many texts and may hold any of these words.
    let text = failure.text().replace(&url.to_string(), "").to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    let host = url.url.host().unwrap_or_default().to_owned();
    let url = url.to_string();
    if has(&["clear text over http"]) {
        FetchError::ClearText { url }
    } else if has(UNKNOWN_KEY) {
        let hint = caller.unknown_host.as_ref().map_or_else(String::new, |words| format!(": {words}"));
        FetchError::UnknownKey { url, host, hint }
    } else if refused || has(AUTHENTICATION) {
        let hint = match &caller.missing {
            _ if shown => ": the server refused the credentials".into(),
            None => ": the server asks for credentials and none were given".into(),
            Some(words) => format!(": the server asks for credentials and none were given: {words}"),
        };
        FetchError::Authentication { url, hint }
    } else if has(UNKNOWN_HOST) {
        FetchError::UnknownHost { url, host }
    } else if has(NOT_FOUND) {
        FetchError::NotFound { url }
    } else if has(PERMISSION) {
        FetchError::Permission { url }
    } else if has(UNREACHABLE) {
        FetchError::Unreachable { url, source: failure }
    } else {
        FetchError::Server { url, source: failure }
    }
}
