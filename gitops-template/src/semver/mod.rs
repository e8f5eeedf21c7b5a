//! Semantic versions and ranges of them, as `github.com/Masterminds/semver/v3` 3.5 reads and compares them: for
//! templates, and for the versions of charts and of Kubernetes.

mod constraint;
mod parts;
mod version;

pub use constraint::Constraint;
pub use version::{SemverError, Version};
