//! What a comparison is told beside the two objects.

use gitops_core::Object;
use gitops_merge::schema::Kinds;

use crate::normalize::{IgnoreRules, KnownTypes};

/// The field manager that the engine writes under.
pub const FIELD_MANAGER: &str = "gitops-engine";

/// The field manager that Argo CD applies under.
pub const ARGO_CD_MANAGER: &str = "argocd-controller";

/// What a comparison is told beside the two objects. One value serves all objects of an Application, save
/// `predicted`, which [`DiffContext::with_predicted`] sets for one of them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DiffContext<'a> {
    /// The field manager that the engine writes under. Its fields that the source no longer has are removed.
    pub manager: &'a str,
    /// Managers whose plain writes the engine takes over before it applies: what they set and the source does not have goes,
    /// as in Argo CD's migration of client-side applied objects.
    pub predecessors: &'a [String],
    /// What the object would be: the result of a dry run, or of a merge here. The live object is then compared to this.
    pub predicted: Option<&'a Object>,
    /// Whether the prediction is the server's, so that what the source does not mention is of the server's making.
    pub predicted_by_server: bool,
    /// The differences that do not count.
    pub ignore: Option<&'a IgnoreRules>,
    /// Types of fields. Without them lists have no keys, and each list is one value.
    pub kinds: Option<&'a Kinds>,
    /// Whether to report what the server itself changes when the object is written (admission webhooks, defaults) and
    /// the source does not mention. Only seen with `predicted`. Off, as in Argo CD's server-side diff.
    pub server_changes: bool,
    /// Whether the rules of a ClusterRole with an `aggregationRule` are left out, since a controller writes them. Off,
    /// as Argo CD's `ignoreAggregatedRoles`.
    pub ignore_aggregated_rules: bool,
    /// Fields of custom resources that hold built-in types, which are compared in their canonical form.
    pub known: Option<&'a KnownTypes>,
    /// Of which objects the status counts.
    pub status: StatusDifferences,
    /// Limits on the work.
    pub budget: Budget,
}

/// Of which objects a different status is a difference (Argo CD's `ignoreResourceStatusField`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusDifferences {
    /// Of none: controllers write it.
    #[default]
    Ignored,
    /// Of all but definitions of custom resources.
    IgnoredOfDefinitions,
    /// Of all.
    Counted,
}

impl StatusDifferences {
    /// Whether it counts for an object.
    pub(crate) fn counts(self, object: &Object) -> bool {
        match self {
            Self::Ignored => false,
            Self::IgnoredOfDefinitions => object.kind() != "CustomResourceDefinition",
            Self::Counted => true,
        }
    }
}

/// Limits on the work of one comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// Values that may be looked at.
    pub values: usize,
    /// How deep values may be nested.
    pub depth: usize,
    /// Differences that are listed. What goes beyond is left out with a warning: the object still counts as changed,
    /// but a patch made from the list is then not the whole one.
    pub fields: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { values: 2_000_000, depth: 128, fields: 10_000 }
    }
}

impl Default for DiffContext<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> DiffContext<'a> {
    /// Compares without types, rules or a prediction.
    pub fn new() -> Self {
        Self {
            manager: FIELD_MANAGER,
            predecessors: &[],
            predicted: None,
            predicted_by_server: true,
            ignore: None,
            kinds: None,
            server_changes: false,
            ignore_aggregated_rules: false,
            known: None,
            status: StatusDifferences::default(),
            budget: Budget::default(),
        }
    }

    /// Knows the types of these kinds' fields.
    #[must_use]
    pub fn with_kinds(mut self, kinds: &'a Kinds) -> Self {
        self.kinds = Some(kinds);
        self
    }

    /// Leaves out what these rules match.
    #[must_use]
    pub fn with_ignore(mut self, ignore: &'a IgnoreRules) -> Self {
        self.ignore = Some(ignore);
        self
    }

    /// Compares these fields of custom resources in their canonical form.
    #[must_use]
    pub fn with_known(mut self, known: &'a KnownTypes) -> Self {
        self.known = Some(known);
        self
    }

    /// Takes over what these managers wrote.
    #[must_use]
    pub fn with_predecessors(mut self, predecessors: &'a [String]) -> Self {
        self.predecessors = predecessors;
        self
    }

    /// Compares the live object to what a merge here says it would be.
    #[must_use]
    pub fn with_merged(mut self, merged: Option<&'a Object>) -> Self {
        (self.predicted, self.predicted_by_server) = (merged, false);
        self
    }

    /// Compares the live object to what the server says it would be.
    #[must_use]
    pub fn with_predicted(mut self, predicted: Option<&'a Object>) -> Self {
        self.predicted = predicted;
        self
    }
}
