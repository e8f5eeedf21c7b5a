//! What one replica at a time works at, and who that should be.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::operator::Key;

/// What one replica at a time works at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shard {
    /// All ApplicationSets.
    Sets,
    /// The Applications of this number.
    Applications(u32),
}

impl Shard {
    /// All shards where Applications are parted into so many.
    pub(crate) fn all(count: u32) -> impl Iterator<Item = Self> {
        std::iter::once(Self::Sets).chain((0..count).map(Self::Applications))
    }

    /// The shard of an Application, the same on every machine and in every version.
    pub fn of(application: &Key, count: u32) -> Self {
        Self::Applications(u32::try_from(hash(&[&application.to_string()]) % u64::from(count.max(1))).unwrap_or(0))
    }

    /// The shard that a name stands for.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.strip_prefix("applications-") {
            Some(number) => number.parse().ok().map(Self::Applications),
            None => (name == "sets").then_some(Self::Sets),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sets => out.write_str("sets"),
            Self::Applications(number) => write!(out, "applications-{number}"),
        }
    }
}

/// Who should hold which shard: rendezvous hashing, so that little moves when a replica comes or goes, with an equal part for
/// each. `members` are in an order that all replicas share.
pub(crate) fn assign<'a>(count: u32, members: &[&'a str]) -> BTreeMap<Shard, &'a str> {
    let shards: Vec<Shard> = Shard::all(count).collect();
    let most = shards.len().div_ceil(members.len().max(1));
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut assigned = BTreeMap::new();
    for shard in shards {
        let name = shard.to_string();
        let has_room = |member: &&&str| parts.get(**member).copied().unwrap_or_default() < most;
        let Some(member) = members.iter().filter(has_room).max_by_key(|member| hash(&[&name, member])) else {
            continue;
        };
        *parts.entry(member).or_default() += 1;
        assigned.insert(shard, *member);
    }
    assigned
}

fn hash(parts: &[&str]) -> u64 {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    digest.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for shard in Shard::all(12) {
            assert_eq!(Shard::named(&shard.to_string()), Some(shard));
        }
        assert_eq!(Shard::named("applications-x"), None);
        assert_eq!(Shard::named("other"), None);
    }

    #[test]
    fn applications_are_spread_over_all_shards() {
        let mut counts = BTreeMap::new();
        for number in 0..8_000 {
            *counts.entry(Shard::of(&Key::new("argocd", format!("web-{number}")), 8)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 8);
        assert!(counts.values().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }

    #[test]
    fn everybody_has_an_equal_part_and_little_moves() {
        let (two, three) = (assign(17, &["a", "b"]), assign(17, &["a", "b", "c"]));
        let part = |assigned: &BTreeMap<Shard, &str>, of: &str| assigned.values().filter(|one| **one == of).count();
        assert_eq!([part(&two, "a"), part(&two, "b")], [9, 9]);
        assert_eq!(["a", "b", "c"].map(|one| part(&three, one)), [6, 6, 6]);
        let moved = two.iter().filter(|(shard, member)| three.get(shard) != Some(member)).count();
        assert!(moved <= 9, "{moved}");
        assert!(assign(3, &[]).is_empty());
    }
}
