//! The clusters of Secrets as the operator has them: their Secrets followed, and the objects of Applications in each of them.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _, ready};
use gitops_apply::tracking::Tracking;
use gitops_core::cluster::Query;
use gitops_core::{Cluster, GroupVersionKind, Timestamp};
use gitops_policy::ClusterAddress;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::follow::{Seen, follow, follow_lightly};
use super::updates::Marks;
use super::{PROGRESS, SETTLING, Signal, Work, is_progress, owner};
use crate::clusters::{ClusterDefinition, ClusterRefused, Clusters, KnownClusters, Place};
use crate::engine::Engine;
use crate::filter::ResourceFilter;

/// Who makes no clusters: only the one that keeps the Applications is deployed to.
struct NoOthers;

impl Clusters for NoOthers {
    fn make<'a>(&'a self, _: &'a ClusterDefinition) -> BoxFuture<'a, Result<Arc<dyn Cluster>, ClusterRefused>> {
        ready(Err(ClusterRefused("no other cluster is connected to here".into()))).boxed()
    }
}

/// Lets an engine deploy to the clusters that are followed.
pub(super) fn be_told(engine: &mut Engine, sender: UnboundedSender<Signal>) {
    let maker = engine.maker.clone().unwrap_or_else(|| Arc::new(NoOthers));
    let tell = move |definition: &ClusterDefinition| {
        let address = ClusterAddress { server: definition.server.clone(), name: definition.name.clone() };
        // An operator that has ended deploys nowhere any more.
        let _ = sender.send(Signal::Cluster(address));
    };
    engine.clusters = Some(Arc::new(KnownClusters::new(maker, tell)));
}

/// What follows the objects of one cluster.
#[derive(Default)]
pub(super) struct Following {
    /// Of which state of which Secret; nothing for the cluster that keeps the Applications.
    link: String,
    /// How its objects are marked.
    tracking: Tracking,
    kinds: Vec<(GroupVersionKind, Vec<AbortHandle>)>,
}

impl Work {
    /// Follows the Secrets of clusters from now on.
    pub(super) fn follow_clusters(&mut self) {
        let Some(known) = self.engine.clusters.clone() else { return };
        let sender = self.sender.clone();
        let tell = move |seen: Seen<'_>| {
            match seen {
                Seen::Listed(secret) | Seen::Changed(secret) => known.put(secret),
                Seen::Gone(id, _) => known.remove(id),
                Seen::Complete => known.complete(),
                Seen::Failed(error) => {
                    known.complete();
                    let what = "the list of clusters".to_owned();
                    return sender.send(Signal::Trouble(what, error.to_string())).is_ok();
                }
            }
            !sender.is_closed()
        };
        let query = KnownClusters::query(&self.engine.projects.namespace);
        self.followers.spawn(follow(Arc::clone(&self.engine.cluster), query, tell));
    }

    /// Follows the objects of a kind from now on where an Application goes, for whichever Application they bear the mark of.
    pub(super) fn follow_kind(&mut self, place: &Place, tracking: &Tracking, kind: GroupVersionKind) {
        let link = place.link().map(|link| link.identity().to_owned()).unwrap_or_default();
        // Where objects are marked in another way from now on, they are told by that.
        self.stop_following(|following| following.link == link && following.tracking != *tracking);
        let at = match self.followed.iter().position(|following| following.link == link) {
            Some(at) => at,
            None => {
                self.followed.push(Following { link, tracking: tracking.clone(), kinds: Vec::new() });
                self.followed.len() - 1
            }
        };
        if self.followed[at].kinds.iter().any(|(followed, _)| *followed == kind) {
            return;
        }
        let all = Query::all(kind.clone());
        let namespaces = place.link().map(|link| link.definition.namespaces.as_slice()).unwrap_or_default();
        let queries: Vec<Query> = match namespaces {
            [] => vec![all],
            some => some.iter().map(|namespace| all.clone().in_namespace(namespace)).collect(),
        };
        let follow_one = |query| {
            let (sender, tracking) = (self.sender.clone(), tracking.clone());
            let mut marks = Marks::new(Arc::clone(&self.updates));
            let tell = move |seen: Seen<'_>| {
                let (object, pause) = match &seen {
                    Seen::Changed(object) if is_progress(object) => (object, PROGRESS),
                    // What is listed may have changed after the look that led here.
                    Seen::Listed(object) | Seen::Changed(object) | Seen::Gone(_, Some(object)) => (object, SETTLING),
                    Seen::Complete => {
                        marks.complete();
                        return true;
                    }
                    _ => return true,
                };
                let Some(key) = owner(object, &tracking) else { return true };
                let is_news = match &seen {
                    Seen::Gone(..) => {
                        marks.forget(object);
                        true
                    }
                    _ => marks.take_in(object),
                };
                !is_news || sender.send(Signal::Live(key, pause)).is_ok()
            };
            self.followers.spawn(follow_lightly(Arc::clone(&place.cluster), query, tell))
        };
        let handles = queries.into_iter().map(follow_one).collect();
        self.followed[at].kinds.push((kind, handles));
    }

    /// Follows no kind any more that is left alone.
    pub(super) fn leave_alone(&mut self, place: &Place, filter: &ResourceFilter) {
        let link = place.link().map(|link| link.identity()).unwrap_or_default();
        let excluded = |(kind, _): &mut (GroupVersionKind, _)| filter.excludes(&kind.group, &kind.kind, &place.server);
        for following in self.followed.iter_mut().filter(|following| following.link == link) {
            let ended = following.kinds.extract_if(.., |followed| excluded(followed));
            ended.flat_map(|(_, handles)| handles).for_each(|handle| handle.abort());
        }
    }

    fn stop_following(&mut self, ends: impl Fn(&Following) -> bool) {
        for following in self.followed.extract_if(.., |following| ends(following)) {
            following.kinds.iter().flat_map(|(_, handles)| handles).for_each(AbortHandle::abort);
        }
    }

    /// Something is new about a cluster: its Applications are looked at, and what its Secret said before is not gone by any more.
    pub(super) fn ask_cluster(&mut self, cluster: &ClusterAddress, now: Timestamp) {
        if let Some(known) = self.engine.clusters.clone() {
            self.stop_following(|following| !(following.link.is_empty() || known.is_current(&following.link)));
        }
        for (key, application) in &self.applications {
            let destination = &application.spec.destination;
            let server = destination.server().map(|server| server.trim_end_matches('/'));
            let named = destination.name().is_some_and(|name| name == cluster.name);
            if named || server == Some(cluster.server.as_str()) {
                self.queue.ask(key, now);
            }
        }
    }
}
