//! SSH: signatures of `ssh-keygen -Y sign` in Git's namespace, by signers of a list.

mod signers;

pub(crate) use signers::Signers;

use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, SshSig};

use crate::algorithm::{Curve, Hash, PublicKey, Value};
use crate::found::{Found, Outcome};

/// What Git signs commits and tags for.
const NAMESPACE: &str = "git";
/// Bytes behind a security key's signature: its flags and how often it signed.
const PRESENCE: usize = 5;

/// What became of a signature over a document.
pub(crate) fn check(signers: &Signers, armoured: &str, payload: &[u8]) -> Found {
    let Ok(signature) = SshSig::from_pem(armoured) else { return Found::bad("") };
    let key = signature.public_key();
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    let is_known = signature.version() == SshSig::VERSION && signature.reserved().is_empty();
    if !is_known || signature.namespace() != NAMESPACE || !made(&signature, payload) {
        return Found::bad(fingerprint);
    }
    match signers.validity(key) {
        Some(validity) => Found { key: fingerprint, fingerprint: None, outcome: Outcome::Made(validity) },
        None => Found::no_key(fingerprint),
    }
}

/// Whether the key that a signature names made it.
fn made(signature: &SshSig, payload: &[u8]) -> bool {
    let Ok(data) = SshSig::signed_data(NAMESPACE, signature.hash_alg(), payload) else { return false };
    let bytes = signature.signature_bytes();
    match (signature.public_key(), signature.algorithm()) {
        (KeyData::Ed25519(key), Algorithm::Ed25519) => {
            PublicKey::Ed25519(key.0.to_vec()).made(&Value::Bytes(bytes.to_vec()), Hash::Sha512, &data)
        }
        // Without a digest in its name it is SHA-1.
        (KeyData::Rsa(key), Algorithm::Rsa { hash: Some(hash) }) => {
            let hash = if hash == HashAlg::Sha256 { Hash::Sha256 } else { Hash::Sha512 };
            let numbers = key.n.as_positive_bytes().zip(key.e.as_positive_bytes());
            let Some((modulus, exponent)) = numbers.map(|(n, e)| (n.to_vec(), e.to_vec())) else { return false };
            PublicKey::Rsa { modulus, exponent }.made(&Value::Bytes(bytes.to_vec()), hash, &data)
        }
        (KeyData::Ecdsa(key), Algorithm::Ecdsa { curve }) if key.curve() == curve => {
            let (curve, hash) = match curve {
                EcdsaCurve::NistP256 => (Curve::P256, Hash::Sha256),
                EcdsaCurve::NistP384 => (Curve::P384, Hash::Sha384),
                EcdsaCurve::NistP521 => (Curve::P521, Hash::Sha512),
            };
            let Some(pair) = pair(bytes) else { return false };
            PublicKey::Ecdsa(curve, key.as_sec1_bytes().to_vec()).made(&pair, hash, &data)
        }
        (KeyData::SkEd25519(key), Algorithm::SkEd25519) => {
            let Some((value, data)) = presence(bytes, key.application(), &data) else { return false };
            let key = PublicKey::Ed25519(key.public_key().0.to_vec());
            key.made(&Value::Bytes(value.to_vec()), Hash::Sha512, &data)
        }
        (KeyData::SkEcdsaSha2NistP256(key), Algorithm::SkEcdsaSha2NistP256) => {
            let Some((value, data)) = presence(bytes, key.application(), &data) else { return false };
            let Some(pair) = pair(value) else { return false };
            PublicKey::Ecdsa(Curve::P256, key.ec_point().as_bytes().to_vec()).made(&pair, Hash::Sha256, &data)
        }
        _ => false,
    }
}

/// The two numbers of ECDSA, each with its length before it.
fn pair(bytes: &[u8]) -> Option<Value> {
    let number = |bytes: &[u8]| -> Option<(Vec<u8>, usize)> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        Some((rest.get(..length)?.to_vec(), length + 4))
    };
    let (r, length) = number(bytes)?;
    let (s, _) = number(bytes.get(length..)?)?;
    Some(Value::Pair(r, s))
}

/// What a security key signed in the place of data (OpenSSH's PROTOCOL.u2f); nothing where nobody touched it.
fn presence<'a>(bytes: &'a [u8], application: &str, data: &[u8]) -> Option<(&'a [u8], Vec<u8>)> {
    let (value, presence) = bytes.split_at_checked(bytes.len().checked_sub(PRESENCE)?)?;
    let was_touched = presence.first()? & 1 != 0;
    let signed = [&Hash::Sha256.of(application.as_bytes()), presence, &Hash::Sha256.of(data)].concat();
    was_touched.then_some((value, signed))
}
