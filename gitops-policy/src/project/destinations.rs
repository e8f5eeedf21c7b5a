//! Clusters and namespaces that may be deployed to.

use gitops_core::api::AppProjectSpec;

use crate::glob::Rule;

/// Where something is deployed to: a cluster under both of its names, and a namespace.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The address of the cluster's API server.
    pub server: &'a str,
    /// The cluster's name; empty where it has none.
    pub name: &'a str,
    /// The namespace; empty where there is none.
    pub namespace: &'a str,
    /// The clusters that belong to the project.
    pub project_clusters: &'a [ClusterAddress],
}

/// A cluster under both of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterAddress {
    /// The address of its API server.
    pub server: String,
    /// Its name.
    pub name: String,
}

impl Destination<'_> {
    fn is_of_project(&self) -> bool {
        self.project_clusters.iter().any(|cluster| cluster.name == self.name || cluster.server == self.server)
    }
}

/// A project's `destinations`.
#[derive(Clone, Debug)]
pub struct Destinations {
    entries: Vec<Entry>,
    only_of_project: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    server: Rule,
    name: Rule,
    namespace: Rule,
}

impl Destinations {
    /// Those of a project.
    pub fn of(spec: &AppProjectSpec) -> Self {
        let rule = |pattern: &Option<String>| Rule::new(pattern.as_deref().unwrap_or_default(), "");
        let entries = spec.destinations.iter().flatten();
        Self {
            entries: entries
                .map(|entry| Entry {
                    server: rule(&entry.server),
                    name: rule(&entry.name),
                    namespace: rule(&entry.namespace),
                })
                .collect(),
            only_of_project: spec.permit_only_project_scoped_clusters == Some(true),
        }
    }

    /// Whether a destination may be deployed to (Argo CD's `AppProject.IsDestinationPermitted`): an entry has to match the
    /// namespace and the server or the name, and none may exclude it by `!`. Where `permitOnlyProjectScopedClusters` is set,
    /// the cluster has to belong to the project.
    pub fn permits(&self, destination: &Destination<'_>) -> bool {
        self.matches(destination) && (!self.only_of_project || destination.is_of_project())
    }

    fn matches(&self, destination: &Destination<'_>) -> bool {
        let mut is_matched = false;
        for entry in &self.entries {
            let name = !destination.name.is_empty() && entry.name.allows(destination.name);
            let server = !destination.server.is_empty() && entry.server.allows(destination.server);
            let namespace = entry.namespace.allows(destination.namespace);
            if (server || name) && namespace {
                is_matched = true;
                continue;
            }
            let by_name = !name && entry.name.is_negated();
            let by_server = !server && entry.server.is_negated() && namespace;
            let by_namespace = !namespace && entry.namespace.is_negated() && server;
            if by_name || by_server || by_namespace {
                return false;
            }
        }
        is_matched
    }
}
