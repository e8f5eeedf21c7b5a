//! A Kubernetes cluster behind [`gitops_core::Cluster`]: what an API server serves, read and written as this engine does.
//!
//! ```no_run
//! use gitops_core::cluster::{Cluster, Query};
//! use gitops_core::GroupVersionKind;
//! use gitops_kube::{Connection, KubeCluster};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = KubeCluster::connect(&Connection::from_kubeconfig(None, None).await?)?;
//! let query = Query::all(GroupVersionKind::from_api_version("apps/v1", "Deployment"));
//! println!("{} deployments", cluster.list(&query).await?.objects.len());
//! # Ok(())
//! # }
//! ```
//!
//! # How it calls
//! There is no fixed rate: an API server's priority and fairness says when it has enough (429), and is then heard. Calls that
//! are out at the same time are bounded. Every call is counted, by object ([`Counts`]). A tenant's objects are touched
//! under that tenant's service account where [`acting_as`](gitops_core::Cluster::acting_as) says so.
//!
//! # What this crate must not know
//! Git, rendering, comparing, planning: it carries out single calls, and keeps what watches tell ([`WatchCache`]). It is the
//! only library crate that knows kube.

mod answer;
mod cache;
mod call;
mod cluster;
mod connection;
mod counts;
mod discovery;
mod event;
mod identity;
mod list;
mod path;
mod token;
mod transport;
mod watch;
mod write;

pub use cache::{CacheOptions, CacheState, WatchCache};
pub use cluster::KubeCluster;
pub use connection::{ConnectError, Connection};
pub use counts::{CallKind, Counts};
pub use token::{TokenError, TokenSource};
