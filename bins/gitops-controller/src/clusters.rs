//! Clusters of Secrets, over the network.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use gitops_controller::causes::chain;
use gitops_controller::clusters::{ClusterDefinition, ClusterRefused, Clusters};
use gitops_core::Cluster;
use gitops_core::secret::{Purpose, Reveal};
use gitops_kube::{CacheOptions, Connection, KubeCluster, WatchCache};

/// Connects to clusters, and starts no programs for their credentials but these.
pub(crate) struct Connections {
    pub(crate) programs: Vec<String>,
}

impl Connections {
    async fn connect(&self, definition: &ClusterDefinition) -> Result<Arc<dyn Cluster>, ClusterRefused> {
        let server = &definition.server;
        if let Some(program) = definition.program().filter(|program| !self.programs.contains(&program.command)) {
            let program = program.command;
            return Err(ClusterRefused(format!(
                "the credential of the cluster `{server}` comes from the program `{program}`, which is not started here: \
                 `--allow-credential-program {program}` would allow it"
            )));
        }
        let refused = |error: &dyn std::error::Error| ClusterRefused(format!("`{server}`: {}", chain(error)));
        let kubeconfig = definition.kubeconfig(&Reveal::granted(Purpose::Connection))?;
        let connection = Connection::from_values(kubeconfig).await.map_err(|error| refused(&error))?;
        let cluster = KubeCluster::connect(&connection).map_err(|error| refused(&error))?;
        Ok(Arc::new(WatchCache::new(cluster, CacheOptions::default())))
    }
}

impl Clusters for Connections {
    fn make<'a>(
        &'a self,
        definition: &'a ClusterDefinition,
    ) -> BoxFuture<'a, Result<Arc<dyn Cluster>, ClusterRefused>> {
        self.connect(definition).boxed()
    }
}
