//! Which objects controllers have to look at after a change, and when.

use gitops_core::Value;

use super::collect::{FOREGROUND, ORPHAN};
use super::delete::finalizers;
use super::{Server, is_deleting, text, uid};
use crate::catalog::DEFINITION;
use crate::controllers;
use crate::failure::Failure;
use crate::options::Controllers;
use crate::store::{Key, Stored};

impl Server<'_> {
    /// After an object was created or changed.
    pub(super) fn after_write(&self, id: i64, key: &Key, before: Option<&Value>, after: &Value) -> Result<(), Failure> {
        if (key.group.as_str(), key.kind.as_str()) == DEFINITION {
            self.session.definitions_changed()?;
            self.establish(key)?;
        }
        let now = self.moment();
        let owners = |object: &Value| object.pointer("/metadata/ownerReferences").cloned();
        if owners(after).is_some() && before.and_then(owners) != owners(after) && self.has_lost_owner(after)? {
            self.session.due_by(id, now)?;
        }
        if is_deleting(after) {
            let ordered = finalizers(after).any(|held| held == FOREGROUND || held == ORPHAN);
            let is_namespace = key.group.is_empty() && key.kind == "Namespace";
            if is_namespace {
                self.session.due_by(id, now + self.step)?;
            } else if ordered || (key.group.as_str(), key.kind.as_str()) == DEFINITION {
                self.session.due_by(id, now)?;
            }
        }
        if self.controllers == Controllers::Simulated {
            if controllers::has_controller(&key.group, &key.kind) {
                self.session.due_by(id, now + self.step)?;
            }
            self.wake_owners(after, now + self.step)?;
            self.wake_observers(key)?;
        }
        Ok(())
    }

    fn wake_observers(&self, key: &Key) -> Result<(), Failure> {
        let due = self.moment() + self.step;
        controllers::observers(&key.group, &key.kind)
            .try_for_each(|observer| self.session.kind_due_by(observer, &key.namespace, due))
    }

    /// After an object was removed.
    pub(super) fn after_remove(&self, stored: &Stored) -> Result<(), Failure> {
        if (stored.key.group.as_str(), stored.key.kind.as_str()) == DEFINITION {
            self.session.definitions_changed()?;
        }
        let now = self.moment();
        self.session.dependents_due_by(uid(stored), now)?;
        self.wake_owners(&stored.body, now + self.step)?;
        self.wake_observers(&stored.key)?;
        if !stored.key.namespace.is_empty()
            && let Some(namespace) = self.session.get(&Key::new("", "Namespace", "", &stored.key.namespace))?
            && is_deleting(&namespace.body)
        {
            self.session.due_by(namespace.id, now + self.step)?;
        }
        if let Some(definition) = self.definition_of(&stored.key)?
            && is_deleting(&definition.body)
        {
            self.session.due_by(definition.id, now)?;
        }
        Ok(())
    }

    /// Has controllers look at the owners of an object that changed.
    fn wake_owners(&self, object: &Value, due: i64) -> Result<(), Failure> {
        for owner in object.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten() {
            let Some(owner) = self.session.outline(text(owner, "/uid"))? else { continue };
            if owner.may_be_deleting {
                self.session.due_by(owner.id, self.moment())?;
            } else if self.controllers == Controllers::Simulated
                && controllers::has_controller(&owner.group, &owner.kind)
            {
                self.session.due_by(owner.id, due)?;
            }
        }
        Ok(())
    }

    fn has_lost_owner(&self, object: &Value) -> Result<bool, Failure> {
        for owner in object.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten() {
            if !self.session.has_uid(text(owner, "/uid"))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
