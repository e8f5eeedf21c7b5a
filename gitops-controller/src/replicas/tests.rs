//! Replicas among failures of every kind: answers that are late or lost, writes that arrive after nobody waits for them any
//! more, processes that stand still, Leases that strangers delete or touch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use gitops_fixtures::Dice;

use super::coordination::{Coordination, Moment, Step, Times};
use super::lease::{Lease, Name, Version};
use super::shard::Shard;
use super::{Replicas, ReplicasError};

const SECOND: Duration = Duration::from_secs(1);
const SHARDS: u32 = 3;
/// How many courses of things are gone through.
const COURSES: u64 = 300;

fn times(deadline: u32) -> Times {
    Times { duration: 15 * SECOND, deadline: deadline * SECOND, period: 2 * SECOND }
}

#[derive(Clone, Debug)]
struct Write {
    name: Name,
    holder: String,
    seen: Option<Version>,
}

#[derive(Default)]
struct Server {
    leases: BTreeMap<Name, Lease>,
    version: u64,
}

impl Server {
    fn write(&mut self, write: &Write) -> Option<Version> {
        let before = self.leases.get(&write.name).map(|lease| lease.version.clone());
        if before != write.seen {
            return None;
        }
        self.version += 1;
        let uid = before.map_or_else(|| format!("uid-{}", self.version), |before| before.uid);
        let version = Version { uid, resource_version: self.version.to_string() };
        let shards = matches!(write.name, Name::Member(_)).then_some(SHARDS);
        let (name, holder) = (write.name.clone(), write.holder.clone());
        let lease = Lease { name: name.clone(), version: version.clone(), holder, duration: 15 * SECOND, shards };
        self.leases.insert(name, lease);
        Some(version)
    }

    fn list(&self) -> Vec<Lease> {
        self.leases.values().cloned().collect()
    }

    fn forget(&mut self, identity: &str, uid: &str) {
        let name = Name::Member(identity.to_owned());
        if self.leases.get(&name).is_some_and(|lease| lease.version.uid == uid) {
            self.leases.remove(&name);
        }
    }
}

/// What a replica waits for.
enum Doing {
    Nothing,
    Renewing { begun: Moment, write: Write },
    Renewed { begun: Moment, version: Option<Version> },
    Listing { asked: Moment },
    Listed { asked: Moment, leases: Vec<Lease> },
    Taking { shard: Shard, write: Write },
    Took { shard: Shard, version: Version },
}

struct Replica {
    machine: Coordination,
    identity: String,
    /// How far its clock is from the others'.
    ahead: Duration,
    doing: Doing,
    steps: VecDeque<Step>,
    draining: Vec<Shard>,
    begun: Moment,
}

impl Replica {
    fn new(number: u32, times: Times) -> Self {
        let identity = format!("replica-{number}");
        Self {
            machine: Coordination::new(identity.clone(), format!("{identity}_token"), SHARDS, times),
            identity,
            ahead: number * 1_000 * SECOND,
            doing: Doing::Nothing,
            steps: VecDeque::new(),
            draining: Vec::new(),
            begun: Duration::ZERO,
        }
    }

    fn may_write(&self, shard: Shard, time: Duration) -> bool {
        let now = time + self.ahead;
        self.machine.held().any(|held| held == shard) && self.machine.until().is_some_and(|until| until > now)
    }
}

struct World {
    time: Duration,
    server: Server,
    /// Writes that nobody waits for any more, and that may still arrive.
    late: Vec<Write>,
    replicas: Vec<Replica>,
    dice: Dice,
    /// How often something goes wrong: one time in so many; never where it is 0.
    trouble: u64,
}

impl World {
    fn new(count: u32, times: Times, seed: u64, trouble: u64) -> Self {
        Self {
            time: Duration::ZERO,
            server: Server::default(),
            late: Vec::new(),
            replicas: (0..count).map(|number| Replica::new(number, times)).collect(),
            dice: Dice::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            trouble,
        }
    }

    fn goes_wrong(&mut self) -> bool {
        self.trouble > 0 && self.dice.one_in(self.trouble)
    }

    /// One replica goes on to its next wait.
    fn go_on(&mut self, number: usize) {
        let (wrong, lost) = (self.goes_wrong(), self.goes_wrong());
        let drains = self.dice.one_in(3);
        let Self { time, server, late, replicas, .. } = self;
        let replica = &mut replicas[number];
        let now = *time + replica.ahead;
        let doing = std::mem::replace(&mut replica.doing, Doing::Nothing);
        replica.doing = match doing {
            Doing::Nothing => {
                if let Some(step) = replica.steps.pop_front() {
                    replica.begin(step, server)
                } else if drains && let Some(shard) = replica.draining.pop() {
                    if let Some(version) = replica.machine.drained(shard) {
                        drop(server.write(&Write {
                            name: Name::Shard(shard),
                            holder: String::new(),
                            seen: Some(version),
                        }));
                    }
                    Doing::Nothing
                } else {
                    drop(replica.machine.lapse(now));
                    replica.begun = now;
                    let (name, seen) = (Name::Member(replica.identity.clone()), replica.machine.mine().cloned());
                    let holder = replica.machine.token().to_owned();
                    Doing::Renewing { begun: now, write: Write { name, holder, seen } }
                }
            }
            Doing::Renewing { write, .. } if wrong => {
                late.push(write);
                Doing::Listing { asked: now }
            }
            Doing::Renewing { begun, write } => Doing::Renewed { begun, version: server.write(&write) },
            Doing::Renewed { .. } if lost => Doing::Listing { asked: now },
            Doing::Renewed { begun, version } => {
                match version {
                    Some(version) => drop(replica.machine.renewed(begun, now, version)),
                    None => replica.machine.displaced(),
                }
                Doing::Listing { asked: now }
            }
            Doing::Listing { .. } if wrong => Doing::Nothing,
            Doing::Listing { asked } => Doing::Listed { asked, leases: server.list() },
            Doing::Listed { asked, leases } => {
                replica.steps.extend(replica.machine.observed(asked, now, &leases));
                Doing::Nothing
            }
            Doing::Taking { write, .. } if wrong => {
                late.push(write);
                Doing::Nothing
            }
            Doing::Taking { shard, write } => match server.write(&write) {
                Some(version) => Doing::Took { shard, version },
                None => Doing::Nothing,
            },
            Doing::Took { .. } if lost => Doing::Nothing,
            Doing::Took { shard, version } => {
                drop(replica.machine.lapse(now));
                replica.machine.took(shard, now, version);
                Doing::Nothing
            }
        };
    }

    /// What strangers do, and what arrives late.
    fn interfere(&mut self) {
        if !self.late.is_empty() && self.dice.one_in(4) {
            let at = usize::try_from(self.dice.below(self.late.len() as u64)).unwrap();
            let write = self.late.swap_remove(at);
            self.server.write(&write);
        }
        if !self.server.leases.is_empty() && self.dice.one_in(60) {
            let at = usize::try_from(self.dice.below(self.server.leases.len() as u64)).unwrap();
            let lease = self.server.leases.values().nth(at).unwrap().clone();
            if matches!(lease.name, Name::Member(_)) && self.dice.one_in(2) {
                self.server.leases.remove(&lease.name);
            } else {
                self.server.write(&Write { name: lease.name, holder: lease.holder, seen: Some(lease.version) });
            }
        }
    }

    /// The first shard that two may write at the same time.
    fn contested(&self) -> Option<Shard> {
        Shard::all(SHARDS).find(|shard| self.holders(*shard).count() > 1)
    }

    fn holders(&self, shard: Shard) -> impl Iterator<Item = &str> {
        let may = move |replica: &&Replica| replica.may_write(shard, self.time);
        self.replicas.iter().filter(may).map(|replica| replica.identity.as_str())
    }

    /// Rounds without trouble of those replicas that live, each as often as it wants to.
    fn calm(&mut self, living: &[usize], rounds: u32) {
        self.trouble = 0;
        for _ in 0..rounds {
            for number in living {
                loop {
                    self.go_on(*number);
                    let replica = &self.replicas[*number];
                    if matches!(replica.doing, Doing::Nothing)
                        && replica.steps.is_empty()
                        && replica.draining.is_empty()
                    {
                        break;
                    }
                }
                assert_eq!(self.contested(), None);
            }
            let wake = |number: &usize| {
                let replica = &self.replicas[*number];
                replica.machine.next(replica.begun).saturating_sub(replica.ahead)
            };
            self.time = living.iter().map(wake).min().unwrap().max(self.time + SECOND / 10);
        }
    }
}

impl Replica {
    fn begin(&mut self, step: Step, server: &mut Server) -> Doing {
        match step {
            Step::Take(shard, seen) => {
                let write = Write { name: Name::Shard(shard), holder: self.identity.clone(), seen };
                return Doing::Taking { shard, write };
            }
            Step::Release(shard, seen) => {
                drop(server.write(&Write { name: Name::Shard(shard), holder: String::new(), seen: Some(seen) }));
            }
            Step::Drain(shard) => self.draining.push(shard),
            Step::Lose(_) => {}
            Step::Forget(identity, uid) => server.forget(&identity, &uid),
        }
        Doing::Nothing
    }
}

/// Runs through one course of things; the shard that two could write, where that happened.
fn course(seed: u64, times: Times) -> Option<Shard> {
    let mut world = World::new(3, times, seed, 6);
    for _ in 0..600 {
        let number = usize::try_from(world.dice.below(3)).unwrap();
        // One that is in a hurry does all that it has to do, so that others stand still meanwhile.
        let moves = if world.dice.one_in(3) { world.dice.below(12) } else { 1 };
        for _ in 0..moves {
            world.go_on(number);
            if let Some(shard) = world.contested() {
                return Some(shard);
            }
        }
        world.interfere();
        let pause = match world.dice.below(12) {
            0 => world.dice.below(20_000),
            1..4 => world.dice.below(3_000),
            _ => world.dice.below(200),
        };
        world.time += Duration::from_millis(pause);
        if let Some(shard) = world.contested() {
            return Some(shard);
        }
    }
    world.late.clear();
    world.calm(&[0, 1, 2], 60);
    for shard in Shard::all(SHARDS) {
        assert_eq!(world.holders(shard).count(), 1, "seed {seed}: {shard} has a holder again");
    }
    None
}

#[test]
fn no_course_of_things_lets_two_replicas_write_to_one_shard() {
    for seed in 1..COURSES {
        assert_eq!(course(seed, times(10)), None, "seed {seed}");
    }
}

#[test]
fn replicas_that_stop_later_than_others_take_over_are_found_out() {
    assert!((1..COURSES).any(|seed| course(seed, times(17)).is_some()));
}

#[test]
fn shards_of_a_replica_that_died_are_taken_within_its_lease_and_a_period() {
    let mut world = World::new(3, times(10), 1, 0);
    world.calm(&[0, 1, 2], 20);
    let of_the_dead = |world: &World| {
        Shard::all(SHARDS).filter(|shard| world.holders(*shard).eq(["replica-2"])).collect::<Vec<Shard>>()
    };
    let shards = of_the_dead(&world);
    assert!(!shards.is_empty());
    let died = world.time;
    let is_taken = |world: &World| shards.iter().all(|shard| world.holders(*shard).any(|holder| holder != "replica-2"));
    while !is_taken(&world) {
        assert!(world.time - died <= 17 * SECOND);
        world.calm(&[0, 1], 1);
    }
    world.calm(&[0, 1], 20);
    assert!(!world.server.leases.contains_key(&Name::Member("replica-2".into())), "its Lease is deleted");
}

#[test]
fn a_replica_that_comes_gets_its_part_and_one_that_goes_leaves_it() {
    let mut world = World::new(2, times(10), 1, 0);
    world.calm(&[0], 5);
    assert!(Shard::all(SHARDS).all(|shard| world.holders(shard).eq(["replica-0"])));
    let came = world.time;
    world.calm(&[0, 1], 6);
    let part = |world: &World, name: &str| Shard::all(SHARDS).filter(|shard| world.holders(*shard).eq([name])).count();
    assert_eq!([part(&world, "replica-0"), part(&world, "replica-1")], [2, 2]);
    assert!(world.time - came < 15 * SECOND, "nobody waits for the end of a lease");
}

#[test]
fn replicas_that_part_otherwise_take_nothing_beside_each_other() {
    let mut world = World::new(1, times(10), 1, 0);
    world.calm(&[0], 5);
    let mut other = Coordination::new("other".into(), "other_token".into(), SHARDS + 1, times(10));
    let mine = Write { name: Name::Member("other".into()), holder: "other_token".into(), seen: None };
    let version = world.server.write(&mine).unwrap();
    other.renewed(Duration::ZERO, Duration::ZERO, version);
    assert_eq!(other.observed(Duration::ZERO, Duration::ZERO, &world.server.list()), []);
}

#[test]
fn a_process_of_the_same_name_waits_until_the_first_is_gone() {
    let mut world = World::new(1, times(10), 1, 0);
    world.calm(&[0], 2);
    let mut second = Coordination::new("replica-0".into(), "another_token".into(), SHARDS, times(10));
    for second_now in 0..20 {
        world.calm(&[0], 1);
        let now = second_now * 2 * SECOND;
        assert_eq!(second.observed(now, now, &world.server.list()), []);
        assert_eq!(second.mine(), None);
    }
    let leases = world.server.list();
    for second_now in 40..60 {
        drop(second.observed(second_now * SECOND, second_now * SECOND, &leases));
    }
    assert!(second.mine().is_some());
}

#[test]
fn times_that_contradict_each_other_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let cluster = gitops_embedded::EmbeddedCluster::open(place.path(), &gitops_embedded::Options::new()).unwrap();
    let usual = Replicas::new(Arc::new(cluster), "argocd", "web-0");
    let with = |change: &dyn Fn(&mut Replicas)| {
        let mut replicas = usual.clone();
        change(&mut replicas);
        replicas.check()
    };
    assert_eq!(usual.check(), Ok(()));
    assert!(matches!(with(&|one| one.deadline = one.lease), Err(ReplicasError::Times { .. })));
    assert!(matches!(with(&|one| one.period = one.deadline), Err(ReplicasError::Times { .. })));
    assert_eq!(with(&|one| one.shards = 0), Err(ReplicasError::Shards));
    assert!(matches!(with(&|one| one.identity = "Web_0".into()), Err(ReplicasError::Identity(_))));
}
