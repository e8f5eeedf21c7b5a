//! Following the objects of a kind: a listing, then its changes, and again from the start where a watch cannot go on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use gitops_core::cluster::{Cluster, ClusterError, Query, WatchEvent};
use gitops_core::{Object, ObjectId};

/// The first pause after a failure; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What became known of the objects of a kind.
pub(super) enum Seen<'a> {
    /// An object of a first listing.
    Listed(&'a Object),
    /// An object that came to be or changed.
    Changed(&'a Object),
    /// An object that is gone, with its last state where that is known.
    Gone(&'a ObjectId, Option<&'a Object>),
    /// Everything that was there has been told.
    Complete,
    /// The cluster refuses; it is asked again after a pause.
    Failed(&'a ClusterError),
}

/// Tells what happens to the objects of a query, for as long as it is wanted: until `tell` says no more.
pub(super) async fn follow(cluster: Arc<dyn Cluster>, query: Query, tell: impl FnMut(Seen<'_>) -> bool + Send) {
    follow_from(cluster, query, Some(BTreeSet::new()), tell).await;
}

/// The same without a memory of what there is, which is large where there are many objects: what went while nobody watched is not
/// told.
pub(super) async fn follow_lightly(cluster: Arc<dyn Cluster>, query: Query, tell: impl FnMut(Seen<'_>) -> bool + Send) {
    follow_from(cluster, query, None, tell).await;
}

async fn follow_from(
    cluster: Arc<dyn Cluster>,
    query: Query,
    mut known: Option<BTreeSet<ObjectId>>,
    mut tell: impl FnMut(Seen<'_>) -> bool + Send,
) {
    let mut first = true;
    let mut pause = FIRST_PAUSE;
    loop {
        let listing = match cluster.list(&query).await {
            Ok(listing) => listing,
            Err(error) => {
                if !tell(Seen::Failed(&error)) {
                    return;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
        };
        pause = FIRST_PAUSE;
        if let Some(known) = &mut known {
            let now: BTreeSet<ObjectId> = listing.objects.iter().map(Object::id).collect();
            for id in known.difference(&now) {
                if !tell(Seen::Gone(id, None)) {
                    return;
                }
            }
            *known = now;
        }
        // What a watch missed may have changed.
        let seen = |object| if first { Seen::Listed(object) } else { Seen::Changed(object) };
        if !listing.objects.iter().all(|object| tell(seen(object))) || !tell(Seen::Complete) {
            return;
        }
        first = false;
        // The objects have been told, and would be kept for as long as the watch lives.
        let after = listing.resource_version;
        drop(listing.objects);
        if !changes(cluster.as_ref(), &query, &after, known.as_mut(), &mut tell).await {
            return;
        }
    }
}

/// Tells the changes after a listing until the watch ends; whether more is wanted.
async fn changes(
    cluster: &dyn Cluster,
    query: &Query,
    after: &str,
    mut known: Option<&mut BTreeSet<ObjectId>>,
    tell: &mut (impl FnMut(Seen<'_>) -> bool + Send),
) -> bool {
    let Ok(mut events) = cluster.watch(query, after).await else { return true };
    while let Some(event) = events.next().await {
        let wanted = match event {
            Ok(WatchEvent::Changed(object)) => {
                if let Some(known) = &mut known {
                    known.insert(object.id());
                }
                tell(Seen::Changed(&object))
            }
            Ok(WatchEvent::Gone(object)) => {
                if let Some(known) = &mut known {
                    known.remove(&object.id());
                }
                tell(Seen::Gone(&object.id(), Some(&object)))
            }
            Ok(WatchEvent::Bookmark(_)) => true,
            Err(_) => return true,
        };
        if !wanted {
            return false;
        }
    }
    true
}
