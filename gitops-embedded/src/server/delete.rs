//! Deleting objects.

use std::sync::Arc;

use gitops_core::Value;
use gitops_merge::schema::Kind;
use gitops_merge::server::{self as rules, Deleted, Propagation};

use super::collect::{FOREGROUND, ORPHAN};
use super::definitions::CLEANUP;
use super::{Server, as_version, text, uid};
use crate::catalog::DEFINITION;
use crate::failure::{Failure, refusal};
use crate::store::{Key, Stored};

/// A deletion of one object.
#[derive(Clone, Copy)]
pub(crate) struct Deletion<'a> {
    pub(crate) kind: &'a Arc<Kind>,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) uid: Option<&'a str>,
    pub(crate) resource_version: Option<&'a str>,
    pub(crate) propagation: Propagation,
    pub(crate) dry_run: bool,
}

/// What a deletion did.
#[derive(Debug)]
pub(crate) enum Removal {
    /// The object is gone; this was its last state.
    Gone(Value),
    /// The object waits for its finalizers.
    Pending(Value),
}

/// Namespaces that stay.
const KEPT: &[&str] = &["default", "kube-system", "kube-public"];

impl Server<'_> {
    /// Deletes an object, or marks it where something holds it.
    pub(crate) fn delete(&self, deletion: &Deletion<'_>) -> Result<Removal, Failure> {
        let kind = deletion.kind;
        let key = Key::of(kind, deletion.namespace, deletion.name);
        if key.group.is_empty() && key.kind == "Namespace" && KEPT.contains(&deletion.name) {
            let message = format!("namespaces {:?} is forbidden: this namespace may not be deleted", deletion.name);
            return Err(refusal(403, "Forbidden", message).into());
        }
        let stored = self.session.get(&key)?;
        let mut live = stored.as_ref().map(|stored| as_version(stored.body.clone(), kind));
        if let (Some(stored), Some(live)) = (&stored, &mut live) {
            self.hold_definition(stored, live)?;
        }
        let mut options = rules::Delete::default();
        options.uid = deletion.uid;
        options.resource_version = deletion.resource_version;
        options.propagation = deletion.propagation;
        let outcome = rules::delete(kind, live.as_ref(), deletion.name, &options, self.now)?;
        let Some(stored) = stored else { return Err(Failure::Damaged("an absent object was deleted".to_owned())) };
        match outcome {
            Deleted::Removed(mut last) => {
                if !deletion.dry_run {
                    self.remove(&stored, &mut last)?;
                }
                Ok(Removal::Gone(last))
            }
            Deleted::Waiting(object) => Ok(Removal::Pending(object)),
            Deleted::Marked(mut object) => {
                if !deletion.dry_run {
                    self.session.replace(&stored, &mut object)?;
                    let marked = Stored { body: object.clone(), ..stored };
                    if self.is_free(&marked)? {
                        let mut last = object.clone();
                        drop_finalizers(&mut last, &[FOREGROUND, ORPHAN]);
                        self.remove(&marked, &mut last)?;
                    } else {
                        self.after_write(marked.id, &key, None, &object)?;
                    }
                }
                Ok(Removal::Pending(object))
            }
        }
    }

    /// Whether only the order of collection holds a marked object, and it owns nothing.
    fn is_free(&self, stored: &Stored) -> Result<bool, Failure> {
        let ordered = finalizers(&stored.body).all(|finalizer| finalizer == FOREGROUND || finalizer == ORPHAN);
        let is_namespace = stored.key.group.is_empty() && stored.key.kind == "Namespace";
        Ok(ordered && !is_namespace && self.session.owned_by(uid(stored), 1)?.is_empty())
    }

    /// A definition stays until its objects are gone.
    fn hold_definition(&self, stored: &Stored, live: &mut Value) -> Result<(), Failure> {
        if (stored.key.group.as_str(), stored.key.kind.as_str()) != DEFINITION {
            return Ok(());
        }
        let kind = (text(live, "/spec/group").to_owned(), text(live, "/spec/names/kind").to_owned());
        if self.session.of_kind((&kind.0, &kind.1), 1)?.is_empty() || finalizers(live).any(|held| held == CLEANUP) {
            return Ok(());
        }
        if let Some(metadata) = live.get_mut("metadata").and_then(Value::as_object_mut) {
            let held = metadata.entry("finalizers").or_insert_with(|| Value::Array(Vec::new()));
            if let Some(held) = held.as_array_mut() {
                held.push(Value::from(CLEANUP));
            }
        }
        Ok(())
    }

    /// Takes an object out of the store.
    pub(super) fn remove(&self, stored: &Stored, last: &mut Value) -> Result<(), Failure> {
        self.session.remove(stored, last)?;
        self.after_remove(stored)
    }
}

/// What holds an object that is being deleted.
pub(super) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    let held = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    held.into_iter().flatten().filter_map(Value::as_str)
}

/// Takes finalizers off an object.
pub(super) fn drop_finalizers(object: &mut Value, names: &[&str]) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    if let Some(held) = metadata.get_mut("finalizers").and_then(Value::as_array_mut) {
        held.retain(|held| !held.as_str().is_some_and(|held| names.contains(&held)));
        if held.is_empty() {
            metadata.remove("finalizers");
        }
    }
}
