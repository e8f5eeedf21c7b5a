//! Asking repositories whether a revision has moved: once for all Applications that share it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gitops_core::api::Application;

use super::queue::Key;
use crate::engine::Engine;
use crate::resolve::resolve_one;

/// An address and a revision in it.
type Reference = (String, String);

/// What each revision that is followed stood for when it was last asked for.
#[derive(Debug, Default)]
pub(super) struct Revisions {
    known: HashMap<Reference, String>,
}

impl Revisions {
    /// Asks for every revision of these Applications; the Applications of those that moved, and of those that cannot be
    /// read. Blocks while repositories are fetched.
    pub(super) fn moved(&mut self, engine: &Engine, applications: &[(Key, Arc<Application>)]) -> BTreeSet<Key> {
        let mut asked: BTreeMap<Reference, Vec<&Key>> = BTreeMap::new();
        let mut moved = BTreeSet::new();
        for (key, application) in applications {
            for source in application.sources().iter() {
                // What a chart's range stands for is asked when the Application is looked at.
                if source.chart().is_some() {
                    moved.insert(key.clone());
                    continue;
                }
                let revision = source.target_revision().unwrap_or("HEAD");
                asked.entry((source.repo_url.clone(), revision.into())).or_default().push(key);
            }
        }
        self.known.retain(|reference, _| asked.contains_key(reference));
        for (reference, keys) in asked {
            let source = gitops_core::api::ApplicationSource::new(reference.0.as_str());
            let id = resolve_one(&source, &reference.1, &engine.repositories, &engine.fetch).map(|found| found.id());
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
