//! Asking repositories whether a revision has moved: once for all Applications that share it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use gitops_core::api::Application;
use gitops_git::Access;

use super::queue::Key;
use super::{Signal, Work};
use crate::credentials::CredentialSet;
use crate::engine::Engine;
use crate::resolve::resolve_one;

/// An address, a revision in it, and who asks: what one is shown says nothing of what another is.
type Reference = (String, String, Option<String>);

/// As whom a revision is asked for, and the Applications that follow it.
type Asking<'a> = (Option<Arc<dyn Access>>, Vec<&'a Key>);

/// What each revision that is followed stood for when it was last asked for.
#[derive(Debug, Default)]
pub(super) struct Revisions {
    known: HashMap<Reference, String>,
}

impl Revisions {
    /// Asks for every revision of these Applications; the Applications of those that moved, and of those that cannot be
    /// read. Blocks while repositories are fetched.
    pub(super) fn moved(
        &mut self,
        engine: &Engine,
        credentials: Option<&Arc<CredentialSet>>,
        applications: &[(Key, Arc<Application>)],
    ) -> BTreeSet<Key> {
        let mut asked: BTreeMap<Reference, Asking<'_>> = BTreeMap::new();
        let mut moved = BTreeSet::new();
        for (key, application) in applications {
            let access = engine.access(credentials.cloned(), application.spec.project());
            for source in application.sources().iter() {
                // What a chart's range stands for is asked when the Application is looked at.
                if source.chart().is_some() {
                    moved.insert(key.clone());
                    continue;
                }
                let revision = source.target_revision().unwrap_or("HEAD");
                let caller = access.as_ref().and_then(|access| access.caller(&source.repo_url).ok());
                let reference =
                    (source.repo_url.clone(), revision.into(), caller.and_then(|caller| caller.partition()));
                asked.entry(reference).or_insert_with(|| (access.clone(), Vec::new())).1.push(key);
            }
        }
        self.known.retain(|reference, _| asked.contains_key(reference));
        let mut fetch = engine.fetch.clone();
        for (reference, (access, keys)) in asked {
            fetch.access = access;
            let source = gitops_core::api::ApplicationSource::new(reference.0.as_str());
            let id = resolve_one(&source, &reference.1, &engine.repositories, &fetch).map(|found| found.id());
            let same = match id {
                // What is asked for the first time may have moved since an Application was looked at.
                Ok(id) => self.known.insert(reference, id.clone()).is_some_and(|before| before == id),
                Err(_) => false,
            };
            if !same {
                moved.extend(keys.into_iter().cloned());
            }
        }
        moved
    }
}

impl Work {
    /// Asks the repositories after a pause, somewhat more or less than is set so that many operators do not ask at once.
    pub(super) fn poll_later(&mut self) {
        let applications = self.applications.iter().filter(|(key, _)| self.share.has(key));
        let applications: Vec<_> = applications.map(|(key, one)| (key.clone(), Arc::clone(one))).collect();
        let (engine, sender, revisions) = (Arc::clone(&self.engine), self.sender.clone(), Arc::clone(&self.revisions));
        let pause = self.options.poll.mul_f64(rand::random_range(0.9..1.1));
        self.followers.spawn(async move {
            tokio::time::sleep(Duration::try_from(pause).unwrap_or(Duration::ZERO)).await;
            let asked = Instant::now();
            let credentials = engine.credential_set().await.ok().flatten();
            let ask = move || {
                let mut revisions = revisions.lock().unwrap_or_else(PoisonError::into_inner);
                revisions.moved(&engine, credentials.as_ref(), &applications)
            };
            let moved = tokio::task::spawn_blocking(ask).await.unwrap_or_default();
            let _ = sender.send(Signal::Polled(moved, asked));
        });
    }
}
