//! For the tests of every crate: builders of Git repositories with a history, web servers, chart repositories and Kubernetes
//! objects, the suite that every backend behind `Cluster` passes ([`backend`]), and a real control plane on loopback
//! ([`testbed`]).
//!
//! ```
//! use gitops_fixtures::{TestRepository, deployment};
//!
//! let mut repository = TestRepository::new()?;
//! let web = deployment("web").replicas(3).to_yaml();
//! let first = repository.commit([("app/deployment.yaml", web.as_str())])?;
//! repository.tag("v1.0.0", first.id)?;
//! assert_eq!(repository.git().resolve("^1")?.id, first.id);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What this crate must not know
//! The code under test but through the seams. It is not published and no shipped crate depends on it.

pub mod backend;
mod charts;
mod dice;
mod files;
mod git_server;
mod monorepo;
mod objects;
mod repository;
mod ssh_server;
pub mod testbed;
mod web;

pub use charts::{ChartRepository, packed_chart};
pub use dice::Dice;
pub use files::read_directory;
pub use git_server::{GitBehaviour, GitServer};
pub use monorepo::app_of_apps;
pub use objects::{
    ObjectBuilder, application, config_map, cron_job, custom_resource_definition, daemon_set, deployment, job,
    namespace, object, persistent_volume_claim, secret, service, service_account, stateful_set,
};
pub use repository::{FixtureError, TestRepository};
pub use ssh_server::{SocksProxy, SshServer};
pub use web::{TEST_AUTHORITY, TEST_CLIENT, WebServer};
