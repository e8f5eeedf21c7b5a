//! Asking repositories whether a revision has moved: once for all Applications that share it, and each repository by itself, so
//! that none waits for the answer of another one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream;
use gitops_core::api::{Application, ApplicationSource};
use gitops_git::Access;
use jiff::SignedDuration;

use super::queue::Key;
use super::{OperatorOptions, Signal, Work};
use crate::credentials::CredentialSet;
use crate::engine::Engine;
use crate::resolve::resolve_one;

/// So many repositories are asked side by side: each keeps a thread.
const SIDE_BY_SIDE: usize = 64;

/// A revision in a repository, and who asks: what one is shown says nothing of what another is.
type Reference = (String, Option<String>);

/// What each revision that is followed stood for when it was last asked for, by repository.
#[derive(Debug, Default)]
pub(super) struct Revisions {
    known: HashMap<String, HashMap<Reference, String>>,
    /// Repositories that have not answered yet.
    asked: BTreeSet<String>,
}

/// What is asked of a repository.
struct Question {
    address: String,
    references: BTreeMap<Reference, Asking>,
}

/// As whom a revision is asked for, and the Applications that follow it.
#[derive(Default)]
struct Asking {
    access: Option<Arc<dyn Access>>,
    keys: BTreeSet<Key>,
}

/// What is asked for these Applications. Those that follow charts come second: what a chart's range stands for is asked when they
/// are looked at.
fn questions(
    engine: &Engine,
    credentials: Option<&Arc<CredentialSet>>,
    applications: &[(Key, Arc<Application>)],
) -> (Vec<Question>, BTreeSet<Key>) {
    let mut asked: BTreeMap<String, BTreeMap<Reference, Asking>> = BTreeMap::new();
    let mut charts = BTreeSet::new();
    for (key, application) in applications {
        let access = engine.access(credentials.cloned(), application.spec.project());
        for source in application.sources().iter() {
            if source.chart().is_some() {
                charts.insert(key.clone());
                continue;
            }
            let revision = source.target_revision().unwrap_or("HEAD");
            let caller = access.as_ref().and_then(|access| access.caller(&source.repo_url).ok());
            let reference = (revision.into(), caller.and_then(|caller| caller.partition()));
            let asking = asked.entry(source.repo_url.clone()).or_default().entry(reference).or_default();
            asking.access.clone_from(&access);
            asking.keys.insert(key.clone());
        }
    }
    let questions = asked.into_iter().map(|(address, references)| Question { address, references });
    (questions.collect(), charts)
}

impl Question {
    /// Asks a repository; the Applications whose revisions moved, and those whose revisions cannot be read. Blocks while it is fetched.
    fn ask(self, engine: &Engine, revisions: &Mutex<Revisions>, asked: Instant) -> BTreeSet<Key> {
        let (mut moved, mut found) = (BTreeSet::new(), HashMap::new());
        let source = ApplicationSource::new(self.address.as_str());
        let before = of(revisions).known.remove(&self.address).unwrap_or_default();
        for (reference, Asking { access, keys }) in self.references {
            let mut fetch = engine.fetch.clone();
            (fetch.access, fetch.since) = (access, Some(asked));
            let id = resolve_one(&source, &reference.0, &engine.repositories, &fetch).map(|found| found.id());
            // What is asked for the first time may have moved since an Application was looked at.
            if id.as_ref().ok() != before.get(&reference) || id.is_err() {
                moved.extend(keys);
            }
            if let Ok(id) = id {
                found.insert(reference, id);
            }
        }
        of(revisions).known.insert(self.address, found);
        moved
    }
}

fn of(revisions: &Mutex<Revisions>) -> std::sync::MutexGuard<'_, Revisions> {
    revisions.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work {
    /// Asks the repositories after a pause, somewhat more or less than is set so that many operators do not ask at once.
    pub(super) fn poll_later(&mut self) {
        let OperatorOptions { poll, jitter, .. } = self.options;
        let pause = match jitter {
            None => poll.mul_f64(rand::random_range(0.9..1.1)),
            Some(jitter) => poll.saturating_add(jitter.mul_f64(rand::random_range(0.0..1.0))),
        };
        if !poll.is_zero() {
            self.signal_later(pause, Signal::Poll);
        }
    }

    /// Looks at everything after a pause, where that is set.
    pub(super) fn refresh_later(&mut self) {
        if !self.options.hard.is_zero() {
            self.signal_later(self.options.hard, Signal::Refresh);
        }
    }

    fn signal_later(&mut self, pause: SignedDuration, signal: Signal) {
        let sender = self.sender.clone();
        self.followers.spawn(async move {
            tokio::time::sleep(Duration::try_from(pause).unwrap_or(Duration::ZERO)).await;
            let _ = sender.send(signal);
        });
    }

    /// Asks the repositories, but those that have not answered since the last time.
    pub(super) fn poll(&mut self) {
        while self.followers.try_join_next().is_some() {}
        let applications = self.applications.iter().filter(|(key, _)| self.share.has(key));
        let applications: Vec<_> = applications.map(|(key, one)| (key.clone(), Arc::clone(one))).collect();
        let (engine, sender, revisions) = (Arc::clone(&self.engine), self.sender.clone(), Arc::clone(&self.revisions));
        self.followers.spawn(async move {
            let asked = Instant::now();
            let credentials = engine.credential_set().await.ok().flatten();
            let (mut questions, charts) = questions(&engine, credentials.as_ref(), &applications);
            drop(applications);
            let _ = sender.send(Signal::Moved(charts, asked));
            {
                let mut revisions = of(&revisions);
                let followed: BTreeSet<&str> = questions.iter().map(|question| question.address.as_str()).collect();
                revisions.known.retain(|address, _| followed.contains(address.as_str()));
                drop(followed);
                questions.retain(|question| revisions.asked.insert(question.address.clone()));
            }
            let ask = |question: Question| {
                let (engine, revisions, sender) = (Arc::clone(&engine), Arc::clone(&revisions), sender.clone());
                async move {
                    let address = question.address.clone();
                    let asked = Instant::now();
                    let answering = Arc::clone(&revisions);
                    let moved = tokio::task::spawn_blocking(move || question.ask(&engine, &answering, asked)).await;
                    of(&revisions).asked.remove(&address);
                    let _ = sender.send(Signal::Moved(moved.unwrap_or_default(), asked));
                }
            };
            stream::iter(questions).for_each_concurrent(SIDE_BY_SIDE, ask).await;
        });
        self.poll_later();
    }
}
