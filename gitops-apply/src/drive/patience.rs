//! A cluster whose calls come to an end, with an answer or without one.

use std::sync::Arc;

use futures::future::{BoxFuture, Either, select};
use gitops_core::cluster::{
    Applied, Cluster, ClusterError, ClusterInfo, CompleteListing, Delete, Deleted, Discovery, ErrorKind, Query,
    WatchStream, Write,
};
use gitops_core::{Object, ObjectRef, Timestamp};

use super::Surroundings;

pub(super) struct Patient<'a> {
    cluster: &'a dyn Cluster,
    around: Surroundings<'a>,
}

impl<'a> Patient<'a> {
    pub(super) fn new(cluster: &'a dyn Cluster, around: Surroundings<'a>) -> Self {
        Self { cluster, around }
    }

    fn within<'b, T: Send + 'b>(
        &'b self,
        call: BoxFuture<'b, Result<T, ClusterError>>,
    ) -> BoxFuture<'b, Result<T, ClusterError>> {
        Box::pin(async move {
            let Surroundings { clock, timer, answer, .. } = self.around;
            let until = clock.now().checked_add(answer).unwrap_or(Timestamp::MAX);
            match select(call, timer.sleep_until(until)).await {
                Either::Left((result, _)) => result,
                Either::Right(_) => Err(ClusterError::new(
                    ErrorKind::Unavailable,
                    format!("the cluster did not answer within {answer:#}"),
                )),
            }
        })
    }
}

impl Cluster for Patient<'_> {
    fn info(&self) -> BoxFuture<'_, Result<ClusterInfo, ClusterError>> {
        self.within(self.cluster.info())
    }

    fn discover(&self) -> BoxFuture<'_, Result<Arc<Discovery>, ClusterError>> {
        self.within(self.cluster.discover())
    }

    fn get<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Result<Option<Object>, ClusterError>> {
        self.within(self.cluster.get(target))
    }

    fn list<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<CompleteListing, ClusterError>> {
        self.within(self.cluster.list(query))
    }

    fn watch<'a>(&'a self, query: &'a Query, after: &'a str) -> BoxFuture<'a, Result<WatchStream, ClusterError>> {
        self.within(self.cluster.watch(query, after))
    }

    fn write<'a>(&'a self, write: Write<'a>) -> BoxFuture<'a, Result<Applied, ClusterError>> {
        self.within(self.cluster.write(write))
    }

    fn delete<'a>(&'a self, delete: Delete<'a>) -> BoxFuture<'a, Result<Deleted, ClusterError>> {
        self.within(self.cluster.delete(delete))
    }
}
