//! Where `printf` writes, and how one verb pads and cuts what it writes.

use crate::syntax::character::first;

/// What stands between the percent sign of a verb and its letter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    /// Zero where none is given, which pads nothing either.
    pub(super) width: usize,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`, which names fields and gives numbers no sign.
    pub(super) plus_v: bool,
    /// `%#v`, which writes values as Go's source has them.
    pub(super) sharp_v: bool,
}

impl Flags {
    /// Whether `%v` with them is no other than `%v` alone.
    pub(super) fn are_plain(&self) -> bool {
        let marked = self.minus || self.plus || self.sharp || self.space || self.zero || self.plus_v || self.sharp_v;
        self.width == 0 && self.precision.is_none() && !marked
    }
}

/// What has been printed so far.
pub(super) struct Printer {
    pub(super) out: Vec<u8>,
    /// Printing stops once there are more bytes than this.
    pub(super) limit: usize,
    pub(super) flags: Flags,
    /// Inside of what is written for a wrong verb, where no methods are called.
    pub(super) erroring: bool,
}

impl Printer {
    pub(super) fn new(limit: usize) -> Self {
        Self { out: Vec::new(), limit, flags: Flags::default(), erroring: false }
    }

    /// Whether there is more than was allowed.
    pub(super) fn is_full(&self) -> bool {
        self.out.len() > self.limit
    }

    pub(super) fn push(&mut self, bytes: impl AsRef<[u8]>) {
        self.out.extend_from_slice(bytes.as_ref());
    }

    pub(super) fn push_char(&mut self, character: char) {
        self.push(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    pub(super) fn fill(&mut self, count: usize, zero: bool) {
        // Nothing is padded with zeros on its right.
        let byte = if zero && !self.flags.minus { b'0' } else { b' ' };
        self.out.resize(self.out.len() + count, byte);
    }

    /// Bytes, padded to the width, with zeros where the flag asks for them.
    pub(super) fn pad(&mut self, bytes: &[u8]) {
        self.pad_with(bytes, self.flags.zero);
    }

    /// Bytes, padded to the width.
    pub(super) fn pad_with(&mut self, bytes: &[u8], zero: bool) {
        if self.flags.width == 0 {
            return self.push(bytes);
        }
        let missing = self.flags.width.saturating_sub(count(bytes));
        if self.flags.minus {
            self.push(bytes);
            self.fill(missing, zero);
        } else {
            self.fill(missing, zero);
            self.push(bytes);
        }
    }

    /// No more characters of a text than the precision says.
    pub(super) fn cut<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(characters) = self.flags.precision else { return text };
        let mut length = 0;
        for _ in 0..characters {
            match first(text.get(length..).unwrap_or_default()) {
                Some((_, size)) => length += size,
                None => return text,
            }
        }
        text.get(..length).unwrap_or(text)
    }

    pub(super) fn boolean(&mut self, truth: bool) {
        self.pad(if truth { b"true" } else { b"false" });
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        let cut = self.cut(text);
        self.pad(cut);
    }
}

/// How many characters there are; a byte that is not UTF-8 counts as one.
fn count(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().count(),
        Err(_) => {
            let (mut rest, mut count) = (bytes, 0);
            while let Some((_, size)) = first(rest) {
                rest = rest.get(size..).unwrap_or_default();
                count += 1;
            }
            count
        }
    }
}
