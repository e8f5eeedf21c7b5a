//! The seven steps as a library: resolve, render, observe, diff, plan, gate, execute; and what is kept of them: status,
//! history, audit trail, quarantine.
//!
//! [`Engine`] holds what the steps call on. The command line and the operator are adapters over it.
//!
//! # What this crate must not know
//! Terminals, argument parsing, and which cluster it talks to.

pub mod address;
mod adoption;
pub mod application_sets;
pub mod applications;
pub mod approval;
pub mod appset;
pub mod audit;
pub mod backup;
mod budget;
pub mod causes;
pub mod clusters;
pub mod compare;
pub mod conduct;
pub mod credentials;
mod definition;
pub mod deletion;
mod digest_key;
mod engine;
mod execution;
mod facts;
pub mod filter;
mod guard;
pub mod history;
pub mod integrity;
mod invalid;
pub mod keys;
pub mod left_hooks;
mod merge_patch;
pub mod operator;
pub mod order;
mod patience;
pub mod preview;
mod processors;
pub mod project;
pub mod reconcile;
pub mod rendering;
pub mod replicas;
pub mod resolve;
mod retrying;
pub mod rollback;
pub mod sandbox;
pub mod selection;
pub mod server_diff;
pub mod settings;
mod sources;
mod standing;
pub mod status;
pub mod tenant;
pub mod webhook;

pub use application_sets::{ApplicationSetError, ApplicationSets};
pub use applications::{ApplicationError, Applications};
pub use budget::{DIRECTORY_SIZE, RENDER_TIMEOUT, RenderBudget};
pub use compare::{CompareError, Comparison};
pub use conduct::{Conduct, Rehearsal};
pub use credentials::RepositoryCredentials;
pub use engine::{Engine, TokioTimer};
pub use gitops_apply::FIELD_MANAGER;
pub use patience::{EXEC_TIMEOUT, GIT_REQUEST_TIMEOUT, limit_fetches};
pub use project::{AbsentProject, Projects};
pub use reconcile::{SyncError, SyncEvent, SyncReport, SyncRequest};
