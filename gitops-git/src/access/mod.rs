//! Who to be for a server, and how it is reached, where that depends on its address.

mod credentials;
mod proxy;
mod ssh;
mod tls;
mod tunnel;

use std::fmt;

use gitops_core::Digest;
use thiserror::Error;

pub(crate) use credentials::Login;
pub use credentials::{Credentials, Tokens};
pub use proxy::Proxy;
pub use ssh::SshOptions;
pub(crate) use ssh::{SSH, SshArguments, Through, said};
pub use tls::{TlsError, TlsOptions};

/// Says who to be for which server. Called before each question, so that answers may change.
pub trait Access: Send + Sync {
    /// Who to be for the server of an address.
    ///
    /// # Errors
    /// Where that is not known: then the server is not asked.
    fn caller(&self, address: &str) -> Result<Caller, AccessError>;
}

/// Why it is not known who to be for a server, or the proof of it cannot be had.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct AccessError {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl AccessError {
    /// An error of these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// Who asks a server, and how it is reached. Nothing that was got as one caller is shown to another: caches keep apart what
/// callers of different names got, and what nobody in particular got.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Caller {
    name: Option<String>,
    /// What the credentials are called that the address itself has.
    shown: Option<String>,
    credentials: Option<Credentials>,
    /// Whether credentials may be sent over unencrypted connections, which everybody on the way can read.
    pub clear_text: bool,
    /// How servers prove who they are over TLS, and who we are to them.
    pub tls: TlsOptions,
    /// Through whom servers are asked over HTTP, those that the environment names where none is given; and hosts of ssh, where it is one
    /// of SOCKS and [`Self::ssh`] is given.
    pub proxy: Option<Proxy>,
    /// How hosts are asked over ssh; by the user's own program, keys and known hosts where nothing is given.
    pub ssh: Option<SshOptions>,
    /// What to say where a server asks for credentials and there are none: which ones would serve.
    pub missing: Option<String>,
    /// What to say where a host of ssh is not among the known ones: where these are said.
    pub unknown_host: Option<String>,
}

impl Caller {
    /// Nobody in particular.
    pub fn anybody() -> Self {
        Self::default()
    }

    /// A caller of a name, which differs from that of everybody who may see something else.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// The same with what proves to a server who asks. One without a name gets one that says as much.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.name.get_or_insert_with(|| credentials.name());
        self.credentials = Some(credentials);
        self
    }

    /// The same with credentials of another place, which are part of who it is: others may show other ones.
    #[must_use]
    pub(crate) fn showing(mut self, credentials: Credentials) -> Self {
        self.shown = Some(credentials.name());
        self.credentials = Some(credentials);
        self
    }

    /// What proves who asks.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// What keeps apart what this caller gets from what others get; none for nobody in particular. It is of letters and digits.
    pub fn partition(&self) -> Option<String> {
        let names: Vec<&str> = self.name.iter().chain(&self.shown).map(String::as_str).collect();
        if names.is_empty() { None } else { short(&names.join(" ")) }
    }

    /// What all that is got by this caller's name is kept under, whatever an address has beside it; none for who has no name. Letters
    /// and digits: what caches are told to keep when callers go ([`RepositoryCache::sweep`](crate::RepositoryCache::sweep)).
    pub fn group(&self) -> Option<String> {
        short(self.name.as_ref()?)
    }
}

fn short(name: &str) -> Option<String> {
    Digest::of(name.as_bytes()).as_str().trim_start_matches("sha256:").get(..24).map(str::to_owned)
}

impl fmt::Debug for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Caller").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_kept_apart() {
        let apart = |caller: Caller| caller.partition();
        assert_eq!(apart(Caller::anybody()), None);
        let one = apart(Caller::named("a"));
        assert!(one.is_some() && one == apart(Caller::named("a").with_credentials(Credentials::new("u", "p"))));
        assert_ne!(one, apart(Caller::named("b")));
        let shown = Caller::named("a").showing(Credentials::new("u", "p"));
        assert_eq!((shown.group(), apart(shown) == one), (one.clone(), false));
        let unnamed = |password: &str| apart(Caller::anybody().with_credentials(Credentials::new("u", password)));
        assert!(unnamed("p").is_some() && unnamed("p") != unnamed("q"));
        let caller = Caller::anybody().with_credentials(Credentials::bearer("hunter2"));
        assert!(!format!("{caller:?}").contains("hunter2"));
    }
}
