//! Tokens of GitHub Apps: an App proves itself by a signed statement (a JWT), for which GitHub gives a token that is valid for an
//! hour ("Generating an installation access token for a GitHub App" in its documentation). Where nobody says as which installation it
//! asks, GitHub tells the installations of the App, of which the one of the account is meant, as in Argo CD.

mod server;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gitops_core::Digest;
use gitops_git::{AccessError, Proxy, TlsOptions, Tokens};
use gitops_identity::{KeyError, SigningKey};
use serde_json::json;
use thiserror::Error;

use crate::web::WebOptions;
use server::Server;

/// Where GitHub's own API is.
const PUBLIC: &str = "https://api.github.com";
/// How long a statement is valid, of the ten minutes that GitHub allows.
const STATEMENT: Duration = Duration::from_mins(2);
/// How much earlier it begins to be: clocks differ.
const SKEW: Duration = Duration::from_secs(60);
/// How many servers are remembered; then it begins anew.
const REMEMBERED: usize = 64;

/// An App. It does not print its key.
pub struct GitHubApp {
    app: String,
    base: String,
    key: SigningKey,
    options: WebOptions,
    /// By their addresses, so that nobody waits for another one's.
    servers: Mutex<HashMap<String, Arc<Server>>>,
}

/// An App as it is installed somewhere. Clones share what was got.
#[derive(Clone, Debug)]
pub struct InstalledApp {
    app: Arc<GitHubApp>,
    at: Installation,
    base: String,
}

/// Where an App is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installation {
    /// The installation of this id.
    Id(u64),
    /// That of an organization or a user, who are found in small and capital letters.
    Account(String),
}

/// Why an App cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GitHubAppError {
    /// The key is none, or cannot sign.
    #[error("the GitHub App cannot prove itself")]
    Key(#[source] KeyError),
    /// GitHub cannot be asked.
    #[error("GitHub gave no whole answer to the App")]
    Server(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// GitHub gives no token.
    #[error("GitHub gives the App `{app}` no token for its installation `{installation}`, with the status {status}")]
    Refused {
        /// The App's id.
        app: String,
        /// The installation's id.
        installation: u64,
        /// The status.
        status: u16,
    },
    /// GitHub does not tell where the App is installed.
    #[error("GitHub does not tell the App `{app}` where it is installed, with the status {status}")]
    Untold {
        /// The App's id.
        app: String,
        /// The status.
        status: u16,
    },
    /// It is not installed there.
    #[error(
        "the GitHub App `{app}` is not installed for `{account}`: install it there, or name an installation by `githubAppInstallationID`"
    )]
    NotInstalled {
        /// The App's id.
        app: String,
        /// The organization or the user.
        account: String,
    },
    /// It is installed more often than is looked at.
    #[error(
        "the GitHub App `{app}` is installed more than 10,000 times: name an installation by `githubAppInstallationID`"
    )]
    TooMany {
        /// The App's id.
        app: String,
    },
}

impl GitHubApp {
    /// An App, with its private key in PEM. GitHub Enterprise has its API at an address of its own.
    ///
    /// # Errors
    /// Where the key is none.
    pub fn new(app: impl Into<String>, key: &[u8], enterprise: Option<&str>) -> Result<Self, GitHubAppError> {
        Ok(Self {
            app: app.into(),
            base: enterprise.unwrap_or(PUBLIC).trim_end_matches('/').into(),
            key: SigningKey::from_pem(key).map_err(GitHubAppError::Key)?,
            options: WebOptions::default(),
            servers: Mutex::default(),
        })
    }

    /// The same, asking GitHub in this way.
    #[must_use]
    pub fn reached(mut self, tls: TlsOptions, proxy: Option<Proxy>) -> Self {
        (self.options.tls, self.options.proxy) = (tls, proxy);
        self
    }

    /// Where its API is.
    pub fn address(&self) -> &str {
        &self.base
    }

    /// The App as it is installed somewhere.
    pub fn installed(self: &Arc<Self>, at: Installation) -> InstalledApp {
        InstalledApp { app: Arc::clone(self), at, base: self.base.clone() }
    }

    /// That this is the App, signed by its key.
    fn statement(&self, now: SystemTime) -> Result<String, GitHubAppError> {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let claims = json!({
            "iat": since.saturating_sub(SKEW).as_secs(),
            "exp": since.saturating_add(STATEMENT).as_secs(),
            "iss": self.app,
        });
        self.key.sign(None, &claims).map_err(GitHubAppError::Key)
    }

    fn server(&self, base: &str) -> Arc<Server> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if servers.len() >= REMEMBERED && !servers.contains_key(base) {
            servers.clear();
        }
        Arc::clone(servers.entry(base.into()).or_default())
    }
}

impl InstalledApp {
    /// The same at a server of this address.
    #[must_use]
    pub fn at_server(mut self, base: &str) -> Self {
        self.base = base.trim_end_matches('/').into();
        self
    }

    fn token_at(&self, now: SystemTime) -> Result<String, GitHubAppError> {
        let server = self.app.server(&self.base);
        let installation = match &self.at {
            Installation::Id(id) => *id,
            Installation::Account(account) => server.installation(self, account, now)?,
        };
        server.token(self, installation, now)
    }
}

impl Tokens for InstalledApp {
    fn name(&self) -> String {
        let at = format!("{:?}", self.at);
        Digest::of_parts([self.base.as_bytes(), self.app.app.as_bytes(), at.as_bytes()]).to_string()
    }

    fn token(&self) -> Result<String, AccessError> {
        self.token_at(SystemTime::now())
            .map_err(|error| AccessError::new("there is no token of the GitHub App").because(error))
    }
}

impl fmt::Debug for GitHubApp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("GitHubApp").field("app", &self.app).finish_non_exhaustive()
    }
}
