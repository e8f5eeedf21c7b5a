//! Following one kind: a listing, then a watch from there, for as long as somebody asks for it.

use std::cell::LazyCell;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use gitops_core::cluster::{ClusterError, ErrorKind, Query, WatchEvent};
use gitops_core::{GroupVersionKind, SmolStr};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::CacheOptions;
use super::packed::Packed;
use super::store::{Managed, Store};
use super::told::Told;
use crate::cluster::KubeCluster;
use crate::list::{Extent, Pages};
use crate::watch::watch;

/// How far a kind is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheState {
    /// The first listing is on its way.
    Listing,
    /// What is kept is what the server tells.
    Following,
    /// The server does not tell, for this reason; it is asked again.
    Failing(ClusterError),
}

/// One kind.
pub(crate) struct Followed {
    pub(crate) store: Arc<RwLock<Store>>,
    pub(crate) state: watch::Receiver<CacheState>,
    pub(crate) told: Arc<Mutex<Told>>,
    /// How much of the objects is known.
    pub(crate) extent: Extent,
    changed: watch::Receiver<Instant>,
    again: Arc<Notify>,
    task: AbortHandle,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Follower {
    cluster: KubeCluster,
    query: Query,
    extent: Extent,
    managed: Managed,
    store: Arc<RwLock<Store>>,
    state: watch::Sender<CacheState>,
    told: Arc<Mutex<Told>>,
    changed: watch::Sender<Instant>,
    again: Arc<Notify>,
}

const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long is waited for a kind to be followed that is served of late.
const BEGINNING: Duration = Duration::from_secs(1);

impl Followed {
    /// Begins to follow a kind, on the runtime of the caller.
    pub(crate) fn start(cluster: KubeCluster, gvk: GroupVersionKind, options: &CacheOptions) -> Self {
        let (sender, state) = watch::channel(CacheState::Listing);
        let (moved, changed) = watch::channel(Instant::now());
        let (store, told) = (Arc::<RwLock<Store>>::default(), Arc::<Mutex<Told>>::default());
        let kind = gvk.group_kind();
        let (extent, managed): (_, Managed) = if options.metadata_only.contains(&kind) {
            (Extent::Metadata, Arc::new(|_| false))
        } else {
            let unowned = options.unowned.contains(&kind);
            (if unowned { Extent::Unowned } else { Extent::Whole }, Arc::clone(&options.managed))
        };
        let (query, again) = (Query::all(gvk), Arc::<Notify>::default());
        let follower = Follower {
            cluster,
            query,
            extent,
            managed,
            store: Arc::clone(&store),
            state: sender,
            told: Arc::clone(&told),
            changed: moved,
            again: Arc::clone(&again),
        };
        let task = tokio::spawn(follower.run()).abort_handle();
        Self { store, state, told, extent, changed, again, task }
    }

    /// When the objects of the kind last changed, or were listed.
    pub(crate) fn changed(&self) -> Instant {
        *self.changed.borrow()
    }

    /// Tells of each change.
    pub(crate) fn changes(&self) -> watch::Receiver<Instant> {
        self.changed.clone()
    }

    /// The version of an object as it is known; none where it is not there.
    pub(crate) fn version(&self, namespace: Option<&str>, name: &str) -> Option<SmolStr> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        store.get(namespace, name).map(|kept| SmolStr::new(kept.version()))
    }

    /// Whether what is kept is what the server tells.
    pub(crate) fn is_current(&self) -> bool {
        *self.state.borrow() == CacheState::Following
    }

    /// How much of an object the server is asked for, where it is asked by who reads.
    pub(crate) fn asked(&self) -> Extent {
        if self.extent == Extent::Unowned { Extent::Unowned } else { Extent::Whole }
    }

    /// The server was seen to serve the kind: where it did not before, it is followed from now on.
    pub(crate) async fn is_served(&self) {
        let mut state = self.state.clone();
        let unknown =
            matches!(&*state.borrow_and_update(), CacheState::Failing(error) if error.kind == ErrorKind::UnknownKind);
        if unknown {
            self.again.notify_one();
            // Otherwise who reads goes on without the cache.
            let _ = timeout(BEGINNING, state.changed()).await;
        }
    }

    /// Waits until the kind is followed, or cannot be.
    pub(crate) async fn ready(&self) -> Result<(), ClusterError> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| *state != CacheState::Listing).await;
        match settled.as_deref() {
            Ok(CacheState::Failing(error)) => Err(error.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err(ClusterError::new(ErrorKind::Internal, "the watch of a kind ended before its time")),
        }
    }
}

impl Follower {
    async fn run(self) {
        let mut pause = Duration::from_millis(100);
        loop {
            match self.follow().await {
                // The server forgot the state that the watch was to go on from.
                Err(error) if error.kind == ErrorKind::Expired => pause = Duration::from_millis(100),
                Err(error) => {
                    if error.kind == ErrorKind::UnknownKind {
                        self.change(Store::clear);
                    }
                    tracing::debug!(%error, kind = %self.query.gvk, "a kind is not followed");
                    self.state.send_replace(CacheState::Failing(error));
                    let _ = timeout(pause, self.again.notified()).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Ok(()) => {}
            }
        }
    }

    /// Lists and watches until something goes wrong.
    async fn follow(&self) -> Result<(), ClusterError> {
        let resource = self.cluster.resource(&self.query.gvk, None).await?;
        let mut pages = Pages::new(&self.cluster.caller, &resource, &self.query, self.extent);
        self.change(Store::begin);
        while let Some(page) = pages.next().await? {
            self.change(|store| {
                for object in page.into_iter().map(Arc::new) {
                    store.put(&object, || Packed::of(&object), &self.managed);
                }
            });
        }
        let version = pages.resource_version().to_owned();
        self.change(|store| store.finish(&version));
        self.told.lock().unwrap_or_else(PoisonError::into_inner).begin(&version);
        let caller = self.cluster.caller.clone();
        let mut events = watch(caller, resource.clone(), self.query.clone(), &version, self.extent).await?;
        self.state.send_replace(CacheState::Following);
        while let Some(event) = events.next().await {
            self.take_in(&event?);
        }
        Ok(())
    }

    /// Remembers an event, and tells it to those who listen: who asks then finds what it was told.
    fn take_in(&self, event: &WatchEvent) {
        let object = match event {
            WatchEvent::Changed(object) | WatchEvent::Gone(object) => object,
            WatchEvent::Bookmark(version) => {
                let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
                store.reach(version);
                return;
            }
        };
        let packed = LazyCell::new(|| Packed::of(object));
        self.change(|store| {
            store.reach(object.resource_version().unwrap_or_default());
            match event {
                WatchEvent::Gone(_) => store.remove(object),
                _ => store.put(object, || packed.clone(), &self.managed),
            }
        });
        // Nobody listens to what is known in part.
        if self.extent != Extent::Metadata {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).tell(event, packed.clone());
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let changed = change(&mut self.store.write().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(Instant::now());
        changed
    }
}
