//! Following one kind: a listing, then a watch from there, for as long as somebody asks for it.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use gitops_core::cluster::{ClusterError, ErrorKind, Query, WatchEvent};
use gitops_core::{GroupVersionKind, SmolStr};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::CacheOptions;
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
}

const LONGEST_PAUSE: Duration = Duration::from_secs(10);

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
        let query = Query::all(gvk);
        let follower = Follower {
            cluster,
            query,
            extent,
            managed,
            store: Arc::clone(&store),
            state: sender,
            told: Arc::clone(&told),
            changed: moved,
        };
        let task = tokio::spawn(follower.run()).abort_handle();
        Self { store, state, told, extent, changed, task }
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
                    sleep(pause).await;
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
            self.change(|store| page.into_iter().for_each(|object| store.put(Arc::new(object), &self.managed)));
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
        match event {
            WatchEvent::Changed(object) => self.change(|store| {
                store.reach(object.resource_version().unwrap_or_default());
                store.put(Arc::clone(object), &self.managed);
            }),
            WatchEvent::Gone(object) => self.change(|store| {
                store.reach(object.resource_version().unwrap_or_default());
                store.remove(object);
            }),
            WatchEvent::Bookmark(version) => {
                let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
                store.reach(version);
                return;
            }
        }
        self.told.lock().unwrap_or_else(PoisonError::into_inner).tell(event);
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let changed = change(&mut self.store.write().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(Instant::now());
        changed
    }
}
