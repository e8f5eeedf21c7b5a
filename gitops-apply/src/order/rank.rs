use std::collections::HashMap;
use std::hash::Hash;

use super::{Item, kind_rank};

/// Where an item stands but for its name. Numbers in the place of phase, wave and kind, since ordering reads them again and
/// again, and the words lie all over the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// The number of its phase and wave.
    pub(super) wave: u32,
    /// The number of its kind: deletions first, and their kinds in the reverse order.
    pub(super) kind: u32,
}

/// What decides about an item's place. All that is needed of an item is read at once: of many, each look at one is a look at
/// memory that no cache has.
#[derive(Clone, Copy)]
struct Key {
    rank: Rank,
    /// The first bytes of its name.
    start: u64,
    place: usize,
}

/// Items by rank, name and namespace: what decides where no edge does.
pub(super) struct Ranking {
    /// Each item's rank, by place.
    pub(super) ranks: Vec<Rank>,
    /// Places of the items in this order.
    pub(super) sequence: Vec<usize>,
    /// Whether any item waits for another.
    pub(super) depends: bool,
}

/// Ranks items.
pub(super) fn rank(items: &[Item]) -> Ranking {
    let (mut waves, mut kinds, mut depends) = (Numbers::default(), Numbers::default(), false);
    let mut keys = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let wave = waves.number((item.phase, item.wave));
        let kind = kinds.number((item.removal, item.id.kind.as_str(), item.id.group.as_str()));
        keys.push(Key { rank: Rank { wave, kind }, start: start(item.id.name.as_bytes()), place });
        depends |= !item.after.is_empty();
    }
    let waves = waves.ordered(|wave| wave);
    let kinds = kinds.ordered(|(removal, kind, group)| {
        let rank = i64::try_from(kind_rank(kind)).unwrap_or(i64::MAX);
        (!removal, if removal { -rank } else { rank }, kind, group)
    });
    for Key { rank, .. } in &mut keys {
        *rank = Rank { wave: ordered(&waves, rank.wave), kind: ordered(&kinds, rank.kind) };
    }
    let ranks = keys.iter().map(|key| key.rank).collect();
    // By radix, since comparing would take longer for each item the more there are.
    radsort::sort_by_key(&mut keys, |key| (key.rank.wave, key.rank.kind, key.start));
    Ranking { ranks, sequence: by_name(items, &keys), depends }
}

/// Numbers of values that few items differ in.
struct Numbers<Value>(HashMap<Value, u32>);

impl<Value> Default for Numbers<Value> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<Value: Copy + Eq + Hash> Numbers<Value> {
    /// A value's number: how many others were seen before it.
    fn number(&mut self, value: Value) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(value).or_insert(next)
    }

    /// For each number the one that its value has in the order of the values' keys.
    fn ordered<Key: Ord>(self, key: impl Fn(Value) -> Key) -> Vec<u32> {
        let mut values: Vec<(Value, u32)> = self.0.into_iter().collect();
        values.sort_by_cached_key(|(value, _)| key(*value));
        let mut ordered: Vec<(u32, u32)> = values.into_iter().map(|(_, seen)| seen).zip(0..).collect();
        ordered.sort_unstable();
        ordered.into_iter().map(|(_, number)| number).collect()
    }
}

fn ordered(numbers: &[u32], seen: u32) -> u32 {
    usize::try_from(seen).ok().and_then(|seen| numbers.get(seen)).copied().unwrap_or(seen)
}

/// Places by whole names and namespaces, of keys that are sorted by rank and the names' first bytes.
fn by_name(items: &[Item], keys: &[Key]) -> Vec<usize> {
    let mut sequence = Vec::with_capacity(keys.len());
    let mut alike = Vec::new();
    for members in keys.chunk_by(|a, b| a.rank == b.rank && a.start == b.start) {
        match members {
            [alone] => sequence.push(alone.place),
            _ => {
                alike.extend(members.iter().filter_map(|key| Some((items.get(key.place)?, key.place))));
                sort_by_name(&mut alike);
                sequence.extend(alike.drain(..).map(|(_, place)| place));
            }
        }
    }
    sequence
}

/// Sorts items of one rank. Most comparisons end at eight bytes of the names, after those that all of them start with.
fn sort_by_name(items: &mut [(&Item, usize)]) {
    let Some(((first, _), others)) = items.split_first() else { return };
    let shared = others.iter().fold(first.id.name.len(), |shared, (item, _)| {
        let alike = first.id.name.bytes().zip(item.id.name.bytes()).take(shared);
        alike.take_while(|(a, b)| a == b).count()
    });
    items.sort_by_cached_key(|(item, place)| {
        let (name, namespace) = (item.id.name.as_str(), item.id.namespace.as_deref());
        (start(name.as_bytes().get(shared..).unwrap_or_default()), name, namespace, *place)
    });
}

/// The first eight bytes as a number that sorts as they do.
fn start(name: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(name).for_each(|(slot, byte)| *slot = *byte);
    u64::from_be_bytes(bytes)
}
