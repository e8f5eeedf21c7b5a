use std::fmt;

use gitops_core::Timestamp;

/// What became of a signature, apart from the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The key that made it as Git names it: sixteen hexadecimal digits of an OpenPGP key or subkey, or `SHA256:` and the
    /// fingerprint of an SSH key. Empty where the signature does not say.
    pub key: String,
    /// The OpenPGP key's fingerprint, in upper case.
    pub(crate) fingerprint: Option<String>,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Bad,
    NoKey,
    Made(Validity),
}

/// When a signature holds that a known key really made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) signature_ends: Option<Timestamp>,
    pub(crate) key_begins: Option<Timestamp>,
    pub(crate) key_ends: Option<Timestamp>,
    pub(crate) is_revoked: bool,
}

/// What a signature is worth at a moment; [`fmt::Display`] has Argo CD's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// A known key made it, and holds.
    Good,
    /// No key made it over these bytes, or it cannot be read.
    Bad,
    /// The key may not be used for this, or not yet.
    Untrusted,
    /// Its own time is over.
    ExpiredSignature,
    /// The key's time is over.
    ExpiredKey,
    /// The key was revoked.
    RevokedKey,
    /// No known key made it.
    MissingKey,
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Good => "signed",
            Self::Bad => "bad signature",
            Self::Untrusted => "signed with untrusted key",
            Self::ExpiredSignature => "expired signature",
            Self::ExpiredKey => "signed with expired key",
            Self::RevokedKey => "signed with revoked key",
            Self::MissingKey => "signed with key not in keyring",
        })
    }
}

impl Found {
    pub(crate) fn bad(key: impl Into<String>) -> Self {
        Self { key: key.into(), fingerprint: None, outcome: Outcome::Bad }
    }

    pub(crate) fn no_key(key: impl Into<String>) -> Self {
        Self { key: key.into(), fingerprint: None, outcome: Outcome::NoKey }
    }

    /// What it is worth at this moment. A key that is over or revoked signs nothing any more, whatever time the signature
    /// names: whoever has the key can write any.
    pub fn verdict(&self, now: Timestamp) -> Verdict {
        let validity = match &self.outcome {
            Outcome::Bad => return Verdict::Bad,
            Outcome::NoKey => return Verdict::MissingKey,
            Outcome::Made(validity) => validity,
        };
        let over = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        if validity.is_revoked {
            Verdict::RevokedKey
        } else if over(validity.signature_ends) {
            Verdict::ExpiredSignature
        } else if over(validity.key_ends) {
            Verdict::ExpiredKey
        } else if validity.key_begins.is_some_and(|begin| begin > now) {
            Verdict::Untrusted
        } else {
            Verdict::Good
        }
    }

    /// Whether this key made it: an OpenPGP key's fingerprint of forty hexadecimal digits or its last sixteen, or an SSH key's
    /// fingerprint as `ssh-keygen -l` prints it. Says nothing of what the signature is worth.
    pub fn is_by(&self, key: &str) -> bool {
        match &self.fingerprint {
            Some(fingerprint) if key.len() == 40 => fingerprint.eq_ignore_ascii_case(key),
            Some(_) => key.len() == 16 && self.key.eq_ignore_ascii_case(key),
            None => key.starts_with("SHA256:") && self.key == key,
        }
    }
}
