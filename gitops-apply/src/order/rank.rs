use std::collections::HashMap;

use super::{Item, kind_rank};
use crate::hook::Phase;

/// Where an item stands but for its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rank<'a> {
    /// Its phase.
    pub(super) phase: Phase,
    /// Its wave.
    pub(super) wave: i64,
    removal: bool,
    kind: &'a str,
    group: &'a str,
}

impl<'a> Rank<'a> {
    fn of(item: &'a Item) -> Self {
        let Item { phase, wave, removal, id, .. } = item;
        Self { phase: *phase, wave: *wave, removal: *removal, kind: &id.kind, group: &id.group }
    }

    /// What ranks are ordered by: deletions come first, and their kinds in the reverse order.
    fn order(self) -> impl Ord + use<'a> {
        let kind = i64::try_from(kind_rank(self.kind)).unwrap_or(i64::MAX);
        let kind = if self.removal { -kind } else { kind };
        (self.phase, self.wave, !self.removal, kind, self.kind, self.group)
    }
}

/// Items by rank, name and namespace: what decides where no edge does.
pub(super) struct Ranking<'a> {
    /// The different ranks, in order.
    ranks: Vec<Rank<'a>>,
    /// For each item the place of its rank among them.
    numbers: Vec<usize>,
    /// Places of the items in this order.
    pub(super) sequence: Vec<usize>,
    /// Whether any item waits for another.
    pub(super) depends: bool,
}

impl<'a> Ranking<'a> {
    /// The phase and wave of the item at a place.
    pub(super) fn wave(&self, place: usize) -> Option<(Phase, i64)> {
        self.ranks.get(*self.numbers.get(place)?).map(|rank| (rank.phase, rank.wave))
    }

    /// Parts of a sequence in which all items have one rank.
    pub(super) fn runs<'s>(&self, sequence: &'s [usize]) -> impl Iterator<Item = &'s [usize]> {
        sequence.chunk_by(|a, b| self.numbers.get(*a) == self.numbers.get(*b))
    }
}

/// Ranks items.
///
/// All that is needed of an item is read at once: of many items, each look at one is a look at memory that no cache has. Then they
/// are dealt out by rank, so that what is left to sort fits the caches, however many there are.
pub(super) fn rank(items: &[Item]) -> Ranking<'_> {
    let mut seen: HashMap<Rank<'_>, usize> = HashMap::new();
    let (mut numbers, mut members) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    let mut depends = false;
    for (place, item) in items.iter().enumerate() {
        let next = seen.len();
        numbers.push(*seen.entry(Rank::of(item)).or_insert(next));
        members.push(Member { start: start(item.id.name.as_bytes()), place });
        depends |= !item.after.is_empty();
    }
    let ranks = in_order(seen, &mut numbers);
    let mut members = dealt(&members, &numbers, ranks.len());
    let mut sequence = Vec::with_capacity(items.len());
    for members in members.chunk_by_mut(|a, b| numbers.get(a.place) == numbers.get(b.place)) {
        by_name(items, members, &mut sequence);
    }
    Ranking { ranks, numbers, sequence, depends }
}

/// The ranks in order, of those that were seen and how many others before; `numbers` become places in this order.
fn in_order<'a>(seen: HashMap<Rank<'a>, usize>, numbers: &mut [usize]) -> Vec<Rank<'a>> {
    let mut ranks: Vec<(Rank<'_>, usize)> = seen.into_iter().collect();
    ranks.sort_by_cached_key(|(rank, _)| rank.order());
    let mut places = vec![0; ranks.len()];
    for (place, (_, seen)) in ranks.iter().enumerate() {
        places[*seen] = place;
    }
    numbers.iter_mut().for_each(|number| *number = places[*number]);
    ranks.into_iter().map(|(rank, _)| rank).collect()
}

/// An item among those of its rank.
#[derive(Clone, Copy, Default)]
struct Member {
    /// The first bytes of its name.
    start: u64,
    place: usize,
}

/// The members, those of the first rank first.
fn dealt(members: &[Member], numbers: &[usize], ranks: usize) -> Vec<Member> {
    let mut counts = vec![0; ranks];
    numbers.iter().for_each(|number| counts[*number] += 1);
    let mut next: Vec<usize> =
        counts.into_iter().scan(0, |dealt, count| Some(std::mem::replace(dealt, *dealt + count))).collect();
    let mut out = vec![Member::default(); members.len()];
    for (member, number) in members.iter().zip(numbers) {
        let slot = &mut next[*number];
        out[*slot] = *member;
        *slot += 1;
    }
    out
}

/// Puts the places of one rank's members in the order of their names and namespaces.
fn by_name(items: &[Item], members: &mut [Member], sequence: &mut Vec<usize>) {
    members.sort_unstable_by_key(|member| member.start);
    for alike in members.chunk_by(|a, b| a.start == b.start) {
        match alike {
            [alone] => sequence.push(alone.place),
            _ => {
                let mut alike: Vec<_> =
                    alike.iter().filter_map(|member| Some((items.get(member.place)?, member.place))).collect();
                sort_alike(&mut alike);
                sequence.extend(alike.into_iter().map(|(_, place)| place));
            }
        }
    }
}

/// Sorts items whose names start alike. Most comparisons end at eight bytes of the names, after those that all of them start with.
fn sort_alike(items: &mut [(&Item, usize)]) {
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
