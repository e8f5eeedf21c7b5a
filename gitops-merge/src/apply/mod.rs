//! Field ownership: server-side apply, and what every other write does to `metadata.managedFields`.
//!
//! Follows kube-apiserver v1.34: structured-merge-diff v6.3 for the merge, apimachinery v0.34 for the managers.

mod cap;
mod conflict;
mod last_applied;
mod manager;
mod prune;
mod updater;
mod versions;

pub(crate) use conflict::list as error_list;
pub use conflict::{ApplyError, Conflict};
pub use manager::{Applied, Write, apply, update};
pub use versions::Versions;
