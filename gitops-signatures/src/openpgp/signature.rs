//! Signatures (RFC 9580, section 5.2).

use gitops_core::Timestamp;

use super::certificate::{Key, moment};
use super::packet::{Packet, Reader, SIGNATURE};
use crate::algorithm::{Hash, PublicKey, Value, padded};

/// Kinds of signatures.
pub(super) const DOCUMENT: u8 = 0x00;
pub(super) const SUBKEY: u8 = 0x18;
pub(super) const PRIMARY_KEY: u8 = 0x19;
pub(super) const DIRECT: u8 = 0x1f;
pub(super) const KEY_REVOKED: u8 = 0x20;
pub(super) const SUBKEY_REVOKED: u8 = 0x28;

/// The highest bit of a subpacket's type: what it says must be understood.
const CRITICAL: u8 = 0x80;

#[derive(Clone, Debug)]
pub(super) struct Signature<'a> {
    pub(super) kind: u8,
    /// None where the digest is not supported.
    pub(super) hash: Option<Hash>,
    /// None where the algorithm is not supported.
    value: Option<Value>,
    /// What of it is signed too.
    hashed: &'a [u8],
    pub(super) created: Option<Timestamp>,
    lasts: u32,
    key_lasts: u32,
    pub(super) flags: Option<u8>,
    pub(super) issuer: Option<[u8; 8]>,
    fingerprint: Option<[u8; 20]>,
    /// The signature of a subkey within that of its primary key.
    pub(super) embedded: Option<&'a [u8]>,
    /// Whether it says something that must be understood, and is not.
    pub(super) is_obscure: bool,
}

impl<'a> Signature<'a> {
    pub(super) fn read_packet(packet: &Packet<'a>) -> Option<Self> {
        (packet.tag == SIGNATURE).then(|| Self::read(packet.body)).flatten()
    }

    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let [version, kind, algorithm, hash] = *reader.take(4)? else { return None };
        if version != 4 {
            return None;
        }
        let length = reader.number(2)?;
        let signed = reader.take(length)?;
        let hashed = body.get(..6 + length)?;
        let length = reader.number(2)?;
        let unsigned = reader.take(length)?;
        reader.take(2)?;
        let mut signature = Self {
            kind,
            hash: match hash {
                2 => Some(Hash::Sha1),
                8 => Some(Hash::Sha256),
                9 => Some(Hash::Sha384),
                10 => Some(Hash::Sha512),
                _ => None,
            },
            value: value(algorithm, reader),
            hashed,
            created: None,
            lasts: 0,
            key_lasts: 0,
            flags: None,
            issuer: None,
            fingerprint: None,
            embedded: None,
            is_obscure: false,
        };
        signature.subpackets(signed, true)?;
        signature.subpackets(unsigned, false)?;
        Some(signature)
    }

    /// Takes in what is said; of what is not signed only what proves itself.
    fn subpackets(&mut self, bytes: &'a [u8], is_signed: bool) -> Option<()> {
        let mut reader = Reader(bytes);
        while !reader.0.is_empty() {
            let length = reader.subpacket_length()?;
            let (kind, content) = reader.take(length)?.split_first()?;
            let number = || Reader(content).number(4).and_then(|number| u32::try_from(number).ok());
            match (kind & !CRITICAL, is_signed) {
                (2, true) => self.created = Some(moment(number()?)?),
                (3, true) => self.lasts = number()?,
                (9, true) => self.key_lasts = number()?,
                (16, _) => self.issuer = self.issuer.or(content.try_into().ok()),
                (27, true) => self.flags = Some(content.first().copied().unwrap_or_default()),
                (32, _) => self.embedded = Some(content),
                (33, _) if content.first() == Some(&4) => {
                    let fingerprint: [u8; 20] = content.get(1..)?.try_into().ok()?;
                    self.fingerprint = self.fingerprint.or(Some(fingerprint));
                    self.issuer = fingerprint.last_chunk().copied();
                }
                // Whether others may certify, preferences, reasons and notes for people: nothing that bears on what is checked here.
                (4..=7 | 11 | 12 | 21..=31 | 34 | 35, true) => {}
                (_, true) => self.is_obscure |= kind & CRITICAL != 0,
                (_, false) => {}
            }
        }
        Some(())
    }

    /// Whether it names this key, or none at all.
    pub(super) fn may_be_of(&self, key: &Key) -> bool {
        match (self.fingerprint, self.issuer) {
            (Some(fingerprint), _) => fingerprint == key.fingerprint,
            (None, Some(issuer)) => issuer == key.id(),
            (None, None) => false,
        }
    }

    /// When its own time is over.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        after(self.created?, self.lasts)
    }

    /// When the time of a key that was created then is over by it.
    pub(super) fn key_ends(&self, created: Timestamp) -> Option<Timestamp> {
        after(created, self.key_lasts)
    }

    /// Whether a key made it over data.
    pub(super) fn made_by(&self, key: &PublicKey, mut data: Vec<u8>) -> bool {
        let (Some(hash), Some(value)) = (self.hash, &self.value) else { return false };
        let Ok(length) = u32::try_from(self.hashed.len()) else { return false };
        data.extend_from_slice(self.hashed);
        data.extend_from_slice(&[4, 0xff]);
        data.extend_from_slice(&length.to_be_bytes());
        match key {
            // What is signed is the digest.
            PublicKey::Ed25519(_) => key.made(value, hash, &hash.of(&data)),
            PublicKey::Rsa { .. } | PublicKey::Ecdsa(..) => key.made(value, hash, &data),
        }
    }
}

fn after(moment: Timestamp, seconds: u32) -> Option<Timestamp> {
    (seconds > 0).then(|| moment.checked_add(jiff::SignedDuration::from_secs(i64::from(seconds))).ok()).flatten()
}

fn value(algorithm: u8, mut reader: Reader<'_>) -> Option<Value> {
    Some(match algorithm {
        1 | 3 => Value::Bytes(reader.integer()?.to_vec()),
        19 => Value::Pair(reader.integer()?.to_vec(), reader.integer()?.to_vec()),
        22 => Value::Bytes([padded(reader.integer()?, 32)?, padded(reader.integer()?, 32)?].concat()),
        27 => Value::Bytes(reader.take(64)?.to_vec()),
        _ => return None,
    })
}
