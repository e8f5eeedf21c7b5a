use std::fmt;

use gitops_core::ObjectRef;
use gitops_core::cluster::Trouble;
use serde::Serialize;

use crate::hook::Phase as SyncPhase;
use crate::plan::StepAction;

/// Something that a person who watches wants to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Progress {
    /// A wave begins.
    Wave {
        /// Its phase.
        phase: SyncPhase,
        /// Its number.
        wave: i64,
    },
    /// A step is taken.
    Started {
        /// Which object.
        object: ObjectRef,
        /// What is done.
        action: StepAction,
    },
    /// A step ended.
    Finished(ResourceOutcome),
    /// Something is waited for.
    Waiting {
        /// Argo CD's words, such as `waiting for healthy state of apps/Deployment/web`.
        reason: String,
    },
    /// An object became healthy.
    Healthy {
        /// Which object.
        object: ObjectRef,
    },
    /// A call is made again.
    Retrying {
        /// Which object.
        object: ObjectRef,
        /// Why.
        reason: String,
    },
}

/// How an operation ended, in Argo CD's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Phase {
    /// Everything was done.
    Succeeded,
    /// Something could not be applied, did not become healthy, or it was terminated.
    Failed,
    /// The engine could not go on.
    Error,
}

impl Phase {
    /// Argo CD's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Error => "Error",
        }
    }
}

/// What became of one object, in Argo CD's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ResourceStatus {
    /// It was written, or the hook succeeded.
    Synced,
    /// It could not be written, or the hook failed.
    SyncFailed,
    /// It was deleted.
    Pruned,
    /// It was not deleted.
    PruneSkipped,
}

impl fmt::Display for ResourceStatus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Synced => "Synced",
            Self::SyncFailed => "SyncFailed",
            Self::Pruned => "Pruned",
            Self::PruneSkipped => "PruneSkipped",
        })
    }
}

/// Where one object is in a sync: what Argo CD calls its hook phase, of resources too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TaskState {
    /// It was written, and whether it is well is not known yet. What a sync does not wait for ends so.
    Running,
    /// It is well, or gone.
    Succeeded,
    /// It is not.
    Failed,
    /// It cannot be told.
    Error,
}

impl TaskState {
    /// Argo CD's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Error => "Error",
        }
    }

    /// Whether it came to an end that is not the wanted one.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceOutcome {
    /// Which object, hooks by the name that they were given.
    pub object: ObjectRef,
    /// What was done.
    pub action: StepAction,
    /// In which phase.
    pub phase: SyncPhase,
    /// What the sync did with it.
    pub status: ResourceStatus,
    /// Where it is since.
    pub state: TaskState,
    /// The words that go with it.
    pub message: String,
    /// What the cluster says stands in the way, where it refused the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// The number of the step.
    pub step: u32,
}

/// What an outcome that was terminated says, as in Argo CD.
pub const TERMINATED: &str = "Operation terminated";

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The end.
    pub phase: Phase,
    /// The words that go with it, as Argo CD has them.
    pub message: String,
    /// What became of each step that was taken, in the order in which they ended.
    pub resources: Vec<ResourceOutcome>,
    /// Whether it was terminated before it came to an end of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub terminated: bool,
}
