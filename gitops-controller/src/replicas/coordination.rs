//! What one replica knows of the others and holds, and what it does next: a state machine over a clock that is given.
//!
//! A replica renews its own Lease, and may write for `deadline` after it began to do so. Another one takes a shard when it has
//! seen the holder's Lease unmoved for the whole `duration` that this Lease says, from when an answer showed it to when a later
//! question was asked; since `deadline` is shorter, the holder stopped before. A shard is taken by changing its Lease in the
//! state that was seen, so that of two only one succeeds, and a replica whose time ran out takes its shards anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::lease::{Lease, Name, Version};
use super::shard::{Shard, assign};

/// A moment on the replica's own clock, since it started.
pub(super) type Moment = Duration;

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// For how long others believe a replica to live that they do not hear of.
    pub(super) duration: Duration,
    /// For how long a replica writes without having renewed.
    pub(super) deadline: Duration,
    /// How often it renews, and looks at the others.
    pub(super) period: Duration,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Take a shard, whose Lease is in this state, or not there.
    Take(Shard, Option<Version>),
    /// Give away a shard that is not worked at.
    Release(Shard, Version),
    /// End the work at a shard: another replica is to hold it.
    Drain(Shard),
    /// A shard was lost.
    Lose(Shard),
    /// Delete the Lease, with this UID, of a replica that is gone.
    Forget(String, String),
}

/// What was last seen of a replica's Lease.
#[derive(Clone, Debug)]
struct Sighting {
    /// None for one that is only named as a holder.
    version: Option<Version>,
    since: Moment,
    duration: Duration,
    shards: Option<u32>,
}

#[derive(Clone, Debug)]
struct Held {
    version: Version,
    /// Since when it is to be given away.
    draining: Option<Moment>,
}

/// One replica.
#[derive(Debug)]
pub(super) struct Coordination {
    identity: String,
    /// What tells its own Lease from one that another process of the same identity wrote.
    token: String,
    count: u32,
    times: Times,
    mine: Option<Version>,
    /// A Lease of its name that it did not write, and since when that is unmoved.
    namesake: Option<(Version, Moment)>,
    /// Until when it may write; none where that is over.
    until: Option<Moment>,
    /// The UID of the Lease whose renewals that follows from.
    term: String,
    /// Since when each shard's Lease is in the state in which it was last seen.
    unmoved: BTreeMap<Shard, (Version, Moment)>,
    seen: BTreeMap<String, Sighting>,
    held: BTreeMap<Shard, Held>,
    /// When a holder will have been silent for too long.
    expected: Option<Moment>,
    leaving: bool,
}

impl Coordination {
    pub(super) fn new(identity: String, token: String, count: u32, times: Times) -> Self {
        Self {
            identity,
            token,
            count,
            times,
            mine: None,
            namesake: None,
            until: None,
            term: String::new(),
            unmoved: BTreeMap::new(),
            seen: BTreeMap::new(),
            held: BTreeMap::new(),
            expected: None,
            leaving: false,
        }
    }

    /// What its own Lease is to name as holder.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The state in which the replica's own Lease was last written.
    pub(super) fn mine(&self) -> Option<&Version> {
        self.mine.as_ref()
    }

    /// Until when it may write.
    pub(super) fn until(&self) -> Option<Moment> {
        self.until
    }

    /// The shards that it holds.
    pub(super) fn held(&self) -> impl Iterator<Item = Shard> {
        self.held.keys().copied()
    }

    /// When to look again, after a round that began at a moment.
    pub(super) fn next(&self, begun: Moment) -> Moment {
        let usual = begun + self.times.period;
        self.expected.filter(|at| *at > begun).map_or(usual, |at| at.min(usual))
    }

    /// Shards that should have been given away, and were not in time.
    pub(super) fn overdue(&self, now: Moment) -> impl Iterator<Item = Shard> {
        let late =
            move |held: &Held| held.draining.is_some_and(|since| now.saturating_sub(since) >= self.times.duration);
        self.held.iter().filter(move |(_, held)| late(held)).map(|(shard, _)| *shard)
    }

    /// From now on it takes nothing any more.
    pub(super) fn leave(&mut self) {
        self.leaving = true;
    }

    /// Gives up what is held where its time is over.
    pub(super) fn lapse(&mut self, now: Moment) -> Vec<Step> {
        if self.until.is_none_or(|until| until > now) {
            return Vec::new();
        }
        self.until = None;
        std::mem::take(&mut self.held).into_keys().map(Step::Lose).collect()
    }

    /// Its own Lease was written, which was begun at a moment. What it holds lasts longer by that only where it is still the same
    /// Lease: who looks for one that is gone does not see what others of its name came and went meanwhile.
    pub(super) fn renewed(&mut self, begun: Moment, now: Moment, version: Version) -> Vec<Step> {
        let lost = self.lapse(now);
        let until = begun + self.times.deadline;
        if self.until.is_none() {
            self.term.clone_from(&version.uid);
        }
        if self.term == version.uid {
            self.until = (until > now).then_some(until);
        }
        self.mine = Some(version);
        lost
    }

    /// Its own Lease could not be written since it is another one than it was, or is not there. What the replica holds it has
    /// until its time is over.
    pub(super) fn displaced(&mut self) {
        self.mine = None;
    }

    /// All Leases, as an answer had them that was asked for at a moment.
    pub(super) fn observed(&mut self, asked: Moment, now: Moment, leases: &[Lease]) -> Vec<Step> {
        let mut steps = self.lapse(now);
        self.sight(asked, now, leases);
        let shards: BTreeMap<Shard, &Lease> = leases
            .iter()
            .filter_map(|lease| match lease.name {
                Name::Shard(shard) => Some((shard, lease)),
                Name::Member(_) => None,
            })
            .collect();
        let listed: BTreeSet<&str> = leases.iter().filter_map(member).collect();
        let is_alive = |sighting: &Sighting| asked.saturating_sub(sighting.since) < sighting.duration;
        let others: Vec<(&str, &Sighting)> = self
            .seen
            .iter()
            .filter(|(_, sighting)| is_alive(sighting))
            .map(|(name, one)| (name.as_str(), one))
            .collect();
        // Replicas that part the Applications otherwise would work at the same ones under other names.
        let agree = others.iter().all(|(_, one)| one.shards.is_none_or(|count| count == self.count));
        let mut members: Vec<&str> =
            others.iter().map(|(name, _)| *name).filter(|name| listed.contains(name)).collect();
        let takes = self.until.is_some() && agree && !self.leaving;
        if takes {
            members.push(&self.identity);
        }
        members.sort_unstable();
        let assigned = assign(self.count, &members);
        let is_gone = |holder: &str| !others.iter().any(|(name, _)| *name == holder);
        let unmoved = &self.unmoved;
        let is_left = |shard: Shard, holder: &str| {
            let seen = unmoved.get(&shard).map_or(now, |(_, since)| *since);
            is_gone(holder) && (listed.contains(holder) || asked.saturating_sub(seen) >= self.times.duration)
        };
        let mut expected: Option<Moment> = None;
        for shard in Shard::all(self.count) {
            let lease = shards.get(&shard).copied();
            let is_mine = assigned.get(&shard).is_some_and(|member| *member == self.identity);
            if let Some(held) = self.held.get_mut(&shard) {
                match lease.filter(|lease| lease.holder == self.identity) {
                    None => {
                        self.held.remove(&shard);
                        steps.push(Step::Lose(shard));
                    }
                    Some(lease) => {
                        held.version = lease.version.clone();
                        let to_another = agree && assigned.contains_key(&shard) && !is_mine;
                        if (to_another || self.leaving) && held.draining.is_none() {
                            held.draining = Some(now);
                            steps.push(Step::Drain(shard));
                        }
                    }
                }
                continue;
            }
            match lease {
                None if is_mine => steps.push(Step::Take(shard, None)),
                None => {}
                Some(lease)
                    if is_mine
                        && (lease.holder.is_empty()
                            || lease.holder == self.identity
                            || is_left(shard, &lease.holder)) =>
                {
                    steps.push(Step::Take(shard, Some(lease.version.clone())));
                }
                Some(lease) if lease.holder == self.identity && self.until.is_some() => {
                    steps.push(Step::Release(shard, lease.version.clone()));
                }
                Some(_) => {}
            }
            let holder = lease.map(|lease| lease.holder.as_str()).unwrap_or_default();
            if let Some(sighting) = self.seen.get(holder).filter(|sighting| is_alive(sighting)) {
                let at = sighting.since + sighting.duration;
                expected = Some(expected.map_or(at, |before| before.min(at)));
            }
        }
        self.expected = expected;
        if self.held.contains_key(&Shard::Sets) {
            let holders: BTreeSet<&str> = shards.values().map(|lease| lease.holder.as_str()).collect();
            let members = leases.iter().filter_map(|lease| Some((member(lease)?, lease)));
            let gone = members
                .filter(|(identity, _)| is_gone(identity) && *identity != self.identity && !holders.contains(identity));
            steps.extend(gone.map(|(identity, lease)| Step::Forget(identity.to_owned(), lease.version.uid.clone())));
        }
        steps
    }

    /// Notes what is new of the others. A Lease that went is new as well: it may have been renewed unseen before.
    fn sight(&mut self, asked: Moment, now: Moment, leases: &[Lease]) {
        let listed: BTreeMap<&str, &Lease> = leases.iter().filter_map(|lease| Some((member(lease)?, lease))).collect();
        if self.mine.is_none() {
            self.adopt(asked, listed.get(self.identity.as_str()).copied(), now);
        }
        for lease in leases {
            if let Name::Shard(shard) = lease.name
                && self.unmoved.get(&shard).is_none_or(|(version, _)| *version != lease.version)
            {
                self.unmoved.insert(shard, (lease.version.clone(), now));
            }
            let holder = member(lease).unwrap_or(&lease.holder);
            if holder.is_empty() || holder == self.identity {
                continue;
            }
            let of_member = listed.get(holder).copied();
            let version = of_member.map(|lease| lease.version.clone());
            if self.seen.get(holder).is_none_or(|before| before.version != version) {
                let shards =
                    of_member.map_or_else(|| self.seen.get(holder).and_then(|one| one.shards), |one| one.shards);
                let duration = of_member.unwrap_or(lease).duration.max(self.times.duration);
                self.seen.insert(holder.to_owned(), Sighting { version, since: now, duration, shards });
            }
        }
        let holders: BTreeSet<&str> = leases.iter().map(|lease| lease.holder.as_str()).collect();
        self.seen.retain(|name, sighting| {
            let is_named = listed.contains_key(name.as_str()) || holders.contains(name.as_str());
            if !is_named && sighting.version.take().is_some() {
                sighting.since = now;
            }
            is_named || asked.saturating_sub(sighting.since) < sighting.duration
        });
    }

    /// A Lease of this replica's name that it did not write is another's until it was unmoved for its whole time.
    fn adopt(&mut self, asked: Moment, lease: Option<&Lease>, now: Moment) {
        let Some(lease) = lease else {
            self.namesake = None;
            return;
        };
        if lease.holder == self.token {
            // The answer to a write did not arrive.
            self.mine = Some(lease.version.clone());
            return;
        }
        match &self.namesake {
            Some((version, since)) if *version == lease.version => {
                if asked.saturating_sub(*since) >= lease.duration.max(self.times.duration) {
                    self.mine = Some(lease.version.clone());
                }
            }
            _ => self.namesake = Some((lease.version.clone(), now)),
        }
    }

    /// A shard's Lease was written, and names this replica: whether it holds the shard.
    pub(super) fn took(&mut self, shard: Shard, now: Moment, version: Version) -> bool {
        let holds = self.until.is_some_and(|until| until > now);
        if holds {
            self.held.insert(shard, Held { version, draining: None });
        }
        holds
    }

    /// A shard is not worked at any more: the state in which its Lease is to be given away.
    pub(super) fn drained(&mut self, shard: Shard) -> Option<Version> {
        self.held.remove(&shard).map(|held| held.version)
    }
}

fn member(lease: &Lease) -> Option<&str> {
    match &lease.name {
        Name::Member(identity) => Some(identity),
        Name::Shard(_) => None,
    }
}
