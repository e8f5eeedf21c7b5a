//! The gate between a plan and its execution. An [`Approved`] plan is the only thing that can be executed.

use std::fmt;

use gitops_core::Timestamp;
use thiserror::Error;

use crate::plan::{ApplyPlan, Budget, PlanSource, StepAction, VERSION};
use crate::tracking::Tracking;

/// What a plan is judged by.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// How much may be deleted.
    pub budget: Budget,
    /// How many objects the inventory lists.
    pub listed: usize,
    /// Commits that are not deployed.
    pub quarantined: Vec<String>,
    /// What would be synced now; a plan of anything else is stale.
    pub current: Option<PlanSource>,
    /// How objects are marked now; a plan that marks them otherwise is stale.
    pub tracking: Option<Tracking>,
    /// The cluster that is written to.
    pub cluster: String,
    /// Whether an application without objects may delete everything that it had.
    pub allow_empty: bool,
    /// What the application's project does not allow, found on the objects that are desired now.
    pub violations: Vec<Violation>,
    /// How many objects are desired; where it is said and is none, deleting everything needs `allow_empty`.
    pub desired: Option<usize>,
}

impl Policy {
    /// A policy for writes to this cluster, with the default budget.
    pub fn new(cluster: impl Into<String>) -> Self {
        Self {
            budget: Budget::default(),
            listed: 0,
            quarantined: Vec::new(),
            current: None,
            tracking: None,
            cluster: cluster.into(),
            allow_empty: false,
            violations: Vec::new(),
            desired: None,
        }
    }
}

/// A plan that may be executed.
#[derive(Clone, Debug)]
pub struct Approved {
    plan: ApplyPlan,
    at: Timestamp,
}

impl Approved {
    /// The plan.
    pub fn plan(&self) -> &ApplyPlan {
        &self.plan
    }

    /// When it was approved.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    pub(crate) fn into_plan(self) -> ApplyPlan {
        self.plan
    }
}

/// Why a plan may not be executed: every reason, not the first one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the plan is refused: {}", .reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Refused {
    /// The reasons.
    pub reasons: Vec<Refusal>,
}

/// Something that a project does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The project.
    pub project: String,
    /// The rule, as a path in the project.
    pub rule: String,
    /// What is not allowed.
    pub object: String,
    /// Why the rule does not allow it.
    pub reason: String,
    /// What would help.
    pub remedy: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, rule, object, reason, remedy } = self;
        write!(out, "the AppProject `{project}` does not allow {object} by its `{rule}`: {reason}; {remedy}")
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The plan was written by another version.
    Version(u32),
    /// It is for another cluster.
    Cluster {
        /// The plan's.
        planned: String,
        /// The one at hand.
        actual: String,
    },
    /// A source is at another commit.
    Commit {
        /// The repository.
        repository: String,
        /// The plan's commit.
        planned: String,
        /// The commit now.
        actual: String,
    },
    /// The sources are others.
    Sources,
    /// The same commits render to something else.
    Digest,
    /// Objects are marked in another way.
    Tracking,
    /// A commit is quarantined.
    Quarantined(String),
    /// Too much would be deleted.
    Budget(String),
    /// Nothing is desired, and that everything is deleted was not allowed.
    Empty,
    /// The project does not allow it.
    Project(Violation),
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(out, "it has version {version}, and this engine executes {VERSION}"),
            Self::Cluster { planned, actual } => write!(out, "it is for the cluster `{planned}`, not for `{actual}`"),
            Self::Commit { repository, planned, actual } => {
                write!(out, "`{repository}` moved from commit {planned} to {actual}")
            }
            Self::Sources => out.write_str("the application's sources are others than the plan's"),
            Self::Digest => out.write_str("the same commits render to something else now"),
            Self::Tracking => out.write_str("the settings mark an application's objects in another way now"),
            Self::Quarantined(commit) => write!(out, "the commit {commit} is quarantined by a rollback"),
            Self::Budget(words) => out.write_str(words),
            Self::Empty => out.write_str("the source has no objects, so everything would be deleted"),
            Self::Project(violation) => violation.fmt(out),
        }
    }
}

/// Judges a plan.
///
/// # Errors
/// Every reason why it may not be executed.
pub fn gate(plan: ApplyPlan, policy: &Policy, now: Timestamp) -> Result<Approved, Refused> {
    let mut reasons = Vec::new();
    if plan.version != VERSION {
        reasons.push(Refusal::Version(plan.version));
    }
    if plan.target.cluster != policy.cluster {
        let (planned, actual) = (plan.target.cluster.clone(), policy.cluster.clone());
        reasons.push(Refusal::Cluster { planned, actual });
    }
    if let Some(current) = &policy.current {
        stale(&plan.source, current, &mut reasons);
    }
    if policy.tracking.as_ref().is_some_and(|tracking| *tracking != plan.target.tracking) {
        reasons.push(Refusal::Tracking);
    }
    for revision in &plan.source.revisions {
        if policy.quarantined.contains(&revision.commit) {
            reasons.push(Refusal::Quarantined(revision.commit.clone()));
        }
    }
    let deletions = plan.count(StepAction::Prune);
    reasons.extend(policy.budget.refuses(deletions, policy.listed).map(Refusal::Budget));
    if deletions > 0 && policy.desired == Some(0) && !policy.allow_empty {
        reasons.push(Refusal::Empty);
    }
    reasons.extend(policy.violations.iter().cloned().map(Refusal::Project));
    if reasons.is_empty() { Ok(Approved { plan, at: now }) } else { Err(Refused { reasons }) }
}

fn stale(planned: &PlanSource, current: &PlanSource, reasons: &mut Vec<Refusal>) {
    let before = reasons.len();
    if planned.revisions.len() != current.revisions.len() {
        reasons.push(Refusal::Sources);
    }
    for (was, is) in planned.revisions.iter().zip(&current.revisions) {
        if was.repository != is.repository {
            reasons.push(Refusal::Sources);
        } else if was.commit != is.commit {
            let (planned, actual) = (was.commit.clone(), is.commit.clone());
            reasons.push(Refusal::Commit { repository: is.repository.clone(), planned, actual });
        }
    }
    if reasons.len() == before && planned.digest != current.digest {
        reasons.push(Refusal::Digest);
    }
}
