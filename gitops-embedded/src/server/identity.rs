//! Names and UIDs that the server makes.

use rand::RngExt as _;

/// Characters of generated names: no vowels, so that no words come out.
const CHARACTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Characters that are added to a `generateName`.
const SUFFIX: usize = 5;
/// The longest name of which a `generateName` becomes a part.
const MAX_NAME: usize = 63;

/// A random UID (version 4).
pub(crate) fn new_uid() -> String {
    let mut bytes: [u8; 16] = rand::rng().random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// A name that starts with this.
pub(crate) fn generated_name(prefix: &str) -> String {
    let mut random = rand::rng();
    let suffix = (0..SUFFIX).map(|_| character(random.random_range(0..CHARACTERS.len() as u64)));
    let prefix: String = prefix.chars().take(MAX_NAME - SUFFIX).collect();
    prefix + &suffix.collect::<String>()
}

/// A suffix that follows from a text.
pub(crate) fn suffix(text: &str, length: usize) -> String {
    // FNV-1a, the same on every machine.
    let mut hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut out = String::with_capacity(length);
    for _ in 0..length {
        out.push(character(hash % CHARACTERS.len() as u64));
        hash /= CHARACTERS.len() as u64;
    }
    out
}

fn character(index: u64) -> char {
    CHARACTERS.get(index as usize).map_or('x', |byte| char::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_and_names_have_their_form() {
        let uid = new_uid();
        assert_eq!(uid.len(), 36);
        assert_eq!(uid.as_bytes()[14], b'4');
        assert_ne!(uid, new_uid());
        let name = generated_name("job-");
        assert!(name.starts_with("job-") && name.len() == 9, "{name}");
        assert_eq!(generated_name(&"x".repeat(300)).len(), MAX_NAME);
        assert_eq!(suffix("a", 10).len(), 10);
    }
}
