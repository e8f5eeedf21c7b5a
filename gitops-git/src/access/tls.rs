use std::fmt;

use reqwest::blocking::ClientBuilder;
use reqwest::{Certificate, Identity};
use thiserror::Error;

/// How servers prove who they are, and who we are to them. By default by the machine's certificates, and nobody.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
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

impl TlsOptions {
    /// A client that goes by them.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn of_client(&self, builder: ClientBuilder) -> Result<ClientBuilder, TlsError> {
        let mut builder = builder.danger_accept_invalid_certs(self.insecure);
        let authorities = Certificate::from_pem_bundle(&self.authorities);
        let authorities = authorities.map_err(|error| TlsError::Authorities(error.into()))?;
        if authorities.is_empty() && !self.authorities.is_empty() {
            return Err(TlsError::Authorities("there is no certificate in them".into()));
        }
        for authority in authorities {
            builder = builder.add_root_certificate(authority);
        }
        if !self.identity.is_empty() {
            let identity = Identity::from_pem(&self.identity);
            builder = builder.identity(identity.map_err(|error| TlsError::Identity(error.into()))?);
        }
        Ok(builder)
    }
}

impl fmt::Debug for TlsOptions {
    /// Without the key.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TlsOptions").field("insecure", &self.insecure).finish_non_exhaustive()
    }
}
