//! Signatures of commits and tags: OpenPGP's and SSH's, by the keys of a [`Keyring`].
//!
//! The arithmetic is `aws-lc-rs`'s; this crate reads the formats (RFC 4880 and 9580 for keys and signatures of version 4,
//! OpenSSH's PROTOCOL.sshsig and `ssh-keygen(1)`, ALLOWED SIGNERS). What is not understood verifies nothing.
//!
//! # What this crate must not know
//! Git, clusters, where keys are kept, which of them may sign what, and the time of day.

mod algorithm;
mod error;
mod found;
mod keyring;
mod openpgp;
mod ssh;

pub use error::KeyError;
pub use found::{Found, Verdict};
pub use keyring::Keyring;
