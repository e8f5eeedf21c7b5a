//! The embedded cluster: a Kubernetes API server's behaviour over one SQLite file, for trying, testing and developing
//! without a cluster.
//!
//! It is a backend like any other behind [`gitops_core::Cluster`], and it serves the Kubernetes API as a
//! [`tower::Service`], so that a `kube::Client` can be put on it. What a write makes of an object (ownership of fields,
//! defaults, validation, generations, finalizers) is decided by `gitops-merge`; here are the store, watches, discovery,
//! namespaces, collection of owned objects, and small stand-ins for the workload controllers.
//!
//! - [`EmbeddedCluster`]: opens a directory, or a cluster in memory.
//! - [`Options`]: whether workloads are simulated, how fast, and on which clock.
//!
//! ```
//! use gitops_core::Object;
//! use gitops_core::cluster::{Change, Cluster, Verb, Write};
//! use gitops_embedded::{EmbeddedCluster, Options};
//! use serde_json::json;
//!
//! let cluster = EmbeddedCluster::in_memory(&Options::new())?;
//! let map = Object::from_value(json!({
//!     "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "colours", "namespace": "default"},
//!     "data": {"sky": "blue"},
//! }))?;
//! let write = Write::new(&map, Verb::Apply { force: false }, "me");
//! let applied = futures::executor::block_on(cluster.write(write))?;
//! assert_eq!(applied.change, Change::Created);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Durability
//! The store is SQLite in WAL mode with `synchronous=NORMAL`. A write that was acknowledged survives the end of the
//! process at any point (`kill -9` included), and a write that was not is gone as a whole. After a loss of power the
//! last writes before it may be gone, the file is whole. Several processes may use one directory at once.
//!
//! # What this crate must not know
//! Git, rendering, comparing, planning, and real clusters. It needs no async runtime: calls are answered by threads of
//! its own.

mod background;
mod catalog;
mod cluster;
mod controllers;
mod error;
mod failure;
mod http;
mod open;
mod options;
mod server;
mod store;
mod watch;
mod workers;

pub use cluster::EmbeddedCluster;
pub use error::OpenError;
pub use http::ResponseBody;
pub use options::{Controllers, Options, Pace};
