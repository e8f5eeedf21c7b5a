//! Where an Application goes.

use std::fmt;
use std::sync::Arc;

use gitops_core::Cluster;
use gitops_core::api::Application;
use gitops_policy::{ClusterAddress, Destination};
use thiserror::Error;

use super::link::{Link, Reach};
use crate::engine::Engine;

/// The cluster that keeps the Applications, under both of its names in Argo CD.
const SERVER: &str = "https://kubernetes.default.svc";
const NAME: &str = "in-cluster";

/// Where an Application is deployed to.
#[derive(Clone)]
pub struct Place {
    /// The cluster.
    pub cluster: Arc<dyn Cluster>,
    /// The address of its API server.
    pub server: String,
    /// Its name.
    pub name: String,
    namespace: String,
    project_clusters: Vec<ClusterAddress>,
    link: Option<Arc<Link>>,
}

/// Why an Application goes nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unplaced {
    /// Its destination is no cluster that is known, in the words of Argo CD's `GetDestinationCluster`.
    #[error("{0}")]
    Unknown(String),
    /// The cluster cannot be reached.
    #[error("failed to get cluster info for {server:?}: {why}")]
    Unreachable {
        /// The address of its API server.
        server: String,
        /// Why.
        why: String,
    },
    /// It is being found out.
    #[error("the cluster is being asked for the first time")]
    Asked,
}

impl Place {
    /// The cluster that keeps the Applications.
    pub(crate) fn own(cluster: Arc<dyn Cluster>, namespace: &str) -> Self {
        Self {
            cluster,
            server: SERVER.into(),
            name: NAME.into(),
            namespace: namespace.into(),
            project_clusters: Vec::new(),
            link: None,
        }
    }

    /// The same for a project.
    pub(crate) fn destination(&self) -> Destination<'_> {
        Destination {
            server: &self.server,
            name: &self.name,
            namespace: &self.namespace,
            project_clusters: &self.project_clusters,
        }
    }

    /// The way to a cluster of a Secret; none to the one that keeps the Applications.
    pub(crate) fn link(&self) -> Option<&Arc<Link>> {
        self.link.as_ref()
    }
}

impl Engine {
    /// Where an Application goes.
    ///
    /// # Errors
    /// [`Unplaced`].
    pub fn place(&self, application: &Application) -> Result<Place, Unplaced> {
        let destination = &application.spec.destination;
        let namespace = destination.namespace().unwrap_or_default();
        let known = self.clusters.as_deref();
        let project_clusters = || known.map(|known| known.of_project(application.spec.project())).unwrap_or_default();
        let own = |name: &str| {
            let mut place = Place::own(Arc::clone(&self.cluster), namespace);
            place.name = name.into();
            place.project_clusters = project_clusters();
            place
        };
        if known.is_none() {
            // Who has no operator may leave out where everything goes anyway.
            let named = destination.server().or(destination.name()).filter(|named| ![SERVER, NAME].contains(named));
            return match named {
                Some(other) => Err(Unplaced::Unknown(format!(
                    "spec.destination: this engine deploys to `{SERVER}` only, and not to `{other}`"
                ))),
                None => Ok(own(NAME)),
            };
        }
        let links = match (destination.name(), destination.server()) {
            (Some(name), Some(server)) => {
                return Err(Unplaced::Unknown(format!(
                    "application destination can't have both name and server defined: {name} {server}"
                )));
            }
            (None, None) => return Err(Unplaced::Unknown("Destination server missing from app spec".into())),
            (None, Some(server)) => {
                let server = server.trim_end_matches('/');
                let links = known.map(|known| known.find(|one| one.server == server)).unwrap_or_default();
                if server == SERVER {
                    let named = links.first().map(|link| link.definition.name.as_str()).filter(|name| !name.is_empty());
                    return Ok(own(named.unwrap_or(NAME)));
                }
                links
            }
            (Some(name), None) => {
                let links = known.map(|known| known.find(|one| one.name == name)).unwrap_or_default();
                if links.is_empty() && name == NAME || links.len() == 1 && links[0].definition.server == SERVER {
                    return Ok(own(name));
                }
                links
            }
        };
        if known.is_some_and(|known| !known.is_complete()) {
            return Err(Unplaced::Asked);
        }
        let link = match (links.as_slice(), destination.name(), destination.server()) {
            ([link], ..) | ([link, ..], None, _) => link,
            ([], None, Some(server)) => {
                let refused = known.and_then(|known| known.refused()).map(|words| format!("; {words}"));
                return Err(Unplaced::Unknown(format!(
                    "error getting cluster by server {server:?}: rpc error: code = NotFound desc = cluster {server:?} not found{}",
                    refused.unwrap_or_default()
                )));
            }
            (several, name, _) => {
                let name = name.unwrap_or_default();
                let servers: Vec<&str> = several.iter().map(|link| link.definition.server.as_str()).collect();
                return Err(Unplaced::Unknown(match servers.len() {
                    0 => format!("there are no clusters with this name: {name}"),
                    count => format!("there are {count} clusters with the same name: [{}]", servers.join(" ")),
                }));
            }
        };
        let definition = &link.definition;
        match link.reach() {
            Reach::Up(cluster) => Ok(Place {
                cluster: match &self.guard {
                    Some(guard) => guard.before(cluster),
                    None => cluster,
                },
                server: definition.server.clone(),
                name: definition.name.clone(),
                namespace: namespace.into(),
                project_clusters: project_clusters(),
                link: Some(Arc::clone(link)),
            }),
            Reach::Down(why) => Err(Unplaced::Unreachable { server: definition.server.clone(), why }),
            Reach::Asked => Err(Unplaced::Asked),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Place").field("server", &self.server).field("name", &self.name).finish_non_exhaustive()
    }
}
