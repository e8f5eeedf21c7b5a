//! The client: redirects, and how both sides of a connection prove who they are.

use std::fmt;

use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Identity};
use thiserror::Error;

use super::{WebError, WebOptions};

/// How servers prove who they are, and who we are to them. By default by the machine's certificates, and nobody.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct TlsOptions {
    /// Certificates of authorities that servers may be certified by too, in PEM.
    pub authorities: Vec<u8>,
    /// Our own certificate and its key, in PEM. Empty for none.
    pub identity: Vec<u8>,
    /// Whether servers need not prove who they are: then anybody on the way can read and change what is sent.
    pub insecure: bool,
}

/// Why certificates cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The authorities' certificates are no PEM.
    #[error("the certificates of authorities cannot be read")]
    Authorities(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Our own certificate or its key is no PEM.
    #[error("the client's certificate and key cannot be read")]
    Identity(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Debug for TlsOptions {
    /// Without the key.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TlsOptions").field("insecure", &self.insecure).finish_non_exhaustive()
    }
}

/// A client with these options.
pub(super) fn build(options: &WebOptions) -> Result<Client, WebError> {
    let mut builder = Client::builder()
        .user_agent("gitops")
        .timeout(options.deadline)
        .redirect(redirects(options.max_redirects))
        .danger_accept_invalid_certs(options.tls.insecure);
    let authorities = Certificate::from_pem_bundle(&options.tls.authorities);
    let authorities = authorities.map_err(|error| WebError::Tls(TlsError::Authorities(error.into())))?;
    if authorities.is_empty() && !options.tls.authorities.is_empty() {
        return Err(WebError::Tls(TlsError::Authorities("there is no certificate in them".into())));
    }
    for authority in authorities {
        builder = builder.add_root_certificate(authority);
    }
    if !options.tls.identity.is_empty() {
        let identity = Identity::from_pem(&options.tls.identity);
        builder = builder.identity(identity.map_err(|error| WebError::Tls(TlsError::Identity(error.into())))?);
    }
    builder.build().map_err(|error| WebError::Server(error.into()))
}

fn redirects(limit: usize) -> Policy {
    Policy::custom(move |attempt| {
        let secure = attempt.previous().first().is_some_and(|first| first.scheme() == "https");
        if attempt.previous().len() > limit {
            attempt.error("too many redirects")
        } else if secure && attempt.url().scheme() != "https" {
            attempt.error("the server sends on to an unencrypted address")
        } else {
            attempt.follow()
        }
    })
}
