//! Packets and the numbers in them (RFC 9580, sections 3 and 4).

pub(super) const SIGNATURE: u8 = 2;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const USER_ID: u8 = 13;
pub(super) const PUBLIC_SUBKEY: u8 = 14;
pub(super) const USER_ATTRIBUTE: u8 = 17;

/// A packet: what it is, and its content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
}

/// The packets that these bytes are. Lengths that are not said beforehand are none of keys and signatures.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<Packet<'_>>, &'static str> {
    let mut reader = Reader(bytes);
    let mut packets = Vec::new();
    while !reader.0.is_empty() {
        packets.push(packet(&mut reader).ok_or("a packet is cut short or of unknown length")?);
    }
    Ok(packets)
}

fn packet<'a>(reader: &mut Reader<'a>) -> Option<Packet<'a>> {
    let head = reader.byte()?;
    let (tag, length) = match head & 0xc0 {
        0xc0 => (head & 0x3f, reader.length()?),
        0x80 => {
            let bytes = match head & 0x03 {
                0 => 1,
                1 => 2,
                2 => 4,
                _ => return None,
            };
            ((head >> 2) & 0x0f, reader.number(bytes)?)
        }
        _ => return None,
    };
    Some(Packet { tag, body: reader.take(length)? })
}

/// Reads from the front of bytes; nothing where they end before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A number of up to four bytes, the highest first.
    pub(super) fn number(&mut self, bytes: usize) -> Option<usize> {
        let bytes = self.take(bytes)?;
        Some(bytes.iter().fold(0, |number, byte| (number << 8) | usize::from(*byte)))
    }

    /// The length of a packet or subpacket; none for one that comes in parts.
    pub(super) fn length(&mut self) -> Option<usize> {
        match self.byte()? {
            first @ ..192 => Some(usize::from(first)),
            first @ 192..224 => Some(((usize::from(first) - 192) << 8) + usize::from(self.byte()?) + 192),
            255 => self.number(4),
            _ => None,
        }
    }

    /// The length of a subpacket, of which none come in parts.
    pub(super) fn subpacket_length(&mut self) -> Option<usize> {
        match *self.0.first()? {
            224..=254 => Some(((usize::from(self.byte()?) - 192) << 8) + usize::from(self.byte()?) + 192),
            _ => self.length(),
        }
    }

    /// A number with its bits counted before it.
    pub(super) fn integer(&mut self) -> Option<&'a [u8]> {
        let bits = self.number(2)?;
        self.take(bits.div_ceil(8))
    }
}
