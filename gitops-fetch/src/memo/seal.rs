//! Encrypting and authenticating entries.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use gitops_core::Digest;
use gitops_core::secret::DigestKey;
use std::fmt::Write as _;
use std::sync::Arc;

/// What an entry starts with: what it is, and in which form.
const MAGIC: &[u8; 8] = b"gitmemo1";
/// Bytes of an entry beside its content, at most.
pub(super) const OVERHEAD: u64 = 128;

/// Seals entries by AES-256-GCM under a key derived from a digest key, bound to the key that they are kept under, and names
/// their files by an HMAC of it: without the key neither the content nor what it is of can be told, and nothing can be put
/// there that opens.
#[derive(Clone)]
pub(super) struct Sealer(Arc<Keys>);

struct Keys {
    content: Option<LessSafeKey>,
    names: hmac::Key,
}

impl Sealer {
    pub(super) fn new(key: &DigestKey) -> Self {
        // A key of 32 bytes is one of AES-256, so this is never none.
        let content = UnboundKey::new(&AES_256_GCM, &key.derive("memo content")).ok().map(LessSafeKey::new);
        let names = hmac::Key::new(hmac::HMAC_SHA256, &key.derive("memo names"));
        Self(Arc::new(Keys { content, names }))
    }

    /// The name of an entry's file.
    pub(super) fn name(&self, key: &Digest) -> String {
        let tag = hmac::sign(&self.0.names, key.as_str().as_bytes());
        tag.as_ref().iter().fold(String::with_capacity(64), |mut name, byte| {
            // Writing to a String cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        })
    }

    pub(super) fn seal(&self, key: &Digest, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        let mut content = bytes.to_vec();
        let content_key = self.0.content.as_ref()?;
        let associated = Aad::from(associated(key));
        content_key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated, &mut content).ok()?;
        Some([MAGIC.as_slice(), &nonce, &content].concat())
    }

    /// The content of an entry; none where it was not sealed under this key for this place.
    pub(super) fn open(&self, key: &Digest, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let start = MAGIC.len() + NONCE_LEN;
        let rest = sealed.strip_prefix(MAGIC)?;
        let nonce: [u8; NONCE_LEN] = rest.get(..NONCE_LEN)?.try_into().ok()?;
        let content_key = self.0.content.as_ref()?;
        let associated = Aad::from(associated(key));
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = content_key.open_in_place(nonce, associated, sealed.get_mut(start..)?).ok()?.len();
        sealed.copy_within(start..start + length, 0);
        sealed.truncate(length);
        Some(sealed)
    }
}

/// A number that nobody knows.
pub(super) fn anywhere() -> u64 {
    let mut bytes = [0; 8];
    // Without a source of randomness nothing is sealed either.
    let _ = rand::fill(&mut bytes);
    u64::from_le_bytes(bytes) >> 1
}

fn associated(key: &Digest) -> Vec<u8> {
    [MAGIC.as_slice(), key.as_str().as_bytes()].concat()
}
