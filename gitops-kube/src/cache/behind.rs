//! Objects that were written without reading the whole answer: which state they are in is known, and what is in it is told by
//! the watch a moment later. Who asks meanwhile waits for that, so that a reader sees its own writes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gitops_core::cluster::may_be_later;
use gitops_core::{GroupVersionKind, Object, ObjectId};
use tokio::time::timeout;

use super::follow::Followed;

/// How long a watch is waited for; then the server is asked.
const PATIENCE: Duration = Duration::from_secs(1);

/// The states that are still to be told, by object.
#[derive(Default)]
pub(super) struct Behind(Mutex<BTreeMap<ObjectId, String>>);

impl Behind {
    /// Notes the state that an object was written in.
    pub(super) fn note(&self, written: &Object) {
        if let Some(version) = written.resource_version() {
            self.states().insert(written.id(), version.to_owned());
        }
    }

    /// Nothing is waited for any more: the server was asked.
    pub(super) fn forget(&self, id: &ObjectId) {
        self.states().remove(id);
    }

    /// Whether what is kept of an object is older than it is known to be.
    pub(super) fn is_behind(&self, id: &ObjectId, followed: &Followed) -> bool {
        let mut states = self.states();
        let Some(written) = states.get(id) else { return false };
        let behind =
            followed.version(id.namespace.as_deref(), &id.name).is_none_or(|known| may_be_later(written, &known));
        if !behind {
            states.remove(id);
        }
        behind
    }

    /// Waits until an object is told in the state that it was written in; whether it was.
    pub(super) async fn catch_up(&self, id: &ObjectId, followed: &Followed) -> bool {
        if !self.is_behind(id, followed) {
            return true;
        }
        let told = async {
            let mut changes = followed.changes();
            while self.is_behind(id, followed) {
                if changes.changed().await.is_err() {
                    return false;
                }
            }
            true
        };
        timeout(PATIENCE, told).await.unwrap_or(false)
    }

    /// The same for all objects of a kind.
    pub(super) async fn catch_up_all(&self, gvk: &GroupVersionKind, followed: &Followed) -> bool {
        let of_kind: Vec<ObjectId> = {
            let states = self.states();
            states.keys().filter(|id| id.group == gvk.group && id.kind == gvk.kind).cloned().collect()
        };
        for id in of_kind {
            if !self.catch_up(&id, followed).await {
                return false;
            }
        }
        true
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<ObjectId, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
