//! The Secrets as watches tell of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use gitops_core::{Object, ObjectId};

use super::{CredentialSet, is_credential};

/// Secrets and ConfigMaps that are followed, each kind by one watch.
pub(crate) struct KnownCredentials {
    watches: usize,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<ObjectId, Object>,
    complete: BTreeSet<usize>,
    set: Option<Arc<CredentialSet>>,
}

impl KnownCredentials {
    /// Nothing yet, to be told by so many watches.
    pub(crate) fn told_by(watches: usize) -> Self {
        Self { watches, state: RwLock::default() }
    }

    /// The Secrets; none before all watches have told everything that was there.
    pub(crate) fn get(&self) -> Option<Arc<CredentialSet>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).set.clone()
    }

    /// A watch tells of an object; whether that changes anything for who was answered before.
    pub(crate) fn put(&self, object: &Object) -> bool {
        let id = object.id();
        self.change(|state| {
            let same = |before: &Object| before.resource_version() == object.resource_version();
            if !is_credential(object) || state.objects.get(&id).is_some_and(same) {
                return false;
            }
            state.objects.insert(id, object.clone());
            true
        })
    }

    /// A watch tells that an object is gone.
    pub(crate) fn remove(&self, id: &ObjectId) -> bool {
        self.change(|state| state.objects.remove(id).is_some())
    }

    /// A watch has told everything that was there; whether all of them have now.
    pub(crate) fn complete(&self, watch: usize) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.complete.insert(watch);
        if state.complete.len() == self.watches && state.set.is_none() {
            state.set = Some(Arc::new(CredentialSet::new(state.objects.values(), None)));
            return true;
        }
        false
    }

    fn change(&self, change: impl FnOnce(&mut State) -> bool) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = (if change(&mut state) { state.set.clone() } else { None }) else { return false };
        state.set = Some(Arc::new(CredentialSet::new(state.objects.values(), Some(&before))));
        true
    }
}

impl fmt::Debug for KnownCredentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KnownCredentials").field("watches", &self.watches).finish_non_exhaustive()
    }
}
