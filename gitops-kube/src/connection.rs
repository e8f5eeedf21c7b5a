use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gitops_core::cluster::Identity;
use http::HeaderValue;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use thiserror::Error;

use crate::token::TokenSource;

/// What a server notes of who calls.
const NAME: &str = concat!("gitops/", env!("CARGO_PKG_VERSION"));
/// How long a connection to an API server may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// Where an API server is, and as whom it is called.
#[derive(Clone)]
pub struct Connection {
    pub(crate) config: Config,
    pub(crate) identity: Option<Identity>,
    pub(crate) program: HeaderValue,
    pub(crate) tokens: Option<Arc<dyn TokenSource>>,
}

/// Why there is no connection.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A kubeconfig cannot be read, or does not have what was asked for.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[source] kube::config::KubeconfigError),
    /// Values are not those of a kubeconfig. The reader's own words could repeat a part of them.
    #[error("the values are not those of a kubeconfig")]
    Values,
    /// The program does not run in a cluster, or its service account is not mounted.
    #[error("no service account of a cluster is mounted")]
    InCluster(#[source] kube::config::InClusterError),
    /// A token is not shown to everybody on the way.
    #[error("the address is not encrypted (`https`), and a token is not sent there")]
    ClearText,
    /// No client can be made of the configuration.
    #[error("no client can be made of the configuration")]
    Client(#[source] Box<kube::Error>),
}

impl Connection {
    /// What a kubeconfig says: the file given, or those of `KUBECONFIG`, or `~/.kube/config`; its current context, or the one
    /// given. Credential plugins that it names are started, as every client does.
    ///
    /// # Errors
    /// Where it cannot be read, or names nothing that is there.
    pub async fn from_kubeconfig(file: Option<&Path>, context: Option<&str>) -> Result<Self, ConnectError> {
        let read = match file {
            Some(file) => Kubeconfig::read_from(file),
            None => Kubeconfig::read(),
        };
        let options = KubeConfigOptions { context: context.map(Into::into), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(read.map_err(ConnectError::Kubeconfig)?, &options).await;
        Ok(Self::new(config.map_err(ConnectError::Kubeconfig)?))
    }

    /// What the values of a kubeconfig say, for its current context. A credential plugin that they name is started.
    ///
    /// # Errors
    /// Where they are not those of a kubeconfig, or name nothing that is there.
    pub async fn from_values(values: gitops_core::Value) -> Result<Self, ConnectError> {
        let read: Kubeconfig = serde_json::from_value(values).map_err(|_| ConnectError::Values)?;
        let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await;
        Ok(Self::new(config.map_err(ConnectError::Kubeconfig)?))
    }

    /// The cluster that the program runs in, as its service account.
    ///
    /// # Errors
    /// Where it runs in none.
    pub fn in_cluster() -> Result<Self, ConnectError> {
        Ok(Self::new(Config::incluster().map_err(ConnectError::InCluster)?))
    }

    /// The same server at another address, such as that of a proxy.
    #[must_use]
    pub fn at(mut self, address: http::Uri) -> Self {
        self.config.cluster_url = address;
        self
    }

    /// The server's address.
    pub fn address(&self) -> &http::Uri {
        &self.config.cluster_url
    }

    /// The same, as a program of this name: what the server notes of calls names it. One that cannot be said so is left out.
    #[must_use]
    pub fn named(mut self, program: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(program) {
            self.program = value;
        }
        self
    }

    /// The same, with tokens of this source in each call.
    ///
    /// # Errors
    /// Where the server is on another machine, and the way there not encrypted.
    pub fn proven_by(mut self, tokens: Arc<dyn TokenSource>) -> Result<Self, ConnectError> {
        let host = self.config.cluster_url.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !is_here && self.config.cluster_url.scheme_str() != Some("https") {
            return Err(ConnectError::ClearText);
        }
        self.tokens = Some(tokens);
        Ok(self)
    }

    fn new(mut config: Config) -> Self {
        config.connect_timeout = Some(CONNECT);
        // What is tried again, and when, is decided where it is known what a second call would do.
        config.default_retry = false;
        let user = config.auth_info.impersonate.take();
        let groups = config.auth_info.impersonate_groups.take().unwrap_or_default();
        let identity = user.map(|user| Identity::new(user, groups));
        Self { identity, config, program: HeaderValue::from_static(NAME), tokens: None }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connection").field("address", self.address()).finish_non_exhaustive()
    }
}
