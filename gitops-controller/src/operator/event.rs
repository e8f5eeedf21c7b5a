//! What the operator tells of its work.

use serde::Serialize;

use super::queue::Key;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Event {
    /// The Applications of the cluster are known, and followed from now on.
    Ready {
        /// How many there are.
        applications: usize,
    },
    /// A sync begins.
    Syncing {
        /// Of which Application.
        application: Key,
        /// Who asked for it; `automated` where nobody did.
        initiator: String,
        /// The first source's commit, or a chart's version; none where that is still to be asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        revision: Option<String>,
    },
    /// A sync has ended.
    Synced {
        /// Of which Application.
        application: Key,
        /// The first source's commit, or a chart's version.
        revision: String,
        /// How it ended, in Argo CD's words.
        phase: String,
        /// The words that go with it.
        message: String,
        /// Whether it was of some of the resources only.
        partial: bool,
        /// The steps of its plan.
        writes: usize,
    },
    /// An Application cannot be compared or synced; its conditions say the same.
    Failed {
        /// Which one.
        application: Key,
        /// Why.
        message: String,
    },
    /// An Application was looked at, and nothing done: what would be.
    Observed {
        /// Which one.
        application: Key,
        /// The first source's commit, or a chart's version.
        revision: String,
        /// How it compares, in Argo CD's words.
        sync: String,
        /// How it is, in Argo CD's words.
        health: String,
        /// What its status, which another controller writes, says otherwise.
        differs: Vec<String>,
        /// What a sync would do, step by step.
        steps: Vec<String>,
        /// Whether its policy asks for one.
        would_sync: bool,
        /// Why there can be none.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// What an Application deployed is deleted, and the Application with it.
    Deleted {
        /// Which one.
        application: Key,
    },
    /// Applications of an ApplicationSet were written.
    Generated {
        /// Which set.
        set: Key,
        /// How many came to be.
        created: usize,
        /// How many were changed.
        updated: usize,
        /// How many were deleted.
        deleted: usize,
    },
    /// Not all Applications of an ApplicationSet are as it says; its conditions say the same.
    NotGenerated {
        /// Which set.
        set: Key,
        /// Why.
        message: String,
    },
    /// This replica works at a shard from now on.
    Holding {
        /// Which one.
        shard: String,
    },
    /// This replica works at a shard no more: another one goes on.
    Released {
        /// Which one.
        shard: String,
    },
    /// The cluster cannot be read or written; it is tried again.
    Trouble {
        /// What was tried.
        what: String,
        /// Why it failed.
        message: String,
    },
}
