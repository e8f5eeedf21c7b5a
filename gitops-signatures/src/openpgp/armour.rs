//! ASCII armour (RFC 9580, section 6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The bytes of every block of a kind in a text. Checksums are not looked at: signatures show what was changed.
pub(super) fn blocks(text: &str, kind: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    let (begin, end) = (format!("-----BEGIN PGP {kind}-----"), format!("-----END PGP {kind}-----"));
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while lines.any(|line| line == begin) {
        let mut encoded = String::new();
        let mut is_checksum_seen = false;
        loop {
            let line = lines.next().ok_or("the armour has no end")?;
            if line == end {
                break;
            }
            let is_header = encoded.is_empty() && line.contains(':');
            if line.is_empty() || is_header {
                continue;
            }
            if is_checksum_seen {
                return Err("the armour goes on behind its checksum");
            }
            match line.starts_with('=') {
                true => is_checksum_seen = true,
                false => encoded.push_str(line),
            }
        }
        blocks.push(STANDARD.decode(encoded).map_err(|_| "the armour is not base64")?);
    }
    Ok(blocks)
}
