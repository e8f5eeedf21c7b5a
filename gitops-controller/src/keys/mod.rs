//! Private keys and certificates that templates ask for: made once for what is asked, and kept, so that a second render
//! is equal.

mod make;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gitops_core::api::Application;
use gitops_core::secret::DigestKey;
use gitops_core::{Digest, MemoStore};
use gitops_fetch::MemoDirectory;
use gitops_template::{Certificate, CertificateRequest, KeyKind, KeyMaker};
use serde::{Deserialize, Serialize};

use crate::compare::owner_name;

/// One answer, which whoever asks first makes.
type Made = OnceLock<Result<String, String>>;

/// What was made as long as this process runs. Each answer has a place of its own, so that making one holds up nobody who
/// asks for another.
#[derive(Default)]
pub struct KeptKeys {
    made: Mutex<HashMap<Digest, Arc<Made>>>,
}

/// The keys of one owner, so that no two of them come to share a private key by asking for the same.
pub struct OwnKeys {
    kept: Arc<KeptKeys>,
    owner: String,
    store: Option<Box<dyn MemoStore>>,
}

#[derive(Serialize, Deserialize)]
struct KeptCertificate {
    certificate: String,
    key: String,
}

impl KeptKeys {
    /// The keys of an owner, such as an Application's name with its namespace. With a store they outlive the process.
    pub fn of(self: &Arc<Self>, owner: impl Into<String>, store: Option<Box<dyn MemoStore>>) -> OwnKeys {
        OwnKeys { kept: Arc::clone(self), owner: owner.into(), store }
    }

    /// The keys of an Application, kept in a memo under a key where there is one.
    pub(crate) fn of_application(
        self: &Arc<Self>,
        application: &Application,
        memo: Option<&MemoDirectory>,
        key: &DigestKey,
    ) -> Arc<dyn KeyMaker> {
        let store = memo.map(|directory| Box::new(directory.under(key)) as Box<dyn MemoStore>);
        Arc::new(self.of(owner_name(application), store))
    }
}

impl OwnKeys {
    fn keep(&self, asked: &str, make: impl FnOnce() -> Result<String, String>) -> Result<String, String> {
        let digest = Digest::of_parts([b"keys".as_slice(), self.owner.as_bytes(), asked.as_bytes()]);
        let place = {
            let mut made = self.kept.made.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry(digest.clone()).or_default())
        };
        place.get_or_init(|| self.stored(&digest, make)).clone()
    }

    fn stored(&self, digest: &Digest, make: impl FnOnce() -> Result<String, String>) -> Result<String, String> {
        let before = self.store.as_ref().and_then(|store| store.get(digest));
        if let Some(before) = before.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()) {
            return Ok(before);
        }
        let made = make()?;
        if let Some(store) = &self.store {
            store.put(digest, made.as_bytes());
        }
        Ok(made)
    }
}

impl KeyMaker for OwnKeys {
    fn private_key(&self, kind: KeyKind) -> Result<String, String> {
        self.keep(&format!("{kind:?}"), || make::private_key(kind))
    }

    fn certificate(&self, request: &CertificateRequest) -> Result<Certificate, String> {
        let kept = self.keep(&asked(request), || {
            let Certificate { certificate, key } = make::certificate(request)?;
            serde_json::to_string(&KeptCertificate { certificate, key }).map_err(|error| error.to_string())
        })?;
        let KeptCertificate { certificate, key } =
            serde_json::from_str(&kept).map_err(|error| format!("the certificate that was kept is broken: {error}"))?;
        Ok(Certificate { certificate, key })
    }
}

/// All that a request asks for but the time from which on: a later render asks for the same, later.
fn asked(request: &CertificateRequest) -> String {
    let signer = request.signer.as_ref().map(|signer| [&signer.certificate, &signer.key]);
    let CertificateRequest { common_name, addresses, names, days, authority, key, .. } = request;
    serde_json::json!([common_name, addresses, names, days, authority, key, signer]).to_string()
}

#[cfg(test)]
mod tests {
    use rcgen::KeyPair;

    use super::*;

    fn request(name: &str) -> CertificateRequest {
        CertificateRequest::new(name, 30).valid_from(1_700_000_000)
    }

    #[test]
    fn certificates_are_made_once_and_signed_by_what_was_made() {
        let keys = Arc::new(KeptKeys::default()).of("default/web", None);
        let mut asked = request("ca");
        asked.authority = true;
        let authority = keys.certificate(&asked).unwrap();
        assert_eq!(keys.certificate(&asked.clone().valid_from(1_800_000_000)), Ok(authority.clone()));
        assert!(authority.key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"), "Go writes PKCS#1");
        let mut leaf = request("leaf");
        leaf.names.push("example.com".to_owned());
        leaf.signer = Some(authority.clone());
        let leaf = keys.certificate(&leaf).unwrap();
        assert_ne!(leaf.certificate, authority.certificate);
        let mut again = request("again");
        again.key = Some(leaf.key.clone());
        assert_eq!(keys.certificate(&again).unwrap().key, leaf.key, "a key that is given stays");
    }

    #[test]
    fn keys_have_the_form_that_go_gives_them() {
        let keys = Arc::new(KeptKeys::default()).of("default/web", None);
        let elliptic = keys.private_key(KeyKind::Ecdsa).unwrap();
        assert!(elliptic.starts_with("-----BEGIN EC PRIVATE KEY-----\n"), "{elliptic}");
        assert!(KeyPair::from_pem(&elliptic).is_ok());
        assert!(keys.private_key(KeyKind::Ed25519).unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    }

    #[derive(Clone, Default)]
    struct Stored(Arc<Mutex<HashMap<Digest, Vec<u8>>>>);

    impl MemoStore for Stored {
        fn get(&self, key: &Digest) -> Option<bytes::Bytes> {
            self.0.lock().unwrap().get(key).cloned().map(Into::into)
        }

        fn put(&self, key: &Digest, bytes: &[u8]) {
            self.0.lock().unwrap().insert(key.clone(), bytes.to_vec());
        }
    }

    #[test]
    fn another_process_finds_what_was_made_and_another_owner_does_not() {
        let store = Stored::default();
        let made = |owner: &str| {
            let keys = Arc::new(KeptKeys::default()).of(owner, Some(Box::new(store.clone())));
            keys.certificate(&request("web")).unwrap()
        };
        let first = made("default/web");
        assert!(first == made("default/web"));
        assert!(first != made("default/shop"));
    }
}
