//! The clusters as a watch tells of their Secrets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use gitops_core::cluster::Query;
use gitops_core::{GroupVersionKind, Object, ObjectId};
use gitops_policy::ClusterAddress;

use super::definition::CLUSTER;
use super::link::{Link, Tell};
use super::{ClusterDefinition, Clusters};
use crate::credentials::SECRET_TYPE;

/// The clusters of the Secrets of a namespace.
pub(crate) struct KnownClusters {
    maker: Arc<dyn Clusters>,
    tell: Tell,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    secrets: BTreeMap<ObjectId, Entry>,
    is_complete: bool,
}

/// A Secret that can be used, or the words for why not, under the address of its server.
#[derive(Clone)]
enum Entry {
    Link(Arc<Link>),
    Refused(String),
}

impl KnownClusters {
    /// Nothing yet. `tell` is called for a cluster about which something is new.
    pub(crate) fn new(maker: Arc<dyn Clusters>, tell: impl Fn(&ClusterDefinition) + Send + Sync + 'static) -> Self {
        Self { maker, tell: Arc::new(tell), state: RwLock::default() }
    }

    /// What there is to be watched.
    pub(crate) fn query(namespace: &str) -> Query {
        let secrets = Query::all(GroupVersionKind::from_api_version("v1", "Secret"));
        secrets.in_namespace(namespace).with_label(SECRET_TYPE, CLUSTER)
    }

    /// The watch tells of a Secret.
    pub(crate) fn put(&self, secret: &Object) {
        let entry = match ClusterDefinition::read(secret) {
            None => return self.remove(&secret.id()),
            Some(Ok(definition)) => Entry::Link(Link::new(definition, Arc::clone(&self.maker), Arc::clone(&self.tell))),
            Some(Err(refused)) => Entry::Refused(refused.0),
        };
        let link = |entry: &Entry| match entry {
            Entry::Link(link) => Some(Arc::clone(link)),
            Entry::Refused(_) => None,
        };
        let (new, before, tells) = {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            let new = link(&entry);
            let before = state.secrets.get(&secret.id()).and_then(link);
            let same = |one: &Arc<Link>| new.as_ref().is_some_and(|new| new.identity() == one.identity());
            if before.as_ref().is_some_and(same) {
                return;
            }
            state.secrets.insert(secret.id(), entry);
            (new, before, state.is_complete)
        };
        let changed = new.iter().chain(&before).filter(|_| tells);
        changed.for_each(|link| (self.tell)(&link.definition));
    }

    /// The watch tells that a Secret is gone.
    pub(crate) fn remove(&self, id: &ObjectId) {
        let gone = self.state.write().unwrap_or_else(PoisonError::into_inner).secrets.remove(id);
        if let Some(Entry::Link(link)) = gone {
            (self.tell)(&link.definition);
        }
    }

    /// The watch has told everything that was there, or cannot.
    pub(crate) fn complete(&self) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).is_complete = true;
    }

    /// Whether a link is still the one of its Secret.
    pub(crate) fn is_current(&self, identity: &str) -> bool {
        !self.find(|definition| definition.identity == identity).is_empty()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.state.read().unwrap_or_else(PoisonError::into_inner).is_complete
    }

    /// The clusters that a destination may mean, in the order of their addresses.
    pub(super) fn find(&self, wanted: impl Fn(&ClusterDefinition) -> bool) -> Vec<Arc<Link>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let links = state.secrets.values().filter_map(|entry| match entry {
            Entry::Link(link) if wanted(&link.definition) => Some(Arc::clone(link)),
            _ => None,
        });
        let mut found: Vec<_> = links.collect();
        found.sort_by(|one, other| one.definition.server.cmp(&other.definition.server));
        found
    }

    /// Why Secrets cannot be used, where there are such.
    pub(super) fn refused(&self) -> Option<String> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let words: Vec<String> = state
            .secrets
            .values()
            .filter_map(|entry| match entry {
                Entry::Refused(words) => Some(words.clone()),
                Entry::Link(_) => None,
            })
            .collect();
        (!words.is_empty()).then(|| words.join("; "))
    }

    /// The clusters that belong to a project.
    pub(super) fn of_project(&self, project: &str) -> Vec<ClusterAddress> {
        let links = self.find(|definition| definition.project.as_deref() == Some(project));
        let address = |link: Arc<Link>| ClusterAddress {
            server: link.definition.server.clone(),
            name: link.definition.name.clone(),
        };
        links.into_iter().map(address).collect()
    }
}

impl fmt::Debug for KnownClusters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KnownClusters").finish_non_exhaustive()
    }
}
