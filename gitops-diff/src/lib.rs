//! What would change: desired objects compared to live ones, field by field, with who owns each field and why it
//! differs; JSON patches; and pages to show them.
//!
//! ```
//! use gitops_core::Object;
//! use gitops_diff::{DiffContext, diff, present};
//! use gitops_merge::schema::Kinds;
//! use serde_json::json;
//!
//! let deployment = |replicas: u32| {
//!     let metadata = json!({"name": "web", "namespace": "shop"});
//!     let spec = json!({"replicas": replicas});
//!     Object::from_value(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}))
//! };
//! let (desired, live) = (deployment(5)?, deployment(3)?);
//!
//! // Both are made once and serve every object.
//! let kinds = Kinds::builtin()?;
//! let context = DiffContext::new().with_kinds(&kinds);
//!
//! let found = diff(&desired, Some(&live), &context)?;
//! assert_eq!(found.fields[0].path.pointer, "/spec/replicas");
//! assert!(present::text(&[found], present::TextOptions::new(false)).contains("-3\n+5\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What this crate must not know
//! Git, rendering, clusters, clocks, files and terminals. It never opens a secret: of a Secret's payload it says that
//! a value differs, never what it is. Whether to write in colour is its caller's knowledge.

mod change;
mod compare;
mod context;
mod json_merge;
mod owners;
mod path;
mod shape;

pub mod client_side;
pub mod normalize;
pub mod patch;
pub mod predict;
pub mod present;

pub use change::{Change, DiffKind, FieldDiff, ObjectDiff, Reason, Shown};
pub use compare::{DiffError, between, creation, deletion, diff};
pub use context::{ARGO_CD_MANAGER, Budget, DiffContext, FIELD_MANAGER, StatusDifferences};
/// Types of fields.
pub use gitops_merge::schema::Kinds;
pub use owners::{is_taken_over, taken_over};
pub use path::FieldPath;
