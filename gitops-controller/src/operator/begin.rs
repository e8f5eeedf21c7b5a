//! Beginning looks at the Applications that are due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gitops_core::Timestamp;
use tracing::{Instrument as _, Span};

use super::confirm::confirm;
use super::look::look;
use super::mishap::{self, Unlooked};
use super::observe::observe;
use super::places::{Errand, Ground};
use super::queue::Key;
use super::span::{has_failed, span};
use super::{Signal, Work, until};
use crate::causes::chain;

/// The longest pause of the loop.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

impl Work {
    /// How long nothing is to be begun where nobody tells of anything.
    pub(super) fn pause(&self, now: Timestamp) -> Duration {
        let moment = Instant::now();
        let next = self.queue.deadline().map(|at| match self.places.has_room(moment) {
            true => until(at, now),
            false => self.places.frees(moment).unwrap_or(LONGEST_PAUSE),
        });
        let of_sets = self.sets.deadline().map(|at| until(at, now));
        next.into_iter().chain(of_sets).min().unwrap_or(LONGEST_PAUSE)
    }

    pub(super) fn begin_looks(&mut self) {
        while self.looks.try_join_next().is_some() {}
        while self.places.has_room(Instant::now()) {
            let Some(key) = self.queue.take(self.engine.clock.now()) else { return };
            if !self.begin_look(&key) {
                self.queue.done(&key);
            }
        }
    }

    /// Begins a look, where it is made here and now.
    fn begin_look(&mut self, key: &Key) -> bool {
        if !self.share.has(key) {
            return false;
        }
        let repositories = self.applications.get(key).map(|application| {
            let sources = application.sources();
            sources.iter().map(|source| source.repo_url.clone()).collect()
        });
        let since = self.asked.get(key).copied();
        let errand = Errand::new(key.clone(), repositories.unwrap_or_default(), since, Instant::now());
        let errand = errand.on(self.ground(key));
        let Some(errand) = self.places.begin(errand) else { return false };
        let Some(worker) = self.share.begin(key, &self.engine) else {
            self.end_look(key);
            return false;
        };
        let (fights, rivals, sender) = (Arc::clone(&self.fights), Arc::clone(&self.rivals), self.sender.clone());
        let observes = self.options.observe_only;
        let span = span(key, self.applications.get(key));
        let work = async move {
            let begun = Instant::now();
            let look = Box::pin(async {
                match observes {
                    true => observe(&worker.engine, &errand).await,
                    false => match confirm(&worker.engine, &rivals, &errand).await? {
                        Some(confirmed) => Ok(confirmed),
                        None => look(&worker.engine, (&fights, &rivals), &errand).await,
                    },
                }
            });
            let looked = worker.during(Box::pin(mishap::caught(look))).await;
            let looked = looked.map(|looked| looked?.map_err(|error| Unlooked::Failed(chain(&error))));
            if let Some(Err(Unlooked::Panicked)) = &looked {
                // Where that is not written either, the operator's own words say it.
                drop(worker.during(Box::pin(mishap::caught(mishap::tell(&worker.engine, &errand.key)))).await);
            }
            if looked.as_ref().is_some_and(has_failed) {
                Span::current().record("otel.status_code", "ERROR");
            }
            let epoch = errand.ground.as_ref().map(|ground| ground.epoch).unwrap_or_default();
            let looked = looked.map(|looked| looked.map(Box::new));
            let _ = sender.send(Signal::Looked(errand.key.clone(), looked, begun.elapsed(), epoch));
        };
        self.looks.spawn(work.instrument(span));
        true
    }

    /// What is known of an Application.
    fn ground(&self, key: &Key) -> Option<Ground> {
        let application = Arc::clone(self.applications.get(key)?);
        let (state, standing, epoch) = self.standings.of(key)?;
        Some(Ground { application, state, standing, epoch })
    }

    /// A look is not under way any more.
    pub(super) fn end_look(&mut self, key: &Key) {
        let now = self.engine.clock.now();
        for next in self.places.done(key, Instant::now()) {
            self.queue.ask(&next, now);
        }
    }
}
