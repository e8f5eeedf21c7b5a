//! Tokens of GitHub Apps: an App proves itself by a signed statement (a JWT), for which GitHub gives a token that is valid for an
//! hour ("Generating an installation access token for a GitHub App" in its documentation).

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gitops_core::Digest;
use gitops_git::{AccessError, Proxy, TlsOptions, Tokens};
use gitops_identity::{KeyError, SigningKey};
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use crate::web::{WebOptions, client};

/// Where GitHub's own API is.
const PUBLIC: &str = "https://api.github.com";
/// Bytes of an answer.
const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// How long a statement is valid, of the ten minutes that GitHub allows.
const STATEMENT: Duration = Duration::from_mins(2);
/// How much earlier it begins to be: clocks differ.
const SKEW: Duration = Duration::from_secs(60);
/// How long a token is used. It is valid for an hour.
const USED: Duration = Duration::from_mins(50);

/// An App as it is installed somewhere. It does not print its key.
pub struct GitHubApp {
    app: String,
    installation: u64,
    base: String,
    key: SigningKey,
    options: WebOptions,
    token: Mutex<Option<(String, SystemTime)>>,
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
}

#[derive(Deserialize)]
struct Answer {
    token: String,
}

impl GitHubApp {
    /// An App and its installation, with the App's private key in PEM. GitHub Enterprise has its API at an address of its own.
    ///
    /// # Errors
    /// Where the key is none.
    pub fn new(
        app: impl Into<String>,
        installation: u64,
        key: &[u8],
        enterprise: Option<&str>,
    ) -> Result<Self, GitHubAppError> {
        Ok(Self {
            app: app.into(),
            installation,
            base: enterprise.unwrap_or(PUBLIC).trim_end_matches('/').into(),
            key: SigningKey::from_pem(key).map_err(GitHubAppError::Key)?,
            options: WebOptions::default(),
            token: Mutex::default(),
        })
    }

    /// The same, asking GitHub in this way.
    #[must_use]
    pub fn reached(mut self, tls: TlsOptions, proxy: Option<Proxy>) -> Self {
        (self.options.tls, self.options.proxy) = (tls, proxy);
        self
    }

    fn ask(&self, now: SystemTime) -> Result<String, GitHubAppError> {
        let url = format!("{}/app/installations/{}/access_tokens", self.base, self.installation);
        let failed = |error: reqwest::Error| GitHubAppError::Server(error.into());
        let client = client::build(&self.options).map_err(|error| GitHubAppError::Server(error.into()))?;
        let request = client.post(url).header(ACCEPT, "application/vnd.github+json");
        let response = request
            .header(AUTHORIZATION, format!("Bearer {}", self.statement(now)?))
            .header("Content-Length", "0")
            .send()
            .map_err(failed)?;
        let status = response.status().as_u16();
        if !response.status().is_success() {
            return Err(GitHubAppError::Refused { app: self.app.clone(), installation: self.installation, status });
        }
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(response, MAX_ANSWER_BYTES), &mut text)
            .map_err(|error| GitHubAppError::Server(error.into()))?;
        // The error of a reader could repeat a part of the token.
        let answer = serde_json::from_slice::<Answer>(&text);
        answer.map(|answer| answer.token).map_err(|_| GitHubAppError::Server("the answer has no token".into()))
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

    fn token_at(&self, now: SystemTime) -> Result<String, GitHubAppError> {
        // Who waits here wants the same token.
        let mut held = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, made)) = &*held
            && now.duration_since(*made).is_ok_and(|age| age < USED)
        {
            return Ok(token.clone());
        }
        let token = self.ask(now)?;
        *held = Some((token.clone(), now));
        Ok(token)
    }
}

impl Tokens for GitHubApp {
    fn name(&self) -> String {
        let installation = self.installation.to_string();
        Digest::of_parts([self.base.as_bytes(), self.app.as_bytes(), installation.as_bytes()]).to_string()
    }

    fn token(&self) -> Result<String, AccessError> {
        self.token_at(SystemTime::now())
            .map_err(|error| AccessError::new("there is no token of the GitHub App").because(error))
    }
}

impl fmt::Debug for GitHubApp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("GitHubApp")
            .field("app", &self.app)
            .field("installation", &self.installation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use gitops_fixtures::WebServer;

    use super::*;

    fn pem(key: &RsaKeyPair) -> String {
        let der: Pkcs8V1Der<'static> = key.as_der().unwrap();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
    }

    #[test]
    fn an_app_proves_itself_and_uses_a_token_for_as_long_as_it_is_valid() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let server = WebServer::start().unwrap();
        let app = GitHubApp::new("17", 42, pem(&key).as_bytes(), Some(&server.url("api/v3"))).unwrap();
        let now = SystemTime::now();
        let refused = app.token_at(now).unwrap_err();
        assert!(matches!(refused, GitHubAppError::Refused { status: 404, .. }), "{refused}");
        let answer = br#"{"token":"ghs_secret","expires_at":"2030-01-01T00:00:00Z"}"#;
        server.set("api/v3/app/installations/42/access_tokens", 201, answer);
        let later = |minutes| now + Duration::from_mins(minutes);
        assert_eq!(app.token_at(later(0)).unwrap(), "ghs_secret");
        assert_eq!(app.token_at(later(49)).unwrap(), "ghs_secret");
        assert_eq!(server.asked().len(), 2);
        app.token_at(later(50)).unwrap();
        assert_eq!(server.asked().len(), 3);
        assert!(!format!("{app:?}").contains("secret"));

        let statement = app.statement(now).unwrap();
        let (text, signature) = statement.rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
        public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(text.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(
            (claims["iss"].as_str(), &claims["exp"]),
            (Some("17"), &json!(claims["iat"].as_u64().unwrap() + 180))
        );
        assert!(matches!(GitHubApp::new("17", 42, b"none", None), Err(GitHubAppError::Key(KeyError::Unreadable))));
    }
}
