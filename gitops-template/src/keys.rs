use std::net::IpAddr;

/// A kind of private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA of 4096 bits, as `genPrivateKey` makes it.
    Rsa,
    /// DSA of 2048 bits.
    Dsa,
    /// ECDSA on P-256.
    Ecdsa,
    /// Ed25519.
    Ed25519,
}

/// A certificate that a template asks for. It is valid from now on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CertificateRequest {
    /// Its common name.
    pub common_name: String,
    /// The addresses that it is for.
    pub addresses: Vec<IpAddr>,
    /// The names that it is for.
    pub names: Vec<String>,
    /// How many days it is valid.
    pub days: i64,
    /// Whether others are signed with it.
    pub authority: bool,
    /// Its private key as PEM; none where an RSA key of 2048 bits is to be made.
    pub key: Option<String>,
    /// What it is signed with; none where it is signed with its own key.
    pub signer: Option<Certificate>,
    /// Seconds since 1970 from which on it is valid.
    pub from: i64,
}

impl CertificateRequest {
    /// A certificate of a name that is valid for so many days and signs itself.
    pub fn new(common_name: impl Into<String>, days: i64) -> Self {
        Self {
            common_name: common_name.into(),
            addresses: Vec::new(),
            names: Vec::new(),
            days,
            authority: false,
            key: None,
            signer: None,
            from: 0,
        }
    }

    /// The same, valid from another time on, in seconds since 1970.
    #[must_use]
    pub fn valid_from(self, seconds: i64) -> Self {
        Self { from: seconds, ..self }
    }
}

/// What makes private keys and certificates for renders. It is shared by all of them, and keeps what it made, so that a
/// second render is equal.
pub trait KeyMaker: Send + Sync {
    /// A private key as PEM, the same for the same kind.
    ///
    /// # Errors
    /// Where it cannot be made, in words for the author of the template.
    fn private_key(&self, kind: KeyKind) -> Result<String, String>;

    /// A certificate, the same for the same request, save for the time from which on it is valid.
    ///
    /// # Errors
    /// Where it cannot be made, in words for the author of the template.
    fn certificate(&self, request: &CertificateRequest) -> Result<Certificate, String>;
}

/// A certificate and its private key, both as PEM.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl std::fmt::Debug for Certificate {
    /// The key stays untold.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Certificate").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}
