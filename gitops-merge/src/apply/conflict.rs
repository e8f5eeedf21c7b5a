//! Why a write is refused.

use crate::fields::{Path, Set};
use crate::managed::{ManagedError, Manager};
use crate::typed::TypeError;

/// A field that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Who owns the field.
    pub manager: Manager,
    /// The field.
    pub path: Path,
}

impl Conflict {
    /// `conflict with "kubectl"`, `conflict with "x" using apps/v1`.
    #[must_use]
    pub fn message(&self) -> String {
        format!("conflict with {}", self.manager.describe())
    }
}

/// Why an apply is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Other managers own fields that would change.
    #[error("{}", summary(.0))]
    Conflicts(Vec<Conflict>),
    /// What is applied, or what is there, does not fit its type.
    #[error("failed to {doing}: {}", list(.errors))]
    Type {
        /// What was being done.
        doing: &'static str,
        /// Everything that is wrong.
        errors: Vec<TypeError>,
    },
    /// The managers of the live object cannot be read.
    #[error("failed to decode managed fields")]
    Managed(#[from] ManagedError),
    /// The request itself is wrong.
    #[error("{0}")]
    Request(String),
}

/// Errors as structured-merge-diff prints them: one alone, more below each other.
pub(crate) fn list(errors: &[TypeError]) -> String {
    match errors {
        [only] => only.to_string(),
        _ => errors.iter().fold("errors:".to_owned(), |out, error| format!("{out}\n  {error}")),
    }
}

fn summary(conflicts: &[Conflict]) -> String {
    if let [only] = conflicts {
        return format!("Apply failed with 1 conflict: {}: {}", only.message(), only.path);
    }
    let mut out = format!("Apply failed with {} conflicts: ", conflicts.len());
    let mut last: Option<&Manager> = None;
    for conflict in conflicts {
        if last != Some(&conflict.manager) {
            if last.is_some() {
                out.push('\n');
            }
            out.push_str(&format!("conflicts with {}:", conflict.manager.describe()));
            last = Some(&conflict.manager);
        }
        out.push_str(&format!("\n- {}", conflict.path));
    }
    out
}

pub(super) fn conflicts_of(manager: &Manager, set: &Set) -> impl Iterator<Item = Conflict> {
    let manager = manager.clone();
    set.paths().into_iter().map(move |path| Conflict { manager: manager.clone(), path })
}
