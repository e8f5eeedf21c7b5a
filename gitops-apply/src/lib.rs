//! From differences to a converged cluster: what to write, in which order, under which conditions, and a machine that does
//! it and can be stopped anywhere.
//!
//! [`prepare`] puts rendered objects into their namespaces and marks their owner; [`plan`] says every write; [`gate`]
//! turns a plan into the only thing that can be executed; [`Execution`] decides, event by event, what to call; [`drive`]
//! calls it.
//!
//! # What this crate must not know
//! Runtimes, clients, Git, rendering, files and the time of day. It never opens a secret.

pub mod drive;
pub mod duration;
pub mod execute;
pub mod gate;
pub mod health;
pub mod hook;
pub mod inventory;
pub mod observe;
pub mod order;
pub mod plan;
pub mod prepare;
pub mod present;
pub mod retry;
pub mod tracking;

pub use drive::{Signals, Timer, drive, drive_until, drive_with};
pub use execute::{Action, Event, Execution, Outcome, Progress};
pub use gate::{Approved, Policy, Refused, gate};
pub use inventory::Inventory;
pub use observe::{compare, observe};
pub use plan::{ApplyPlan, PlanError, PlanInput, plan};
pub use prepare::{Desired, prepare};

/// The field manager of every write.
pub use gitops_diff::FIELD_MANAGER;
