use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gitops_core::Digest;

use super::AccessError;

/// Makes tokens that are valid for some time only.
pub trait Tokens: Send + Sync {
    /// What tells these tokens from those of others.
    fn name(&self) -> String;

    /// One that is valid now. It may block.
    ///
    /// # Errors
    /// Where none can be had.
    fn token(&self) -> Result<String, AccessError>;
}

/// What proves to a server who asks. It does not print.
#[derive(Clone)]
pub struct Credentials(Kind);

#[derive(Clone)]
enum Kind {
    Basic { user: String, password: String },
    Bearer(String),
    Made { user: String, tokens: Arc<dyn Tokens> },
}

/// Credentials as they are sent.
#[derive(Clone)]
pub(crate) enum Login {
    /// A user and a password.
    Basic(String, String),
    /// A token.
    Bearer(String),
}

impl Credentials {
    /// A user and a password. For a token alone, any user does for most servers.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self(Kind::Basic { user: user.into(), password: password.into() })
    }

    /// A token that is sent as such.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self(Kind::Bearer(token.into()))
    }

    /// A user whose passwords are tokens that are made when they are needed.
    pub fn made(user: impl Into<String>, tokens: Arc<dyn Tokens>) -> Self {
        Self(Kind::Made { user: user.into(), tokens })
    }

    /// The header by which HTTP tells who asks, with a token that is made now where it has to be.
    ///
    /// # Errors
    /// Where no token can be had.
    pub fn authorization(&self) -> Result<String, AccessError> {
        Ok(self.login()?.authorization())
    }

    pub(crate) fn login(&self) -> Result<Login, AccessError> {
        Ok(match &self.0 {
            Kind::Basic { user, password } => Login::Basic(user.clone(), password.clone()),
            Kind::Bearer(token) => Login::Bearer(token.clone()),
            Kind::Made { user, tokens } => Login::Basic(user.clone(), tokens.token()?),
        })
    }

    /// What tells them from all others, and does not give them away.
    pub(crate) fn name(&self) -> String {
        let parts = |parts: &[&str]| Digest::of_parts(parts.iter().map(|part| part.as_bytes())).to_string();
        match &self.0 {
            Kind::Basic { user, password } => parts(&["basic", user, password]),
            Kind::Bearer(token) => parts(&["bearer", token]),
            Kind::Made { user, tokens } => parts(&["made", user, &tokens.name()]),
        }
    }
}

impl Login {
    pub(crate) fn authorization(&self) -> String {
        match self {
            Self::Basic(user, password) => format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }

    /// The part that nobody may read.
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::Basic(_, secret) | Self::Bearer(secret) => secret,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(gitops_core::secret::MARKER)
    }
}
