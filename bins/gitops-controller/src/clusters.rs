//! Clusters of Secrets, over the network.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use gitops_controller::causes::chain;
use gitops_controller::clusters::{CloudIdentity, ClusterDefinition, ClusterRefused, Clusters};
use gitops_core::Cluster;
use gitops_core::secret::{Purpose, Reveal, Secret};
use gitops_identity::{Cloud, ClusterToken, IdentityError, Variables};
use gitops_kube::{CacheOptions, Connection, KubeCluster, TokenError, TokenSource, WatchCache};

/// Connects to clusters; what credentials are made for them is said here.
pub(crate) struct Connections {
    /// The programs that are started to print one.
    programs: Vec<String>,
    /// The clouds whose accounts of this process are used, as Argo CD's program calls them.
    clouds: Vec<String>,
    /// The way to their servers, where there are such.
    cloud: Option<Cloud>,
}

/// The token of one cluster, for the calls to it.
struct Tokens(ClusterToken);

impl Connections {
    /// No program, and no cloud's account, is used but these.
    pub(crate) fn new(programs: Vec<String>, clouds: Vec<String>) -> Result<Self, IdentityError> {
        let cloud = (!clouds.is_empty()).then(Cloud::new).transpose()?;
        Ok(Self { programs, clouds, cloud })
    }

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
        let tokens = definition.identity()?.map(|identity| self.tokens(server, &identity)).transpose()?;
        let kubeconfig = definition.kubeconfig(&Reveal::granted(Purpose::Connection));
        let mut connection = Connection::from_values(kubeconfig).await.map_err(|error| refused(&error))?;
        if let Some(tokens) = tokens {
            connection = connection.proven_by(Arc::new(tokens)).map_err(|error| refused(&error))?;
        }
        let cluster = KubeCluster::connect(&connection).map_err(|error| refused(&error))?;
        Ok(Arc::new(WatchCache::new(cluster, CacheOptions::default())))
    }

    fn tokens(&self, server: &str, identity: &CloudIdentity) -> Result<Tokens, ClusterRefused> {
        let name = identity.account.cloud();
        let allowed = self.cloud.as_ref().filter(|_| self.clouds.iter().any(|allowed| allowed == name));
        let cloud = allowed.ok_or_else(|| {
            ClusterRefused(format!(
                "the cluster `{server}` is to be called with this process's own account of `{name}`, which is not used here: \
                 `--allow-cloud-identity {name}` would allow it for every Secret of a cluster"
            ))
        })?;
        let given = identity.variables(&Reveal::granted(Purpose::Connection)).clone();
        let variables = Variables::own().with(given);
        Ok(Tokens(ClusterToken::new(cloud.clone(), identity.account.clone(), variables)))
    }
}

impl TokenSource for Tokens {
    fn token(&self) -> BoxFuture<'_, Result<Arc<Secret<String>>, TokenError>> {
        self.0.get().map(|made| made.map_err(|error| TokenError(error.into()))).boxed()
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
