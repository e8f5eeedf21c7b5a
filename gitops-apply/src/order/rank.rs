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

/// Each item's rank.
pub(super) fn ranks(items: &[Item]) -> Vec<Rank> {
    let waves = numbered(items, |item| (item.phase, item.wave), |wave| wave);
    let kinds = numbered(
        items,
        |item| (item.removal, item.id.kind.as_str(), item.id.group.as_str()),
        |(removal, kind, group)| {
            let rank = i64::try_from(kind_rank(kind)).unwrap_or(i64::MAX);
            (!removal, if removal { -rank } else { rank }, kind, group)
        },
    );
    waves.into_iter().zip(kinds).map(|(wave, kind)| Rank { wave, kind }).collect()
}

/// Each item's number of a value that few others are of, in the order of the values' keys.
fn numbered<'a, Value: Copy + Eq + Hash, Key: Ord>(
    items: &'a [Item],
    value: impl Fn(&'a Item) -> Value,
    key: impl Fn(Value) -> Key,
) -> Vec<u32> {
    let (mut seen, mut numbers) = (HashMap::new(), Vec::with_capacity(items.len()));
    for item in items {
        let next = seen.len();
        numbers.push(*seen.entry(value(item)).or_insert(next));
    }
    let mut values: Vec<(Value, usize)> = seen.into_iter().collect();
    values.sort_by_cached_key(|(value, _)| key(*value));
    let mut ordered = vec![0; values.len()];
    for (number, (_, seen)) in (0..).zip(values) {
        if let Some(slot) = ordered.get_mut(seen) {
            *slot = number;
        }
    }
    numbers.into_iter().filter_map(|seen| ordered.get(seen)).copied().collect()
}

/// Places of items by rank, name and namespace: what decides where no edge does.
pub(super) fn ranked(items: &[Item], ranks: &[Rank]) -> Vec<usize> {
    let mut places: Vec<(Rank, usize)> = ranks.iter().copied().zip(0..).collect();
    places.sort_unstable();
    let mut ranked = Vec::with_capacity(places.len());
    let mut alike = Vec::new();
    for members in places.chunk_by(|a, b| a.0 == b.0) {
        alike.extend(members.iter().filter_map(|(_, place)| Some((items.get(*place)?, *place))));
        by_name(&mut alike);
        ranked.extend(alike.drain(..).map(|(_, place)| place));
    }
    ranked
}

/// Sorts items of one rank. Most comparisons end at eight bytes of the names, after those that all of them start with.
fn by_name(items: &mut [(&Item, usize)]) {
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
