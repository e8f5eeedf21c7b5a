//! Which Applications stood as their sources say when they were looked at last, and have not changed since.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use gitops_core::annotations::REFRESH;
use gitops_core::cluster::version_order;
use gitops_core::{Digest, Map, Object, Value};

use super::queue::Key;
use crate::standing::Standing;

/// The state of an Application, as far as looks depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// Its resource version.
    pub version: String,
    /// What is wanted of it.
    pub wanted: Digest,
    /// What its status says, but for what changes with every look: when that was, and at which commit.
    pub said: Digest,
}

/// What a look came to that found an Application as its sources say.
pub(super) struct Stood {
    /// What it compared.
    pub standing: Standing,
    /// The Application in the state that the look was made in.
    pub looked_at: Arc<State>,
    /// The resource version with what the look wrote.
    pub version: String,
}

/// The Applications that stood.
#[derive(Default)]
pub(super) struct Standings {
    known: HashMap<Key, Known>,
    epoch: u64,
}

struct Known {
    state: Arc<State>,
    standing: Option<Held>,
}

struct Held {
    standing: Arc<Standing>,
    wanted: Digest,
    /// What the status says since; not known before the Application is told in this version.
    said: Result<Digest, String>,
}

impl State {
    pub(super) fn of(object: &Object) -> Self {
        let body = object.body();
        let mut wanted = Vec::with_capacity(1024);
        let metadata = body.get("metadata").and_then(Value::as_object);
        for part in ["labels", "finalizers", "deletionTimestamp"] {
            note(&mut wanted, part, metadata.and_then(|metadata| metadata.get(part)));
        }
        let annotations = metadata.and_then(|metadata| metadata.get("annotations")).and_then(Value::as_object);
        note_all(&mut wanted, annotations, &[REFRESH]);
        for part in ["spec", "operation"] {
            note(&mut wanted, part, body.get(part));
        }
        let mut said = Vec::with_capacity(4096);
        let status = body.get("status").and_then(Value::as_object);
        note_all(&mut said, status, &["reconciledAt", "sync"]);
        let sync = status.and_then(|status| status.get("sync")).and_then(Value::as_object);
        note_all(&mut said, sync, &["revision", "revisions"]);
        let version = object.resource_version().unwrap_or_default().to_owned();
        Self { version, wanted: Digest::of(&wanted), said: Digest::of(&said) }
    }
}

/// Writes a part under its name. What was read from JSON can be written as JSON.
fn note(out: &mut Vec<u8>, name: &str, value: Option<&Value>) {
    let Some(value) = value else { return };
    drop(serde_json::to_writer(out, &(name, value)));
}

fn note_all(out: &mut Vec<u8>, map: Option<&Map>, but: &[&str]) {
    out.push(b'{');
    for (name, value) in map.into_iter().flatten().filter(|(name, _)| !but.contains(&name.as_str())) {
        note(out, name, Some(value));
    }
    out.push(b'}');
}

impl Standings {
    /// An Application is there, or is another than before.
    pub(super) fn see(&mut self, key: &Key, state: Arc<State>) {
        match self.known.get_mut(key) {
            Some(known) => {
                known.state = state;
                known.settle();
            }
            None => drop(self.known.insert(key.clone(), Known { state, standing: None })),
        }
    }

    /// The state of an Application as it was told last, and what it stands on where it stands; with what [`Standings::stand`] has to be
    /// told.
    pub(super) fn of(&self, key: &Key) -> Option<(Arc<State>, Option<Arc<Standing>>, u64)> {
        let known = self.known.get(key)?;
        let standing = known.standing.as_ref().filter(|held| held.said.as_ref() == Ok(&known.state.said));
        Some((Arc::clone(&known.state), standing.map(|held| Arc::clone(&held.standing)), self.epoch))
    }

    /// What a look found that was begun in this epoch: what it depended on may have changed since.
    pub(super) fn stand(&mut self, key: &Key, stood: Option<Box<Stood>>, epoch: u64) {
        let Some(known) = self.known.get_mut(key) else { return };
        known.standing = stood.filter(|_| epoch == self.epoch).map(|stood| Held {
            standing: Arc::new(stood.standing),
            wanted: stood.looked_at.wanted.clone(),
            said: Err(stood.version),
        });
        known.settle();
    }

    pub(super) fn forget(&mut self, key: &Key) {
        self.known.remove(key);
    }

    /// Something changed that many Applications have in common.
    pub(super) fn begin_anew(&mut self) {
        self.epoch += 1;
        self.known.values_mut().for_each(|known| known.standing = None);
    }
}

impl Known {
    /// Takes in what the status said in the state that the look left, and lets go of what stands no more.
    fn settle(&mut self) {
        let Some(held) = &mut self.standing else { return };
        let stands = held.wanted == self.state.wanted
            && match &held.said {
                Ok(said) => *said == self.state.said,
                Err(version) if *version == self.state.version => {
                    held.said = Ok(self.state.said.clone());
                    true
                }
                // It is told yet, unless somebody has changed the Application since.
                Err(version) => version_order(version, &self.state.version) == Some(Ordering::Greater),
            };
        if !stands {
            self.standing = None;
        }
    }
}
