//! Keys with what they say of themselves (RFC 9580, sections 5.5 and 10.1).

use gitops_core::Timestamp;

use super::packet::{PUBLIC_KEY, PUBLIC_SUBKEY, Packet, Reader, USER_ATTRIBUTE, USER_ID};
use super::signature::{DIRECT, KEY_REVOKED, PRIMARY_KEY, SUBKEY, SUBKEY_REVOKED, Signature};
use crate::algorithm::{Curve, Hash, PublicKey};

/// What a key may be used for: to sign data.
const SIGNS: u8 = 0x02;

/// A key or subkey that its owner's primary key vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(super) fingerprint: [u8; 20],
    pub(super) public: PublicKey,
    pub(super) created: Timestamp,
    pub(super) ends: Option<Timestamp>,
    pub(super) is_revoked: bool,
    pub(super) can_sign: bool,
}

impl Key {
    /// What it is called: the last eight bytes of its fingerprint.
    pub(super) fn id(&self) -> [u8; 8] {
        let [_, _, _, _, _, _, _, _, _, _, _, _, id @ ..] = self.fingerprint;
        id
    }
}

/// A key packet of a certificate.
struct Part<'a> {
    body: &'a [u8],
    created: Timestamp,
    /// None where the algorithm is not supported or makes no signatures.
    public: Option<PublicKey>,
    /// The newest signature of the primary key that says what this one is for.
    binding: Option<Signature<'a>>,
    is_revoked: bool,
}

/// Takes in the keys of a certificate, or several in a row.
pub(super) fn read(packets: &[Packet<'_>], keys: &mut Vec<Key>) {
    let mut rest = packets;
    while let Some(begin) = rest.iter().position(|packet| packet.tag == PUBLIC_KEY) {
        let (_, from) = rest.split_at(begin);
        let length = from.iter().skip(1).position(|packet| packet.tag == PUBLIC_KEY).map_or(from.len(), |at| at + 1);
        let (certificate, others) = from.split_at(length);
        keys.extend(one(certificate).unwrap_or_default());
        rest = others;
    }
}

fn one(packets: &[Packet<'_>]) -> Option<Vec<Key>> {
    let (first, others) = packets.split_first()?;
    let mut primary = Part::read(first.body)?;
    let owner = primary.public.clone()?;
    let mut subkeys: Vec<Option<Part<'_>>> = Vec::new();
    // What the next signatures are about: the key itself, or a name of it.
    let mut about = Some(hashed_key(first.body)?);
    let mut is_name = false;
    for packet in others {
        match packet.tag {
            USER_ID | USER_ATTRIBUTE => {
                is_name = true;
                about = hashed_name(first.body, packet);
            }
            PUBLIC_SUBKEY => subkeys.push(Part::read(packet.body)),
            _ => {
                let Some(signature) = Signature::read_packet(packet) else { continue };
                match subkeys.last_mut() {
                    Some(Some(subkey)) => subkey.bind(signature, first.body, &owner),
                    Some(None) => {}
                    None => {
                        if let Some(about) = &about {
                            primary.describe(signature, about, is_name, &owner);
                        }
                    }
                }
            }
        }
    }
    let (ends, is_revoked) = (primary.ends()?, primary.is_revoked);
    let mut keys = vec![primary.key()?];
    for mut key in subkeys.into_iter().flatten().filter_map(Part::key) {
        // A subkey is worth no more than its primary key.
        key.is_revoked |= is_revoked;
        key.ends = [key.ends, ends].into_iter().flatten().min();
        keys.push(key);
    }
    Some(keys)
}

impl<'a> Part<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(body);
        if reader.byte()? != 4 {
            return None;
        }
        let created = moment(u32::try_from(reader.number(4)?).ok()?)?;
        Some(Self { body, created, public: public(reader), binding: None, is_revoked: false })
    }

    /// Takes in what the primary key says of itself.
    fn describe(&mut self, signature: Signature<'a>, about: &[u8], is_name: bool, owner: &PublicKey) {
        let fits = match signature.kind {
            KEY_REVOKED | DIRECT => !is_name,
            0x10..=0x13 => is_name,
            _ => false,
        };
        if !fits || !signature.made_by(owner, about.to_vec()) {
            return;
        }
        match signature.kind {
            KEY_REVOKED => self.is_revoked = true,
            _ => self.take(signature),
        }
    }

    /// Takes in what the primary key says of this subkey. One that signs must say so as well, or somebody could call the subkey
    /// of another their own.
    fn bind(&mut self, signature: Signature<'a>, primary: &[u8], owner: &PublicKey) {
        let Some(about) =
            hashed_key(primary).zip(hashed_key(self.body)).map(|(first, second)| [first, second].concat())
        else {
            return;
        };
        if !signature.made_by(owner, about.clone()) {
            return;
        }
        match signature.kind {
            SUBKEY_REVOKED => self.is_revoked = true,
            SUBKEY => {
                let back = signature.embedded.and_then(Signature::read);
                let agrees = |back: &Signature<'_>| {
                    back.kind == PRIMARY_KEY && self.public.as_ref().is_some_and(|key| back.made_by(key, about))
                };
                let mut signature = signature;
                if !back.as_ref().is_some_and(agrees) {
                    signature.flags = Some(signature.flags.unwrap_or_default() & !SIGNS);
                }
                self.take(signature);
            }
            _ => {}
        }
    }

    /// The newest counts. One that says what is not understood says nothing.
    fn take(&mut self, signature: Signature<'a>) {
        let is_newer = self.binding.as_ref().is_none_or(|known| known.created <= signature.created);
        if !signature.is_obscure && signature.created.is_some() && is_newer {
            self.binding = Some(signature);
        }
    }

    /// When it is over, where it ever is; nothing where nobody vouches for it.
    fn ends(&self) -> Option<Option<Timestamp>> {
        let binding = self.binding.as_ref()?;
        Some([binding.key_ends(self.created), binding.ends()].into_iter().flatten().min())
    }

    fn key(self) -> Option<Key> {
        let ends = self.ends()?;
        let can_sign = self.binding?.flags.is_none_or(|flags| flags & SIGNS != 0);
        let digest = Hash::Sha1.of(&hashed_key(self.body)?);
        Some(Key {
            fingerprint: digest.try_into().ok()?,
            public: self.public?,
            created: self.created,
            ends,
            is_revoked: self.is_revoked,
            can_sign,
        })
    }
}

/// A key as it is signed and called by.
fn hashed_key(body: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(body.len()).ok()?;
    Some([[0x99].as_slice(), length.to_be_bytes().as_slice(), body].concat())
}

/// A key's name as it is signed.
fn hashed_name(primary: &[u8], name: &Packet<'_>) -> Option<Vec<u8>> {
    let mark = if name.tag == USER_ID { 0xb4 } else { 0xd1 };
    let length = u32::try_from(name.body.len()).ok()?;
    let key = hashed_key(primary)?;
    Some([key.as_slice(), &[mark], length.to_be_bytes().as_slice(), name.body].concat())
}

fn public(mut reader: Reader<'_>) -> Option<PublicKey> {
    match reader.byte()? {
        1 | 3 => Some(PublicKey::Rsa { modulus: reader.integer()?.to_vec(), exponent: reader.integer()?.to_vec() }),
        19 => {
            let length = usize::from(reader.byte()?);
            let curve = match reader.take(length)? {
                [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Curve::P256,
                [0x2b, 0x81, 0x04, 0x00, 0x22] => Curve::P384,
                [0x2b, 0x81, 0x04, 0x00, 0x23] => Curve::P521,
                _ => return None,
            };
            Some(PublicKey::Ecdsa(curve, reader.integer()?.to_vec()))
        }
        22 => {
            let length = usize::from(reader.byte()?);
            let is_ed25519 = reader.take(length)? == [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
            let point = reader.integer()?.strip_prefix(&[0x40])?;
            (is_ed25519 && point.len() == 32).then(|| PublicKey::Ed25519(point.to_vec()))
        }
        27 => Some(PublicKey::Ed25519(reader.take(32)?.to_vec())),
        _ => None,
    }
}

pub(super) fn moment(seconds: u32) -> Option<Timestamp> {
    Timestamp::from_second(i64::from(seconds)).ok()
}
