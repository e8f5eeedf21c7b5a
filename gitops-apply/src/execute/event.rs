use std::collections::BTreeMap;
use std::sync::Arc;

use gitops_core::cluster::{ClusterError, Precondition, Propagation, Verb};
use gitops_core::{Object, ObjectRef};
use gitops_diff::FieldDiff;

use crate::inventory::{Inventory, PartVersion};
use crate::plan::WriteMethod;

/// A call that the machine asks for. Each is answered by one [`Event`]; those that are out at the same time may be made
/// in parallel.
#[derive(Clone, Debug)]
pub enum Action {
    /// Store the inventory; nothing else goes on until it is.
    SaveInventory {
        /// The record.
        record: Inventory,
        /// Whether entries came and none went, which decides in which order its parts are written.
        grows: bool,
    },
    /// Write an object.
    Write {
        /// The step's number.
        step: u32,
        /// What is written.
        object: Arc<Object>,
        /// How.
        verb: Verb,
        /// What must be true.
        precondition: Precondition,
        /// Managers whose plain writes' fields are moved to the engine's applied ones first.
        migrate: Vec<String>,
        /// How the options ask for it to be written; `verb` follows it.
        method: WriteMethod,
        /// Whether an object that cannot be changed may be deleted and created anew.
        force: bool,
    },
    /// Ask what a write would do, without doing it.
    Rehearse {
        /// The step's number.
        step: u32,
        /// What would be written.
        object: Arc<Object>,
        /// How.
        verb: Verb,
        /// How the options ask for it.
        method: WriteMethod,
        /// Whether an object that cannot be changed may be deleted and created anew.
        force: bool,
    },
    /// Take the hook finalizer off a live hook, which then can be deleted.
    Release {
        /// The step's number.
        step: u32,
        /// Which.
        target: ObjectRef,
        /// The UID that it must have.
        uid: String,
    },
    /// Delete an object.
    Delete {
        /// The step's number.
        step: u32,
        /// Which.
        target: ObjectRef,
        /// The UID that it must have.
        uid: String,
        /// What becomes of what it owns.
        propagation: Propagation,
    },
    /// Look at the live object of a step before it is deleted.
    Look {
        /// The step's number.
        step: u32,
        /// Which.
        target: ObjectRef,
        /// The UID that it has if it is still the same object.
        uid: String,
    },
    /// Look at the live object of a step and compare it again.
    Compare {
        /// The step's number.
        step: u32,
        /// What is desired.
        desired: Arc<Object>,
        /// How it would be written.
        method: WriteMethod,
    },
    /// Look at objects whose health or end is waited for.
    Observe(Vec<ObjectRef>),
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The inventory is stored, or is not.
    InventorySaved(Result<Stored, ClusterError>),
    /// A write or deletion ended.
    Step {
        /// The step's number.
        step: u32,
        /// How.
        result: Result<StepResult, ClusterError>,
    },
    /// A write was rehearsed.
    Rehearsed {
        /// The step's number.
        step: u32,
        /// Whether it would go through.
        result: Result<(), ClusterError>,
    },
    /// A hook was released, or is gone.
    Released {
        /// The step's number.
        step: u32,
        /// Whether it went through.
        result: Result<(), ClusterError>,
    },
    /// Deletions that wait for a confirmation are confirmed.
    Confirm,
    /// An object was looked at before its deletion; none where it is gone.
    Looked {
        /// The step's number.
        step: u32,
        /// The live object.
        result: Result<Option<Box<Object>>, ClusterError>,
    },
    /// A live object was compared again.
    Compared {
        /// The step's number.
        step: u32,
        /// The live object, and how it differs from what is desired; none where it is gone.
        result: Compared,
    },
    /// Objects were looked at; those that are absent are not among them.
    Observed(Result<Vec<Object>, ClusterError>),
    /// The deadline has come.
    Tick,
    /// The user wants it to end.
    Terminate,
}

/// How an inventory is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// In how many parts.
    pub parts: usize,
    /// The state of each part, by its name.
    pub versions: BTreeMap<String, PartVersion>,
}

/// A live object and how it differs from what is desired; none where it is gone.
pub type Compared = Result<Option<(Box<Object>, Vec<FieldDiff>)>, ClusterError>;

/// What a call did.
#[derive(Clone, Debug)]
pub enum StepResult {
    /// The object was written; this is its state.
    Written(Box<Object>),
    /// The object is gone.
    Gone,
    /// The object waits for its finalizers.
    Deleting,
}
