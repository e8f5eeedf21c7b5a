use std::collections::HashMap;

/// The lines of a map's keys, found again only when a key is set twice: keys are kept as hashes, so that none is copied.
#[derive(Default)]
pub(crate) struct KeyLines {
    lines: Vec<(u64, usize)>,
    /// The first line of each key; made when it is first asked for, and complete up to `indexed`.
    first: HashMap<u64, usize>,
    indexed: usize,
}

impl KeyLines {
    pub(crate) fn push(&mut self, key: &str, line: usize) {
        self.lines.push((hash(key), line));
    }

    /// The first line in which a key is set.
    pub(crate) fn first(&mut self, key: &str) -> Option<usize> {
        for (hash, line) in self.lines.get(self.indexed..).unwrap_or_default() {
            self.first.entry(*hash).or_insert(*line);
        }
        self.indexed = self.lines.len();
        self.first.get(&hash(key)).copied()
    }
}

/// FNV-1a: two keys of one hash would only have a warning name a wrong line.
fn hash(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
