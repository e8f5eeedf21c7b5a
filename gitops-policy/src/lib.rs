//! What may be deployed, when, and by whom: AppProjects, sync windows and RBAC as Argo CD 3.6 has them.
//!
//! [`Project`] holds Applications and rendered objects to an AppProject and says in [`Violation`]s what it does not allow,
//! which the gate of `gitops-apply` refuses a plan for. [`SyncWindows`] say whether a sync may run at a moment. [`Enforcer`]
//! decides what a person or a token may do.
//!
//! # What this crate must not know
//! Clusters, Git, HTTP, and the time of day: a moment is an argument, and time zones come from a table that is compiled in.
//! Whether a token is genuine is somebody else's to find out.

mod address;
mod expression;
pub mod glob;
pub mod project;
pub mod rbac;
pub mod window;

pub use address::normal as normal_address;
pub use gitops_apply::gate::Violation;
pub use glob::{Glob, ListMode, PatternList};
pub use project::{ClusterAddress, Destination, Project};
pub use rbac::{Enforcer, RbacSettings, Request, Subject};
pub use window::{Attempt, SyncWindows, Trigger};
