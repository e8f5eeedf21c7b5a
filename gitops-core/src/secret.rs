//! Values that cannot be printed.
//!
//! A [`Secret`] is wrapped where it enters the engine (rendering, live reads). Its `Debug`, `Display` and
//! `Serialize` write a fixed marker, so a path to a log, an error or a file that was forgotten shows nothing.
//! Only a holder of [`Reveal`] opens it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer};
use sha2::Sha256;

use crate::{Digest, Value};

/// What is written in the place of a secret value.
pub const MARKER: &str = "[secret]";

/// A value that compares and digests, but does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a holder of the capability.
    pub fn reveal(&self, _: &Reveal) -> &T {
        &self.0
    }

    pub(crate) fn inner(&self) -> &T {
        &self.0
    }
}

impl Secret<Value> {
    /// A keyed digest (HMAC-SHA-256): equal values have equal digests, and without the key a digest cannot be
    /// checked against guesses.
    pub fn digest(&self, key: &DigestKey) -> Digest {
        digest_bytes(self.0.to_string().as_bytes(), key)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(MARKER)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(MARKER)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MARKER)
    }
}

/// The capability to open a [`Secret`]. Whoever makes one says what for; the places are few and easy to list.
#[derive(Debug)]
pub struct Reveal {
    purpose: Purpose,
}

/// Why secret values are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A call to a cluster carries the object.
    ClusterCall,
    /// The user asked to see what was rendered.
    RenderedOutput,
    /// The value is sealed for storage in Git.
    Sealing,
    /// A message from outside is checked with it, or one to the outside signed.
    Signature,
    /// A server outside is asked as somebody.
    Connection,
    /// A result is handed to a [`MemoStore`](crate::MemoStore), which encrypts it.
    Memo,
}

impl Reveal {
    /// The capability, for this purpose.
    pub fn granted(purpose: Purpose) -> Self {
        Self { purpose }
    }

    /// What it was granted for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
}

/// The key of secret digests. The target cluster keeps it, so digests can be compared only by who may read there.
#[derive(Clone)]
pub struct DigestKey([u8; 32]);

impl DigestKey {
    /// A key of 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for another purpose, from which neither this one nor that of a third purpose can be told (HMAC-SHA-256 of the
    /// purpose's name, the expanding half of HKDF for one block).
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mut mac) => {
                mac.update(purpose.as_bytes());
                mac.update(&[1]);
                mac.finalize().into_bytes().into()
            }
            // HMAC takes a key of any length, so this is never the branch.
            Err(_) => self.0,
        }
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(MARKER)
    }
}

fn digest_bytes(bytes: &[u8], key: &DigestKey) -> Digest {
    // HMAC takes a key of any length, so this is never the second branch.
    match Hmac::<Sha256>::new_from_slice(&key.0) {
        Ok(mut mac) => {
            mac.update(bytes);
            Digest::from_bytes(&mac.finalize().into_bytes())
        }
        Err(_) => Digest::of(&[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_the_value() {
        let secret = Secret::new(Value::from("hunter2"));
        let json = serde_json::to_string(&secret).unwrap();
        for text in [format!("{secret:?}"), format!("{secret}"), format!("{secret:#?}"), json] {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn digests_depend_on_the_key() {
        let secret = Secret::new(Value::from("hunter2"));
        let (one, other) = (DigestKey::new([1; 32]), DigestKey::new([2; 32]));
        assert_eq!(secret.digest(&one), secret.clone().digest(&one));
        assert_ne!(secret.digest(&one), secret.digest(&other));
    }

    #[test]
    fn derived_keys_are_apart() {
        let key = DigestKey::new([1; 32]);
        assert_eq!(key.derive("a"), key.derive("a"));
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_ne!(key.derive("a"), DigestKey::new([2; 32]).derive("a"));
    }
}
