//! Signed statements: JSON Web Tokens with RS256 (RFC 7519, RFC 7518 section 3.3).

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use thiserror::Error;

/// An RSA key that signs statements. It does not print.
pub struct SigningKey(RsaKeyPair);

/// Why a key signs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is no RSA key in PEM.
    #[error("the private key is no RSA key in PEM")]
    Unreadable,
    /// It cannot sign.
    #[error("the private key cannot sign a statement")]
    Sign,
}

impl SigningKey {
    /// A key in PEM, as PKCS #1 or PKCS #8.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let key = match PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyError::Unreadable)? {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            _ => return Err(KeyError::Unreadable),
        };
        key.map(Self).map_err(|_| KeyError::Unreadable)
    }

    /// These claims, signed, under the key's id where it has one.
    ///
    /// # Errors
    /// Where the key cannot sign.
    pub fn sign(&self, id: Option<&str>, claims: &Value) -> Result<String, KeyError> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(id) = id {
            header["kid"] = id.into();
        }
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encoded(&header), encoded(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        signed.map_err(|_| KeyError::Sign)?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(gitops_core::secret::MARKER)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// A key in PEM, and what it is checked with.
    pub(crate) fn key() -> (String, Vec<u8>) {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'static> = key.as_der().unwrap();
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        (pem, key.public_key().as_ref().to_vec())
    }

    /// The header and the claims of a statement that the key has signed.
    pub(crate) fn verified(statement: &str, public: &[u8]) -> (Value, Value) {
        let (text, signature) = statement.rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let (header, claims) = text.split_once('.').unwrap();
        let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        (read(header), read(claims))
    }

    #[test]
    fn a_statement_is_what_the_key_has_signed() {
        let (pem, public) = key();
        let key = SigningKey::from_pem(pem.as_bytes()).unwrap();
        assert_eq!(format!("{key:?}"), "[secret]");
        let claims = json!({"iss": "17"});
        let (header, signed) = verified(&key.sign(Some("one"), &claims).unwrap(), &public);
        assert_eq!((header, signed), (json!({"alg": "RS256", "typ": "JWT", "kid": "one"}), claims));
        assert_eq!(SigningKey::from_pem(b"none").unwrap_err(), KeyError::Unreadable);
    }
}
