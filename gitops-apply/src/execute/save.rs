//! Storing the inventory: before the first write, and after everything.

use gitops_core::Timestamp;
use gitops_core::cluster::{ClusterError, ErrorKind};

use super::machine::{Execution, Saving, Stage};
use super::progress::Phase as End;
use super::{Action, Stored};

impl Execution {
    pub(super) fn save(&mut self) -> Action {
        self.saving.attempts += 1;
        let (record, grows) = (self.inventory.clone(), self.verdict.is_none());
        self.call(Action::SaveInventory { record, grows })
    }

    /// The record once more, where that is due.
    pub(super) fn save_again(&mut self, now: Timestamp) -> Option<Action> {
        let due = self.saving.retry.is_some_and(|at| at <= now || self.terminated);
        if due {
            self.saving.retry = None;
        }
        due.then(|| self.save())
    }

    pub(super) fn saved(&mut self, result: Result<Stored, ClusterError>, now: Timestamp) {
        let grows = self.verdict.is_none();
        match result {
            Ok(stored) => {
                self.saving = Saving::default();
                self.inventory.stored_parts = stored.parts;
                self.inventory.versions = stored.versions;
                self.inventory_saved = self.inventory.clone();
                self.stage = Stage::Working;
                if !grows {
                    self.conclude();
                }
            }
            Err(error)
                if error.kind.is_transient() && self.saving.attempts < self.settings.attempts && !self.terminated =>
            {
                self.saving.retry = Some(self.later(self.saving.attempts, now));
            }
            Err(error) => {
                let moment = if grows { "nothing was written" } else { "the writes were made" };
                let message = match error.kind {
                    ErrorKind::Conflict | ErrorKind::AlreadyExists => {
                        format!("another sync of this application changed its inventory meanwhile; {moment}")
                    }
                    _ => format!("the inventory cannot be stored: {error}; {moment}"),
                };
                self.end(End::Error, message);
            }
        }
    }

    /// Everything was called and cleaned: store what is left, and end.
    pub(super) fn shrink(&mut self) -> Vec<Action> {
        let (end, _) = self.verdict.get_or_insert_with(|| (End::Error, "nothing is left to be done".into()));
        if self.settings.dry_run {
            self.conclude();
            return Vec::new();
        }
        if *end == End::Succeeded && !self.plan.partial {
            self.inventory.synced_digest = Some(self.plan.source.digest.clone());
        }
        for id in std::mem::take(&mut self.forgotten) {
            self.inventory.entries.remove(&id);
        }
        if self.inventory == self.inventory_saved {
            self.conclude();
            return Vec::new();
        }
        self.stage = Stage::Saving;
        vec![self.save()]
    }

    fn conclude(&mut self) {
        if let Some((end, message)) = self.verdict.clone() {
            self.end(end, message);
        }
    }
}
