//! A cluster whose writes pass a guard first, whoever makes them.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _, ready};
use gitops_core::cluster::{
    Applied, Cluster, ClusterError, ClusterInfo, CompleteListing, Delete, Deleted, Discovery, ErrorKind, Identity,
    Query, WatchStream, Write,
};
use gitops_core::{Object, ObjectRef, SmolStr};

use crate::digest_key;
use crate::engine::Engine;
use crate::replicas::Hold;

/// Which writes are made.
#[derive(Clone, Debug)]
pub(crate) enum Guard {
    /// Those for as long as a replica holds a shard.
    While(Hold),
    /// None but those of what an engine needs to compare at all: who observes changes nothing.
    Observing,
}

/// A cluster behind a guard.
struct Guarded {
    inner: Arc<dyn Cluster>,
    guard: Guard,
}

impl Guard {
    /// The same cluster behind this guard.
    pub(crate) fn before(&self, inner: Arc<dyn Cluster>) -> Arc<dyn Cluster> {
        Arc::new(Guarded { inner, guard: self.clone() })
    }
}

impl Engine {
    /// The same engine, whose every write passes a guard.
    pub(crate) fn guarded(&self, guard: Guard) -> Self {
        Self { cluster: guard.before(Arc::clone(&self.cluster)), guard: Some(guard), ..self.clone() }
    }
}

impl Cluster for Guarded {
    fn info(&self) -> BoxFuture<'_, Result<ClusterInfo, ClusterError>> {
        self.inner.info()
    }

    fn discover(&self) -> BoxFuture<'_, Result<Arc<Discovery>, ClusterError>> {
        self.inner.discover()
    }

    fn get<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Result<Option<Object>, ClusterError>> {
        self.inner.get(target)
    }

    fn list<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<CompleteListing, ClusterError>> {
        self.inner.list(query)
    }

    fn watch<'a>(&'a self, query: &'a Query, after: &'a str) -> BoxFuture<'a, Result<WatchStream, ClusterError>> {
        self.inner.watch(query, after)
    }

    fn write<'a>(&'a self, write: Write<'a>) -> BoxFuture<'a, Result<Applied, ClusterError>> {
        match &self.guard {
            Guard::While(hold) => hold.write(self.inner.write(write)).boxed(),
            Guard::Observing if write.dry_run || digest_key::is_key(write.object) => self.inner.write(write),
            Guard::Observing => ready(Err(observes())).boxed(),
        }
    }

    fn delete<'a>(&'a self, delete: Delete<'a>) -> BoxFuture<'a, Result<Deleted, ClusterError>> {
        match &self.guard {
            Guard::While(hold) => hold.write(self.inner.delete(delete)).boxed(),
            Guard::Observing if delete.dry_run => self.inner.delete(delete),
            Guard::Observing => ready(Err(observes())).boxed(),
        }
    }

    fn versions<'a>(&'a self, targets: &'a [ObjectRef]) -> BoxFuture<'a, Option<Vec<Option<SmolStr>>>> {
        self.inner.versions(targets)
    }

    fn acting_as(&self, identity: &Identity) -> Result<Arc<dyn Cluster>, ClusterError> {
        Ok(self.guard.before(self.inner.acting_as(identity)?))
    }
}

fn observes() -> ClusterError {
    ClusterError::new(ErrorKind::Forbidden, "nothing is written: this operator observes only")
}
