//! The calls of one replica to the others' Leases, round by round.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use gitops_core::Clock;
use gitops_core::cluster::{ClusterError, ErrorKind};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout};

use super::coordination::{Coordination, Step, Times};
use super::hold::Hold;
use super::lease::{Leases, Name, Version, Wanted};
use super::shard::Shard;
use super::{CALLS, Replicas};

/// What the operator is told.
pub(crate) enum ShardSignal {
    /// These are held from now on.
    Taken(Vec<(Shard, Hold)>),
    /// This one is to be given away: no work at it is begun any more, and [`Said::Drained`] follows the last.
    Drain(Shard),
    /// This one is not held any more.
    Lost(Shard),
    /// The others cannot be heard of.
    Trouble(ClusterError),
}

/// What the operator says.
pub(crate) enum Said {
    /// Nothing works at a shard any more.
    Drained(Shard),
    /// Nothing works at any: everything is given away, and the replica goes.
    Leave,
}

/// Holds what this replica is to hold, until it leaves.
pub(crate) async fn coordinate(
    replicas: Replicas,
    clock: Arc<dyn Clock>,
    tell: impl Fn(ShardSignal),
    mut said: UnboundedReceiver<Said>,
) {
    let times = Times { duration: replicas.lease, deadline: replicas.deadline, period: replicas.period };
    let token = format!("{}_{:032x}", replicas.identity, rand::random::<u128>());
    let machine = Coordination::new(replicas.identity.clone(), token, replicas.shards, times);
    let mut running = Running { replicas, clock, tell, machine, origin: Instant::now(), holds: BTreeMap::new() };
    loop {
        let begun = running.now();
        running.round().await;
        let next = running.origin + running.machine.next(begun);
        loop {
            let until = running.machine.until().map_or(next, |end| next.min(running.origin + end));
            tokio::select! {
                () = sleep_until(until) => break,
                word = said.recv() => match word {
                    Some(Said::Drained(shard)) => running.release(shard).await,
                    Some(Said::Leave) | None => return running.leave().await,
                },
            }
        }
    }
}

struct Running<T> {
    replicas: Replicas,
    clock: Arc<dyn Clock>,
    tell: T,
    machine: Coordination,
    origin: Instant,
    holds: BTreeMap<Shard, Hold>,
}

impl<T: Fn(ShardSignal)> Running<T> {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// An answer that comes in time.
    async fn in_time<A>(&self, call: impl Future<Output = Result<A, ClusterError>>) -> Result<A, ClusterError> {
        let late = || ClusterError::new(ErrorKind::Unavailable, "no answer in time");
        timeout(self.replicas.deadline / CALLS, call).await.unwrap_or_else(|_| Err(late()))
    }

    fn leases(&self) -> Leases<'_> {
        Leases { cluster: self.replicas.cluster.as_ref(), namespace: &self.replicas.namespace }
    }

    async fn write(&self, name: Name, holder: &str, seen: Option<&Version>) -> Result<Version, ClusterError> {
        let Replicas { lease, shards, .. } = self.replicas;
        let wanted = Wanted { name, holder, duration: lease, shards };
        self.in_time(self.leases().write(&wanted, seen, self.clock.now())).await
    }

    /// Renews, looks at the others, and takes and gives away what follows from that.
    async fn round(&mut self) {
        let lapsed = self.machine.lapse(self.now());
        self.carry_out(lapsed).await;
        self.renew().await;
        let asked = self.now();
        let leases = match self.in_time(self.leases().list()).await {
            Ok(leases) => leases,
            Err(error) => return (self.tell)(ShardSignal::Trouble(error)),
        };
        let steps = self.machine.observed(asked, self.now(), &leases);
        self.carry_out(steps).await;
        let overdue: Vec<Shard> = self.machine.overdue(self.now()).collect();
        overdue.iter().filter_map(|shard| self.holds.get(shard)).for_each(Hold::end);
    }

    async fn renew(&mut self) {
        let begun = self.now();
        let name = Name::Member(self.replicas.identity.clone());
        match self.write(name, self.machine.token(), self.machine.mine()).await {
            Ok(version) => {
                let lost = self.machine.renewed(begun, self.now(), version);
                self.carry_out(lost).await;
                if let Some(until) = self.machine.until() {
                    self.holds.values().for_each(|hold| hold.extend(self.origin + until));
                }
            }
            Err(error)
                if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::AlreadyExists) =>
            {
                self.machine.displaced();
            }
            Err(error) => (self.tell)(ShardSignal::Trouble(error)),
        }
    }

    async fn carry_out(&mut self, steps: Vec<Step>) {
        let mut takes = Vec::new();
        for step in steps {
            match step {
                Step::Take(shard, seen) => takes.push((shard, seen)),
                Step::Release(shard, seen) => self.give_away(shard, &seen).await,
                Step::Drain(shard) => (self.tell)(ShardSignal::Drain(shard)),
                Step::Lose(shard) => {
                    if let Some(hold) = self.holds.remove(&shard) {
                        hold.end();
                    }
                    (self.tell)(ShardSignal::Lost(shard));
                }
                // Somebody else deletes it, or it is tried again.
                Step::Forget(identity, uid) => drop(self.in_time(self.leases().delete(&identity, &uid)).await),
            }
        }
        self.take(takes).await;
    }

    async fn take(&mut self, takes: Vec<(Shard, Option<Version>)>) {
        let this = &*self;
        let write = |(shard, seen): (Shard, Option<Version>)| async move {
            (shard, this.write(Name::Shard(shard), &this.replicas.identity, seen.as_ref()).await)
        };
        let written = join_all(takes.into_iter().map(write)).await;
        let mut taken = Vec::new();
        for (shard, outcome) in written {
            match outcome {
                Ok(version) => {
                    if self.machine.took(shard, self.now(), version)
                        && let Some(until) = self.machine.until()
                    {
                        let hold = Hold::until(self.origin + until);
                        self.holds.insert(shard, hold.clone());
                        taken.push((shard, hold));
                    }
                }
                // Another one was quicker.
                Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::AlreadyExists) => {}
                Err(error) => (self.tell)(ShardSignal::Trouble(error)),
            }
        }
        if !taken.is_empty() {
            (self.tell)(ShardSignal::Taken(taken));
        }
    }

    /// Gives a shard away that nothing works at any more.
    async fn release(&mut self, shard: Shard) {
        if let Some(hold) = self.holds.remove(&shard) {
            let _ = timeout(self.replicas.deadline / CALLS, hold.close()).await;
            hold.end();
        }
        if let Some(version) = self.machine.drained(shard) {
            self.give_away(shard, &version).await;
        }
        // It may have been lost and taken again since it was said to be drained.
        (self.tell)(ShardSignal::Lost(shard));
    }

    async fn give_away(&self, shard: Shard, seen: &Version) {
        // Where that fails, the next round tries again.
        let _ = self.write(Name::Shard(shard), "", Some(seen)).await;
    }

    /// Gives everything away, so that others need not wait for the end of its time.
    async fn leave(mut self) {
        self.machine.leave();
        let held: Vec<Shard> = self.machine.held().collect();
        for shard in held {
            self.release(shard).await;
        }
        if let Some(mine) = self.machine.mine() {
            let _ = self.in_time(self.leases().delete(&self.replicas.identity, &mine.uid)).await;
        }
    }
}
