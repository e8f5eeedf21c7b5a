//! What would change: desired objects compared to live ones, field by field, with who owns each field and why it
//! differs; JSON patches; and pages to show them.
//!
//! # What this crate must not know
//! Git, rendering, clusters, clocks, files and terminals. It never opens a secret: of a Secret's payload it says that
//! a value differs, never what it is. Whether to write in colour is its caller's knowledge.

mod change;
mod compare;
mod context;
mod owners;
mod path;
mod shape;

pub mod normalize;
pub mod patch;
pub mod present;

pub use change::{Change, DiffKind, FieldDiff, ObjectDiff, Reason, Shown};
pub use compare::{DiffError, deletion, diff};
pub use context::{Budget, DiffContext, FIELD_MANAGER};
pub use path::FieldPath;
