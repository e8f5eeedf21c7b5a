//! Kinds that may be deployed.

use gitops_core::ObjectId;
use gitops_core::api::{AppProjectSpec, ClusterResourceRestriction, GroupKindPattern};

use crate::glob::Glob;

/// A project's white and blacklists of kinds.
#[derive(Clone, Debug)]
pub struct Kinds {
    cluster_allowed: Vec<Entry>,
    cluster_denied: Vec<Entry>,
    namespaced_allowed: Option<Vec<Entry>>,
    namespaced_denied: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    group: Glob,
    kind: Glob,
    name: Option<Glob>,
}

impl Entry {
    fn of_kind(pattern: &GroupKindPattern) -> Self {
        Self { group: Glob::path(&pattern.group), kind: Glob::path(&pattern.kind), name: None }
    }

    fn of_object(pattern: &ClusterResourceRestriction) -> Self {
        let name = pattern.name.as_deref().filter(|name| !name.is_empty());
        Self { group: Glob::path(&pattern.group), kind: Glob::path(&pattern.kind), name: name.map(Glob::path) }
    }

    fn matches(&self, object: &ObjectId) -> bool {
        self.kind.matches(&object.kind)
            && self.group.matches(&object.group)
            && self.name.as_ref().is_none_or(|name| name.matches(&object.name))
    }
}

/// What stands for every kind in the lists for cluster-wide objects.
pub(super) fn every_kind() -> ClusterResourceRestriction {
    let mut every = ClusterResourceRestriction::default();
    every.group = "*".into();
    every.kind = "*".into();
    every
}

impl Kinds {
    /// Those of a project.
    pub fn of(spec: &AppProjectSpec) -> Self {
        let kinds = |list: &[GroupKindPattern]| list.iter().map(Entry::of_kind).collect::<Vec<_>>();
        let objects = |list: &Option<Vec<ClusterResourceRestriction>>| {
            list.iter().flatten().map(Entry::of_object).collect::<Vec<_>>()
        };
        Self {
            cluster_allowed: objects(&spec.cluster_resource_whitelist),
            cluster_denied: objects(&spec.cluster_resource_blacklist),
            namespaced_allowed: spec.namespace_resource_whitelist.as_deref().map(kinds),
            namespaced_denied: kinds(spec.namespace_resource_blacklist.as_deref().unwrap_or_default()),
        }
    }

    /// Whether an object may be deployed by its kind and, cluster-wide, by its name (Argo CD's
    /// `AppProject.IsGroupKindNamePermitted`). An object with a namespace is held to the lists for namespaced kinds, of which
    /// an absent whitelist allows all; any other one to those for cluster-wide kinds, of which an absent whitelist allows
    /// none.
    ///
    /// # Errors
    /// The list that does not allow it, as a path in the project.
    pub fn check(&self, object: &ObjectId) -> Result<(), &'static str> {
        let listed = |list: &[Entry]| list.iter().any(|entry| entry.matches(object));
        if object.namespace.is_some() {
            if self.namespaced_allowed.as_deref().is_some_and(|list| !listed(list)) {
                return Err("spec.namespaceResourceWhitelist");
            }
            return if listed(&self.namespaced_denied) { Err("spec.namespaceResourceBlacklist") } else { Ok(()) };
        }
        if !listed(&self.cluster_allowed) {
            return Err("spec.clusterResourceWhitelist");
        }
        if listed(&self.cluster_denied) { Err("spec.clusterResourceBlacklist") } else { Ok(()) }
    }
}
