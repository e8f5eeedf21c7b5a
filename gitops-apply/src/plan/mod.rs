//! The plan: every write, before the first one happens.

mod build;
mod method;
mod prune;
mod schema;
mod step;

use std::collections::BTreeMap;

use gitops_core::api::SyncOptions;
use gitops_core::cluster::{Precondition, Propagation};
use gitops_core::{Object, ObjectId, ObjectRef};
use gitops_diff::FieldDiff;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use build::{Live, PlanError, PlanInput, plan};
pub use method::WriteMethod;
pub(crate) use prune::unprotected;
pub use prune::{Budget, Consent};
pub use schema::json_schema;

use crate::hook::{DeletePolicy, Phase};
use crate::tracking::{Owner, Tracking};

/// The version of the structure that this engine writes.
pub const VERSION: u32 = 1;

/// Every write of a sync, in order, with its conditions and reasons. It holds no object and no secret: what is written is
/// rendered again from the same commit, and compared by digest. The same inputs give the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplyPlan {
    /// The version of this structure.
    pub version: u32,
    /// What is synced.
    pub source: PlanSource,
    /// Where to.
    pub target: PlanTarget,
    /// Phases in order; those without steps are left out.
    pub phases: Vec<PlannedPhase>,
    /// Objects that the source no longer has and that stay, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
    /// How many objects are as they should be.
    pub unchanged: usize,
    /// How much is deleted, and whether that is within the budget; none where nothing is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetVerdict>,
    /// Whether only a selection of the resources is synced. The source then does not count as synced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Whether the application is deleted: the end is reached when everything is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deletion: bool,
    /// What a person should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What the budget for deletions says of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BudgetVerdict {
    /// How many objects are deleted.
    pub deletions: usize,
    /// How many objects the inventory lists.
    pub listed: usize,
    /// Why that is too much, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// What a plan was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanSource {
    /// The sources, in the application's order.
    pub revisions: Vec<PlanRevision>,
    /// The keyed digest of what they render to.
    pub digest: String,
}

/// One source at a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanRevision {
    /// The repository's address.
    pub repository: String,
    /// What was asked for, such as `main`.
    pub revision: String,
    /// The full commit id.
    pub commit: String,
}

/// Where a plan's writes go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanTarget {
    /// The UID of the cluster.
    pub cluster: String,
    /// The application's namespace.
    pub application_namespace: String,
    /// The application's name.
    pub application: String,
    /// The name in its ownership mark.
    pub owner: String,
    /// How its objects are marked.
    #[serde(default, skip_serializing_if = "Tracking::is_default")]
    pub tracking: Tracking,
    /// The namespace of objects that name none.
    pub namespace: String,
}

impl PlanTarget {
    /// Who owns a live object, from the view of the application.
    pub fn owner_of(&self, live: &Object) -> Owner {
        self.tracking.owner(live, &self.owner)
    }

    /// The other application whose mark a live object bears, whichever object that mark was put on: whose object it is
    /// decides nothing here, as in Argo CD (`SharedResourceWarning`, controller/state.go, v3.5).
    pub fn shared_with<'a>(&self, live: &'a Object) -> Option<&'a str> {
        self.tracking.bearer(live).filter(|other| *other != self.owner)
    }
}

/// The steps of a phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedPhase {
    /// The phase; `SyncFail` runs only where something failed.
    pub phase: Phase,
    /// Its waves in order.
    pub waves: Vec<PlannedWave>,
}

/// The steps of a wave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedWave {
    /// The wave.
    pub wave: i64,
    /// Batches in order: the steps of one are taken at once, the next batch when they are done.
    pub batches: Vec<Vec<Step>>,
    /// Objects of this wave that are not written, and whose health the next wave waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaited: Vec<ObjectRef>,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// Its number in the plan, from 1.
    pub number: u32,
    /// Which object. A hook with a `generateName` has it, and a `*`, in place of the name.
    pub object: ObjectRef,
    /// What is done.
    pub action: StepAction,
    /// What must be true of the live object.
    pub precondition: Precondition,
    /// The fields that change, without values of secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub change: Vec<FieldDiff>,
    /// Why.
    pub reason: String,
    /// Numbers of the steps that must be done, and their objects healthy, before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<u32>,
    /// Objects that are not written and have to be healthy before this step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaits: Vec<ObjectRef>,
    /// Whether the object is there already and no application owns it: writing it makes it this application's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopts: bool,
    /// What becomes of what a deleted object owns; of a hook, where it is deleted before it is created anew, and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagation: Option<Propagation>,
    /// Managers whose plain writes' fields move to the engine's applied ones first: its own, and those that wrote the object by
    /// client-side apply before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrates: Vec<String>,
    /// When a hook is deleted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hook_deletion: Vec<DeletePolicy>,
    /// How it is written, where that is said.
    #[serde(default, skip_serializing_if = "WriteMethod::is_default")]
    pub method: WriteMethod,
    /// Whether the object may be deleted and created anew where it cannot be changed (`Force=true`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
    /// Whether the cluster may not know the kind until this sync defines it, so that there is nothing to rehearse.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unrehearsed: bool,
    /// Whether the deletion waits until it is confirmed (`Prune=confirm`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfirmed: bool,
}

impl Step {
    /// A step without a number, conditions or options.
    pub(crate) fn new(object: ObjectRef, action: StepAction, precondition: Precondition, reason: String) -> Self {
        Self {
            number: 0,
            object,
            action,
            precondition,
            change: Vec::new(),
            reason,
            after: Vec::new(),
            awaits: Vec::new(),
            adopts: false,
            propagation: None,
            migrates: Vec::new(),
            hook_deletion: Vec::new(),
            method: WriteMethod::default(),
            force: false,
            unrehearsed: false,
            unconfirmed: false,
        }
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StepAction {
    /// Creates an object that is absent.
    Create,
    /// Applies the desired fields of an object that is there.
    Update,
    /// Deletes an object that the source no longer has.
    Prune,
    /// Creates a hook; one that is there is deleted first where its policy says so.
    Hook,
}

impl StepAction {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Prune => "prune",
            Self::Hook => "hook",
        }
    }
}

/// An object that stays although the source no longer has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// Which.
    pub object: ObjectRef,
    /// Why it stays.
    pub reason: String,
    /// Which rule keeps it.
    #[serde(default)]
    pub rule: KeptRule,
    /// The wave in which it would be deleted.
    #[serde(default)]
    pub wave: i64,
}

/// Which rule keeps an object that the source no longer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum KeptRule {
    /// The sync does not prune.
    PruningOff,
    /// A sync option of the object or of the application: `Prune=false`, and on deletion `Delete=false`.
    Option,
    /// Its deletion waits for a confirmation.
    Unconfirmed,
    /// It is not this application's to delete, or the deletion of its kind was not agreed to.
    #[default]
    NotOurs,
}

/// What of an application's policy bears on a plan.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlanOptions {
    /// Whether objects that the source no longer has are deleted.
    pub prune: bool,
    /// The application's sync options.
    pub sync_options: SyncOptions,
    /// Kinds whose deletion was agreed to.
    pub consent: Consent,
    /// How much may be deleted.
    pub budget: Budget,
    /// Only these objects; hooks are then left out. Empty: everything.
    pub only: Vec<ObjectId>,
    /// Whether hooks are left out, as by the `apply` strategy of an operation.
    pub without_hooks: bool,
    /// Whether the application is deleted: everything that it has goes, between the hooks of its deletion.
    pub deletion: bool,
    /// What becomes of what a deleted object owns, unless the sync options have a `PrunePropagationPolicy`.
    pub propagation: Propagation,
    /// Whether each object may be deleted and created anew where it cannot be changed, as by an operation's `force`.
    pub force: bool,
    /// Whether the execution waits for the confirmation of what is marked `Prune=confirm`; otherwise it is kept.
    pub await_confirmation: bool,
    /// What is done with objects that are there already and that no application owns.
    pub adoption: AdoptionPolicy,
    /// Managers other than the engine whose plain writes it takes over where it applies (`ClientSideApplyMigration`).
    pub predecessors: Vec<String>,
    /// Listed objects that the application's project does not allow, with the reason: they are kept.
    pub forbidden: BTreeMap<ObjectId, String>,
}

/// What is done with desired objects that are in the cluster already and that no application owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdoptionPolicy {
    /// They become this application's, and the plan says so. As Argo CD does.
    #[default]
    Adopt,
    /// There is no plan.
    Refuse,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            prune: false,
            forbidden: BTreeMap::new(),
            sync_options: SyncOptions::default(),
            consent: Consent::default(),
            budget: Budget::default(),
            only: Vec::new(),
            without_hooks: false,
            deletion: false,
            propagation: Propagation::Foreground,
            force: false,
            await_confirmation: false,
            adoption: AdoptionPolicy::default(),
            predecessors: Vec::new(),
        }
    }
}

impl ApplyPlan {
    /// The steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.phases.iter().flat_map(|phase| &phase.waves).flat_map(|wave| &wave.batches).flatten()
    }

    /// Whether some steps are taken only when others are done: there is more than one wave.
    pub fn takes_turns(&self) -> bool {
        self.phases.iter().map(|phase| phase.waves.len()).sum::<usize>() > 1
    }

    /// Whether nothing is to do.
    pub fn is_empty(&self) -> bool {
        self.steps().next().is_none()
    }

    /// How many steps do this.
    pub fn count(&self, action: StepAction) -> usize {
        self.steps().filter(|step| step.action == action).count()
    }
}

#[cfg(test)]
mod tests;
