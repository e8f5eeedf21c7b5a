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
    /// For each kind of call, in the order of their declaration: there are many objects.
    objects: BTreeMap<ObjectId, [u32; KINDS]>,
}

const KINDS: usize = CallKind::Discover as usize + 1;

/// Objects beyond so many are counted by kind only.
const MAX_OBJECTS: usize = 200_000;

impl Counts {
    pub(crate) fn note(&self, kind: CallKind, object: Option<&ObjectId>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held.kinds.entry(kind).or_default() += 1;
        let Some(object) = object else { return };
        if !held.objects.contains_key(object) {
            if held.objects.len() == MAX_OBJECTS {
                return;
            }
            held.objects.insert(object.clone(), [0; KINDS]);
        }
        if let Some(count) = held.objects.get_mut(object).and_then(|counted| counted.get_mut(kind as usize)) {
            *count = count.saturating_add(1);
        }
    }

    /// Calls of a kind.
    pub fn of(&self, kind: CallKind) -> u64 {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).kinds.get(&kind).copied().unwrap_or_default()
    }

    /// Calls of a kind to one object.
    pub fn to(&self, object: &ObjectId, kind: CallKind) -> u64 {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.objects.get(object).and_then(|counted| counted.get(kind as usize)).copied().map_or(0, u64::from)
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
