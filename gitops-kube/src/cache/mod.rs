//! A cluster whose reads are answered from what watches tell.
//!
//! A kind is followed from the first time that it is asked for. Objects that are managed are kept whole; of all others only
//! that they are there. A reader sees its own writes and what it was told by a watch, and after a refusal that says that what
//! was read is old, the server is asked.

mod behind;
mod follow;
mod kinds;
mod packed;
mod store;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use futures::future::{BoxFuture, FutureExt as _, ready};
use gitops_core::annotations::{INSTANCE_LABEL, INVENTORY_OF, TRACKING_ID};
use gitops_core::cluster::{
    Applied, Cluster, ClusterError, ClusterInfo, CompleteListing, Delete, Deleted, Discovery, ErrorKind, Identity,
    Query, WatchEvent, WatchStream, Write,
};
use gitops_core::{GroupKind, GroupVersionKind, Object, ObjectId, ObjectRef, SmolStr};

use behind::Behind;
pub use follow::CacheState;
use follow::Followed;
use store::Managed;

use crate::cluster::KubeCluster;
use crate::list::Extent;

/// What a cache keeps.
#[derive(Clone)]
#[non_exhaustive]
pub struct CacheOptions {
    /// Which objects are kept whole. Those that carry Argo CD's mark of an owner, or a part of an inventory, by default.
    pub managed: Managed,
    /// Kinds of which nothing is managed: of these the server tells metadata only.
    pub metadata_only: BTreeSet<GroupKind>,
    /// Kinds of which nobody asks who owns their fields: what a reader gets does not say so.
    pub unowned: BTreeSet<GroupKind>,
}

impl Default for CacheOptions {
    fn default() -> Self {
        let marked = |object: &Object| {
            object.annotation(TRACKING_ID).is_some()
                || object.label(INSTANCE_LABEL).is_some()
                || object.label(INVENTORY_OF).is_some()
        };
        // What controllers make of workloads, which is many and changes often.
        let made = [("", "Pod"), ("", "Event"), ("apps", "ReplicaSet"), ("discovery.k8s.io", "EndpointSlice")];
        // What is large, and of which it matters that it changed.
        let kinds =
            kinds::SOURCES.map(|(version, kind)| GroupVersionKind::from_api_version(version, kind).group_kind());
        let metadata_only = made.map(|(group, kind)| GroupKind::new(group, kind)).into_iter().chain(kinds).collect();
        Self { managed: Arc::new(marked), metadata_only, unowned: BTreeSet::new() }
    }
}

/// A cluster that remembers. Clones share what is kept; the watches end with the last of them.
#[derive(Clone)]
pub struct WatchCache {
    cluster: KubeCluster,
    options: CacheOptions,
    held: Arc<Held>,
}

#[derive(Default)]
struct Held {
    kinds: Mutex<BTreeMap<GroupVersionKind, Arc<Followed>>>,
    /// Objects that the server said something else about than what is kept.
    doubtful: Mutex<BTreeSet<ObjectId>>,
    behind: Behind,
    discovered: kinds::Discovered,
}

/// What the cache has of an object.
enum Found {
    Object(Box<Object>),
    Absent,
    /// It is not followed, not kept whole, or may be old.
    Unknown,
}

impl fmt::Debug for WatchCache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("WatchCache").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

impl WatchCache {
    /// A cache before a cluster.
    pub fn new(cluster: KubeCluster, options: CacheOptions) -> Self {
        Self { cluster, options, held: Arc::default() }
    }

    /// Follows a kind, and waits until what is kept of it is complete. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// Where the server does not serve the kind, or does not let it be listed; it is asked again in the background.
    pub async fn follow(&self, gvk: &GroupVersionKind) -> Result<(), ClusterError> {
        self.followed(gvk).ready().await
    }

    /// Ends the watch of a kind and forgets its objects.
    pub fn forget(&self, gvk: &GroupVersionKind) {
        self.held.kinds.lock().unwrap_or_else(PoisonError::into_inner).remove(gvk);
    }

    /// How far a kind is followed; none where it is not.
    pub fn state(&self, gvk: &GroupVersionKind) -> Option<CacheState> {
        let kinds = self.held.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.get(gvk).map(|followed| followed.state.borrow().clone())
    }

    /// How many objects of a kind are known, and how many of them are kept whole.
    pub fn count(&self, gvk: &GroupVersionKind) -> (usize, usize) {
        let kinds = self.held.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.get(gvk).map_or((0, 0), |followed| followed.store.read().unwrap_or_else(PoisonError::into_inner).count())
    }

    fn followed(&self, gvk: &GroupVersionKind) -> Arc<Followed> {
        let mut kinds = self.held.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let start = || Followed::start(self.cluster.clone(), gvk.clone(), &self.options);
        Arc::clone(kinds.entry(gvk.clone()).or_insert_with(|| Arc::new(start())))
    }

    /// The kind, where what is kept of it is what the server tells.
    async fn current(&self, gvk: &GroupVersionKind) -> Option<Arc<Followed>> {
        let followed = self.followed(gvk);
        followed.ready().await.ok()?;
        followed.is_current().then_some(followed)
    }

    async fn find(&self, target: &ObjectRef) -> Found {
        if self.is_doubtful(&target.id) {
            return Found::Unknown;
        }
        let Some(followed) = self.current(&target.gvk()).await else { return Found::Unknown };
        if !self.held.behind.catch_up(&target.id, &followed).await {
            return Found::Unknown;
        }
        let store = followed.store.read().unwrap_or_else(PoisonError::into_inner);
        match store.get(target.id.namespace.as_deref(), &target.id.name) {
            None => Found::Absent,
            Some(kept) => kept.object().map_or(Found::Unknown, |object| Found::Object(Box::new(object))),
        }
    }

    /// The objects of a query, where all of them are kept whole, and the state that they are of.
    async fn find_all(&self, query: &Query) -> Option<CompleteListing> {
        let followed = self.current(&query.gvk).await?;
        if !self.held.behind.catch_up_all(&query.gvk, &followed).await {
            return None;
        }
        let store = followed.store.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for ((namespace, name), kept) in store.iter() {
            let inside = query.namespace.as_deref().is_none_or(|wanted| wanted == &**namespace)
                && query.name.as_deref().is_none_or(|wanted| wanted == &**name);
            let labelled = query.labels.iter().all(|(key, value)| kept.label(key) == Some(value));
            if inside && labelled {
                found.push(kept.object()?);
            }
        }
        found.sort_by(|one, other| (one.namespace(), one.name()).cmp(&(other.namespace(), other.name())));
        Some(CompleteListing { objects: found, resource_version: store.version().to_owned() })
    }

    /// What the watch of a kind tells, where that is all that a query asks for: the labels of an object that changes decide
    /// whether it is still of a query, which the server knows.
    async fn listen(&self, query: &Query, after: &str) -> Option<WatchStream> {
        if !query.labels.is_empty() {
            return None;
        }
        let followed = self.current(&query.gvk).await.filter(|followed| followed.extent != Extent::Metadata)?;
        let told = followed.told.lock().unwrap_or_else(PoisonError::into_inner).listen(after);
        let (namespace, name) = (query.namespace.clone(), query.name.clone());
        let inside = move |event: &Result<WatchEvent, ClusterError>| match event {
            Ok(WatchEvent::Changed(object) | WatchEvent::Gone(object)) => {
                (namespace.is_none() || object.namespace() == namespace.as_deref())
                    && name.as_deref().is_none_or(|name| object.name() == name)
            }
            Ok(WatchEvent::Bookmark(_)) | Err(_) => true,
        };
        // The watch goes on for as long as somebody listens.
        let told = told.filter(move |event| std::future::ready(inside(event))).inspect(move |_| {
            let _ = &followed;
        });
        Some(told.boxed())
    }

    /// An object as the server has it, which also ends a doubt.
    async fn ask(&self, target: &ObjectRef) -> Result<Option<Object>, ClusterError> {
        let found = self.cluster.get(target).await?;
        self.held.behind.forget(&target.id);
        if let Some(object) = &found {
            self.note(object);
        }
        Ok(found)
    }

    /// The version of an object, or that it is absent; nothing where that is not known for certain.
    fn version(&self, target: &ObjectRef) -> Option<Option<SmolStr>> {
        if self.is_doubtful(&target.id) {
            return None;
        }
        let kinds = self.held.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let followed = Arc::clone(kinds.get(&target.gvk()).filter(|followed| followed.is_current())?);
        drop(kinds);
        let behind = self.held.behind.is_behind(&target.id, &followed);
        (!behind).then(|| followed.version(target.id.namespace.as_deref(), &target.id.name))
    }

    fn is_doubtful(&self, id: &ObjectId) -> bool {
        self.held.doubtful.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    fn doubt(&self, id: ObjectId) {
        self.held.doubtful.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Takes in what the server answered about an object.
    fn note(&self, object: &Object) {
        let id = object.id();
        self.held.doubtful.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        self.held.behind.forget(&id);
        self.hear(object);
    }

    /// Takes in that an object is in a state that its watch is still to tell.
    fn await_state(&self, written: &Object) {
        self.held.doubtful.lock().unwrap_or_else(PoisonError::into_inner).remove(&written.id());
        let kinds = self.held.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if kinds.contains_key(&written.gvk()) {
            self.held.behind.note(written);
        }
    }

    /// Takes in an object that somebody was told of: who then asks for it is not answered with an older one.
    fn hear(&self, object: &Object) {
        let kinds = self.held.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(followed) = kinds.get(&object.gvk()) else { return };
        if followed.extent != Extent::Metadata {
            let lean = |object: &Object| {
                let mut object = object.clone();
                if followed.extent == Extent::Unowned {
                    drop(object.take_managed_fields());
                }
                object
            };
            let mut store = followed.store.write().unwrap_or_else(PoisonError::into_inner);
            store.put_newer(object, lean, &self.options.managed);
        }
    }

    /// Takes in that an object is gone.
    fn miss(&self, object: &Object) {
        self.held.doubtful.lock().unwrap_or_else(PoisonError::into_inner).remove(&object.id());
        let kinds = self.held.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(followed) = kinds.get(&object.gvk()) {
            followed.store.write().unwrap_or_else(PoisonError::into_inner).remove(object);
        }
    }
}

impl Cluster for WatchCache {
    fn info(&self) -> BoxFuture<'_, Result<ClusterInfo, ClusterError>> {
        self.cluster.info()
    }

    fn discover(&self) -> BoxFuture<'_, Result<Arc<Discovery>, ClusterError>> {
        async move {
            let [definitions, services] = kinds::SOURCES
                .map(|(version, kind)| GroupVersionKind::from_api_version(version, kind))
                .map(|gvk| async move { self.current(&gvk).await.map(|followed| followed.changed()) });
            let changed = match futures::join!(definitions, services) {
                (Some(definitions), Some(services)) => Some(definitions.max(services)),
                _ => None,
            };
            self.held.discovered.since(changed, || self.cluster.discover()).await
        }
        .boxed()
    }

    fn get<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Result<Option<Object>, ClusterError>> {
        async move {
            match self.find(target).await {
                Found::Object(object) => Ok(Some(*object)),
                Found::Absent => Ok(None),
                Found::Unknown => self.ask(target).await,
            }
        }
        .boxed()
    }

    fn list<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<CompleteListing, ClusterError>> {
        async move {
            if let Some(listing) = self.find_all(query).await {
                return Ok(listing);
            }
            let followed = self.followed(&query.gvk);
            let listing = self.cluster.list_of(query, followed.asked()).await?;
            followed.is_served().await;
            Ok(listing)
        }
        .boxed()
    }

    fn watch<'a>(&'a self, query: &'a Query, after: &'a str) -> BoxFuture<'a, Result<WatchStream, ClusterError>> {
        async move {
            if let Some(told) = self.listen(query, after).await {
                return Ok(told);
            }
            let extent = self.followed(&query.gvk).asked();
            let (events, cache) = (self.cluster.watch_of(query, after, extent).await?, self.clone());
            let told = events.inspect(move |event| match event {
                Ok(WatchEvent::Changed(object)) => cache.hear(object),
                Ok(WatchEvent::Gone(object)) => cache.miss(object),
                Ok(WatchEvent::Bookmark(_)) | Err(_) => {}
            });
            Ok(told.boxed())
        }
        .boxed()
    }

    fn write<'a>(&'a self, write: Write<'a>) -> BoxFuture<'a, Result<Applied, ClusterError>> {
        async move {
            let (id, dry_run, brief) = (write.object.id(), write.dry_run, write.brief);
            let written = self.cluster.write(write).await;
            match &written {
                Ok(applied) if brief && !dry_run => self.await_state(&applied.object),
                Ok(applied) if !dry_run => self.note(&applied.object),
                Err(error) if is_surprised(error.kind) => self.doubt(id),
                _ => {}
            }
            written
        }
        .boxed()
    }

    fn delete<'a>(&'a self, delete: Delete<'a>) -> BoxFuture<'a, Result<Deleted, ClusterError>> {
        async move {
            let dry_run = delete.dry_run;
            let deleted = self.cluster.delete(delete.clone()).await;
            if !dry_run {
                self.doubt(delete.target.id.clone());
            }
            deleted
        }
        .boxed()
    }

    fn versions<'a>(&'a self, targets: &'a [ObjectRef]) -> BoxFuture<'a, Option<Vec<Option<SmolStr>>>> {
        ready(targets.iter().map(|target| self.version(target)).collect()).boxed()
    }

    /// What the cache remembers was seen by its own caller, and is not for others: theirs is the cluster itself.
    fn acting_as(&self, identity: &Identity) -> Result<Arc<dyn Cluster>, ClusterError> {
        self.cluster.acting_as(identity)
    }
}

/// Whether a refusal says that the object is not as it was read, or leaves open whether it was written.
fn is_surprised(kind: ErrorKind) -> bool {
    use ErrorKind::{AlreadyExists, Conflict, Invalid, NotFound, Unavailable};
    matches!(kind, AlreadyExists | Conflict | Invalid | NotFound | Unavailable)
}
