//! Whether a key made a signature: the calls to the library of algorithms.

use aws_lc_rs::digest;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, EcdsaVerificationAlgorithm, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
};

/// A digest that a signature is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// Only for what keys say of themselves.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn of(self, data: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, data).as_ref().to_vec()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// A public key with its numbers, the highest byte first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point that is not compressed (SEC 1).
    Ecdsa(Curve, Vec<u8>),
    Ed25519(Vec<u8>),
}

/// What a signature is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// One number of RSA, or the 64 bytes of Ed25519.
    Bytes(Vec<u8>),
    /// The two of ECDSA.
    Pair(Vec<u8>, Vec<u8>),
}

impl PublicKey {
    /// Whether it made a signature over data. Ed25519 has no digest of the caller's choice.
    pub(crate) fn made(&self, value: &Value, hash: Hash, data: &[u8]) -> bool {
        match (self, value) {
            (Self::Rsa { modulus, exponent }, Value::Bytes(number)) => {
                let parameters = match hash {
                    Hash::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
                    Hash::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
                    Hash::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
                    Hash::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
                };
                let (n, e) = (significant(modulus), significant(exponent));
                let Some(number) = padded(number, n.len()) else { return false };
                PublicKeyComponents { n, e }.verify(parameters, data, &number).is_ok()
            }
            (Self::Ecdsa(curve, point), Value::Pair(r, s)) => {
                let Some(algorithm) = ecdsa(*curve, hash) else { return false };
                let Some(pair) = der_pair(r, s) else { return false };
                UnparsedPublicKey::new(algorithm, point).verify(data, &pair).is_ok()
            }
            (Self::Ed25519(key), Value::Bytes(bytes)) => {
                UnparsedPublicKey::new(&ED25519, key).verify(data, bytes).is_ok()
            }
            _ => false,
        }
    }
}

fn ecdsa(curve: Curve, hash: Hash) -> Option<&'static EcdsaVerificationAlgorithm> {
    Some(match (curve, hash) {
        (_, Hash::Sha1) => return None,
        (Curve::P256, Hash::Sha256) => &ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha256) => &ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &ECDSA_P521_SHA512_ASN1,
    })
}

fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// A number in exactly so many bytes.
pub(crate) fn padded(number: &[u8], length: usize) -> Option<Vec<u8>> {
    let number = significant(number);
    let zeros = length.checked_sub(number.len())?;
    Some([vec![0; zeros].as_slice(), number].concat())
}

/// Two numbers as ASN.1 has them: a sequence of integers.
fn der_pair(r: &[u8], s: &[u8]) -> Option<Vec<u8>> {
    let integer = |number: &[u8]| -> Option<Vec<u8>> {
        let number = significant(number);
        let sign: &[u8] = if number.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
        let length = u8::try_from(sign.len() + number.len()).ok().filter(|length| *length < 0x80)?;
        Some([[0x02, length].as_slice(), sign, number].concat())
    };
    let content = [integer(r)?, integer(s)?].concat();
    let length = u8::try_from(content.len()).ok()?;
    let head: &[u8] = if length < 0x80 { &[0x30, length] } else { &[0x30, 0x81, length] };
    Some([head, content.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_sign_and_length() {
        assert_eq!(der_pair(&[0, 1], &[0x80]).unwrap(), [0x30, 7, 2, 1, 1, 2, 2, 0, 0x80]);
        let long = der_pair(&[0x7f; 66], &[0x7f; 66]).unwrap();
        assert_eq!(long[..3], [0x30, 0x81, 136]);
        assert_eq!(der_pair(&[1; 200], &[1]), None);
        assert_eq!(padded(&[0, 0, 5], 2).unwrap(), [0, 5]);
        assert_eq!(padded(&[1, 2, 3], 2), None);
    }
}
