use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gitops_core::ObjectId;
use serde::Serialize;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum CallKind {
    /// One object is read.
    Get,
    /// A page of a listing is read.
    List,
    /// A watch is opened.
    Watch,
    /// An object is written.
    Write,
    /// The server is asked what a write would do.
    DryRun,
    /// An object is deleted.
    Delete,
    /// The kinds, or the version, of the server are read.
    Discover,
}

/// How many calls were made: of each kind, and to each object.
#[derive(Debug, Default)]
pub struct Counts {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    kinds: BTreeMap<CallKind, u64>,
    objects: BTreeMap<ObjectId, BTreeMap<CallKind, u64>>,
}

/// Objects beyond so many are counted by kind only.
const MAX_OBJECTS: usize = 200_000;

impl Counts {
    pub(crate) fn note(&self, kind: CallKind, object: Option<&ObjectId>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held.kinds.entry(kind).or_default() += 1;
        let Some(object) = object else { return };
        if let Some(counted) = held.objects.get_mut(object) {
            *counted.entry(kind).or_default() += 1;
        } else if held.objects.len() < MAX_OBJECTS {
            held.objects.insert(object.clone(), BTreeMap::from([(kind, 1)]));
        }
    }

    /// Calls of a kind.
    pub fn of(&self, kind: CallKind) -> u64 {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).kinds.get(&kind).copied().unwrap_or_default()
    }

    /// Calls of a kind to one object.
    pub fn to(&self, object: &ObjectId, kind: CallKind) -> u64 {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.objects.get(object).and_then(|counted| counted.get(&kind)).copied().unwrap_or_default()
    }

    /// All calls, by kind.
    pub fn all(&self) -> BTreeMap<CallKind, u64> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).kinds.clone()
    }

    /// Begins to count from zero.
    pub fn reset(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Held::default();
    }
}
