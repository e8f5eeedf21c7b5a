//! OpenPGP: keys and signatures of version 4, which is what GnuPG makes.

mod armour;
mod certificate;
mod packet;
mod signature;

pub(crate) use certificate::Key;

use crate::algorithm::Hash;
use crate::error::KeyError;
use crate::found::{Found, Outcome, Validity};
use signature::Signature;

/// The keys of a text that can sign.
pub(crate) fn keys(armoured: &str) -> Result<Vec<Key>, KeyError> {
    let mut keys = Vec::new();
    let blocks = armour::blocks(armoured, "PUBLIC KEY BLOCK").map_err(KeyError::Malformed)?;
    if blocks.is_empty() {
        return Err(KeyError::NoKey);
    }
    for block in blocks {
        let packets = packet::packets(&block).map_err(KeyError::Malformed)?;
        certificate::read(&packets, &mut keys);
    }
    if keys.is_empty() { Err(KeyError::Unusable) } else { Ok(keys) }
}

/// What became of a signature over a document.
pub(crate) fn check(keys: &[Key], armoured: &str, payload: &[u8]) -> Found {
    let blocks = armour::blocks(armoured, "SIGNATURE").unwrap_or_default();
    let [block] = blocks.as_slice() else { return Found::bad("") };
    let packets = packet::packets(block).unwrap_or_default();
    let [packet] = packets.as_slice() else { return Found::bad("") };
    let Some(signature) = Signature::read_packet(packet) else { return Found::bad("") };
    let issuer = signature.issuer.map_or_else(String::new, |id| hexadecimal(&id));
    let possible: Vec<&Key> = keys.iter().filter(|key| signature.may_be_of(key)).collect();
    if possible.is_empty() {
        return Found::no_key(issuer);
    }
    let is_document = signature.kind == signature::DOCUMENT && !signature.is_obscure;
    // Whoever gives out documents to be signed could have two of one digest.
    if !is_document || signature.hash == Some(Hash::Sha1) {
        return Found::bad(issuer);
    }
    let (Some(created), ends) = (signature.created, signature.ends()) else { return Found::bad(issuer) };
    let made = |key: &&Key| created >= key.created && signature.made_by(&key.public, payload.to_vec());
    // Of several copies of a key, the one that was revoked counts.
    let maker = possible.into_iter().filter(made).max_by_key(|key| key.is_revoked);
    let Some(key) = maker else { return Found::bad(issuer) };
    let outcome = match key.can_sign {
        true => Outcome::Made(Validity {
            signature_ends: ends,
            key_begins: None,
            key_ends: key.ends,
            is_revoked: key.is_revoked,
        }),
        false => Outcome::Bad,
    };
    Found { key: hexadecimal(&key.id()), fingerprint: Some(hexadecimal(&key.fingerprint)), outcome }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
