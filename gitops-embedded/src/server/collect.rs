//! What happens to objects by itself, whether workloads are simulated or not: collection of owned objects, termination
//! of namespaces, and of the objects of a deleted definition.
//!
//! Follows kube-controller-manager's garbage collector and namespace controller (v1.34).

use gitops_core::Value;
use gitops_merge::server::Propagation;

use super::definitions::CLEANUP;
use super::delete::{Deletion, drop_finalizers, finalizers};
use super::{Server, is_deleting, text, uid};
use crate::catalog::DEFINITION;
use crate::controllers;
use crate::failure::Failure;
use crate::options::Controllers;
use crate::store::Stored;

/// Holds an object until what it owns is gone.
pub(super) const FOREGROUND: &str = "foregroundDeletion";
/// Holds an object until what it owns was released.
pub(super) const ORPHAN: &str = "orphan";
/// The most objects that one step looks at.
const PORTION: usize = 100;

/// Whether an owner is of a kind whose objects live in namespaces.
fn is_namespaced(server: &Server<'_>, owner: &Value) -> bool {
    server.catalog.kind(text(owner, "/apiVersion"), text(owner, "/kind")).is_ok_and(|kind| kind.namespaced)
}

impl Server<'_> {
    /// Does what is due for an object.
    pub(crate) fn step(&self, stored: Stored) -> Result<(), Failure> {
        self.session.set_due(stored.id, None)?;
        if self.collect_lost(&stored)? {
            return Ok(());
        }
        if is_deleting(&stored.body) {
            let held = |name: &str| finalizers(&stored.body).any(|held| held == name);
            let has_contents = stored.body.pointer("/spec/finalizers").is_some();
            if stored.key.group.is_empty() && stored.key.kind == "Namespace" && has_contents {
                return self.terminate(&stored);
            }
            if (stored.key.group.as_str(), stored.key.kind.as_str()) == DEFINITION && held(CLEANUP) {
                return self.clean_up(&stored);
            }
            if held(FOREGROUND) {
                return self.collect_first(&stored);
            }
            if held(ORPHAN) {
                return self.release(&stored);
            }
        }
        if self.controllers == Controllers::Simulated
            && controllers::has_controller(&stored.key.group, &stored.key.kind)
        {
            controllers::step(self, &stored)?;
        }
        Ok(())
    }

    /// Deletes an object whose owners are all gone, and forgets owners that are gone beside others.
    fn collect_lost(&self, stored: &Stored) -> Result<bool, Failure> {
        let Some(owners) = stored.body.pointer("/metadata/ownerReferences").and_then(Value::as_array) else {
            return Ok(false);
        };
        let mut solid = Vec::new();
        for owner in owners {
            let found = self.session.by_uid(text(owner, "/uid"))?;
            // Owners are of the same namespace or of the whole cluster. An object of the whole cluster that names another
            // owner is never collected.
            let place = stored.key.namespace.as_str();
            let is_solid = match found {
                Some(found) => place.is_empty() || found.key.namespace.is_empty() || found.key.namespace == place,
                None => place.is_empty() && is_namespaced(self, owner),
            };
            if is_solid {
                solid.push(owner.clone());
            }
        }
        if solid.len() == owners.len() || owners.is_empty() {
            return Ok(false);
        }
        if solid.is_empty() {
            if is_deleting(&stored.body) {
                return Ok(false);
            }
            self.delete_stored(stored)?;
            return Ok(true);
        }
        let mut next = stored.body.clone();
        if let Some(metadata) = next.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("ownerReferences".to_owned(), Value::Array(solid));
        }
        self.rewrite(stored, next)?;
        Ok(true)
    }

    /// Deletes what an object owns; then what holds it goes.
    fn collect_first(&self, stored: &Stored) -> Result<(), Failure> {
        let owned = self.session.owned_by(uid(stored), PORTION)?;
        for dependent in owned.iter().filter(|dependent| !is_deleting(&dependent.body)) {
            self.delete_stored(dependent)?;
        }
        let left = self.session.owned_by(uid(stored), PORTION)?;
        if left.len() == PORTION && owned.len() == PORTION && left.iter().any(|left| !is_deleting(&left.body)) {
            return self.session.set_due(stored.id, Some(self.moment()));
        }
        let blocks = |dependent: &Stored| {
            let owners = dependent.body.pointer("/metadata/ownerReferences").and_then(Value::as_array);
            owners.into_iter().flatten().any(|owner| {
                text(owner, "/uid") == uid(stored) && owner.get("blockOwnerDeletion") == Some(&Value::Bool(true))
            })
        };
        if left.iter().any(blocks) { Ok(()) } else { self.drop_holds(stored, &[FOREGROUND]) }
    }

    /// Lets what an object owns stay without it; then what holds it goes.
    fn release(&self, stored: &Stored) -> Result<(), Failure> {
        let owned = self.session.owned_by(uid(stored), PORTION)?;
        let full = owned.len() == PORTION;
        for dependent in owned {
            let mut next = dependent.body.clone();
            if let Some(metadata) = next.get_mut("metadata").and_then(Value::as_object_mut)
                && let Some(owners) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut)
            {
                owners.retain(|owner| text(owner, "/uid") != uid(stored));
                if owners.is_empty() {
                    metadata.remove("ownerReferences");
                }
            }
            self.rewrite(&dependent, next)?;
        }
        if full { self.session.set_due(stored.id, Some(self.moment())) } else { self.drop_holds(stored, &[ORPHAN]) }
    }

    /// Deletes what a namespace contains; then the namespace goes.
    fn terminate(&self, stored: &Stored) -> Result<(), Failure> {
        let contents = self.session.in_namespace(&stored.key.name, PORTION)?;
        for object in contents.iter().filter(|object| !is_deleting(&object.body)) {
            // One may have gone with another.
            if self.session.get(&object.key)?.is_some() {
                self.delete_stored(object)?;
            }
        }
        let left = self.session.in_namespace(&stored.key.name, PORTION)?;
        if left.iter().any(|left| !is_deleting(&left.body)) {
            return self.session.set_due(stored.id, Some(self.moment()));
        }
        if !left.is_empty() {
            return Ok(());
        }
        let Some(current) = self.session.get(&stored.key)? else { return Ok(()) };
        let mut next = current.body.clone();
        if let Some(spec) = next.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("finalizers");
        }
        if finalizers(&next).next().is_none() { self.remove(&current, &mut next) } else { self.rewrite(&current, next) }
    }

    /// Deletes the objects of a deleted definition; then the definition goes.
    fn clean_up(&self, stored: &Stored) -> Result<(), Failure> {
        let kind = (text(&stored.body, "/spec/group"), text(&stored.body, "/spec/names/kind"));
        let objects = self.session.of_kind(kind, PORTION)?;
        for object in objects.iter().filter(|object| !is_deleting(&object.body)) {
            self.delete_stored(object)?;
        }
        let left = self.session.of_kind(kind, PORTION)?;
        if left.iter().any(|left| !is_deleting(&left.body)) {
            return self.session.set_due(stored.id, Some(self.moment()));
        }
        if left.is_empty() { self.drop_holds(stored, &[CLEANUP]) } else { Ok(()) }
    }

    /// Deletes an object that was read in this transaction: what it owns first where it owns something.
    pub(crate) fn delete_stored(&self, stored: &Stored) -> Result<(), Failure> {
        let version = text(&stored.body, "/apiVersion");
        let Ok(kind) = self.catalog.kind(version, &stored.key.kind) else {
            // Its kind is served no more, so nobody can hold it.
            return self.remove(stored, &mut stored.body.clone());
        };
        let owns = !self.session.owned_by(uid(stored), 1)?.is_empty();
        let deletion = Deletion {
            kind,
            namespace: &stored.key.namespace,
            name: &stored.key.name,
            uid: Some(uid(stored)),
            resource_version: None,
            propagation: if owns { Propagation::Foreground } else { Propagation::Background },
            dry_run: false,
        };
        self.delete(&deletion).map(drop)
    }

    /// Takes finalizers off an object, which goes with the last of them.
    fn drop_holds(&self, stored: &Stored, names: &[&str]) -> Result<(), Failure> {
        let Some(current) = self.session.get(&stored.key)? else { return Ok(()) };
        let mut next = current.body.clone();
        drop_finalizers(&mut next, names);
        if finalizers(&next).next().is_none() { self.remove(&current, &mut next) } else { self.rewrite(&current, next) }
    }

    /// Keeps an object whose metadata the cluster itself changed.
    pub(crate) fn rewrite(&self, stored: &Stored, mut next: Value) -> Result<(), Failure> {
        if next == stored.body {
            return Ok(());
        }
        self.session.replace(stored, &mut next)?;
        self.after_write(stored.id, &stored.key, Some(&stored.body), &next)
    }
}
