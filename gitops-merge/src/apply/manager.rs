//! Writes with their managers: times, stripped metadata, objects that nobody managed before.

use jiff::Timestamp;
use serde_json::Value;

use super::cap::cap;
use super::conflict::ApplyError;
use super::last_applied;
use super::updater::{Change, Updater};
use super::versions::Versions;
use crate::fields::{Path, Set};
use crate::managed::{self, Entry, Managed, Manager};
use crate::typed::{self, Duplicates};

/// Name of the manager of what was there before the first apply.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Who writes what, where and when.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The kind with its versions.
    pub versions: Versions<'a>,
    /// Name of the field manager.
    pub manager: &'a str,
    /// Subresource that is written; empty for the object itself.
    pub subresource: &'a str,
    /// Fields that this way of writing cannot set.
    pub reset: &'a Set,
    /// The object that a new one grows from: `apiVersion` and `kind` with the zero values of the Go type.
    pub empty: &'a Value,
    /// The time that goes into `managedFields`.
    pub now: Timestamp,
}

/// What an apply gives.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The merged object without managers; none where the apply changes nothing in it.
    pub object: Option<Value>,
    /// The managers.
    pub managed: Managed,
}

impl Write<'_> {
    fn updater(&self) -> Updater<'_> {
        Updater { versions: self.versions, reset: self.reset }
    }

    fn name(&self) -> &str {
        if self.manager.is_empty() { "unknown" } else { self.manager }
    }

    fn check(&self, doing: &'static str, value: &Value, duplicates: Duplicates) -> Result<(), ApplyError> {
        let kind = self.versions.kind();
        typed::validate(&kind.schema, kind.type_id, value, duplicates)
            .map_err(|errors| ApplyError::Type { doing, errors })
    }

    fn updated(&self, name: &str, live: &Value, new: &Value, managed: Managed) -> Result<Managed, ApplyError> {
        self.check("convert new object to smd typed", new, Duplicates::Allowed)?;
        self.check("convert live object to smd typed", live, Duplicates::Allowed)?;
        // The write is its own manager at first, so that what it takes from its own older writes counts as a change.
        let itself = Manager::updater("current-operation", "", "");
        let mut managed = self.updater().update(Change { manager: &itself, live, new, force: true }, managed)?;
        strip(&mut managed, &itself);
        if let Some(gained) = managed.remove(&itself) {
            let api_version = &self.versions.kind().api_version;
            let manager = Manager::updater(name, api_version, self.subresource);
            let mut set = gained.set;
            if let Some(before) = managed.get(&manager) {
                set.extend(&before.set);
            }
            managed.insert(manager, Entry { set, api_version: api_version.clone(), time: Some(self.now) });
        }
        cap(&mut managed);
        Ok(managed)
    }

    fn applied(&self, live: &Value, applied: &Value, managed: Managed, force: bool) -> Result<Applied, ApplyError> {
        let manager = Manager::applier(self.name(), self.subresource);
        let (object, mut managed) =
            self.updater().apply(Change { manager: &manager, live, new: applied, force }, managed)?;
        strip(&mut managed, &manager);
        if object.is_some()
            && let Some(mut entry) = managed.remove(&manager)
        {
            entry.time = Some(self.now);
            managed.insert(manager, entry);
        }
        Ok(Applied { object, managed })
    }
}

/// Fields that no manager owns.
fn strip(managed: &mut Managed, manager: &Manager) {
    let Some(mut entry) = managed.remove(manager) else { return };
    entry.set = entry.set.difference(&stripped());
    if !entry.set.is_empty() {
        managed.insert(manager.clone(), entry);
    }
}

fn stripped() -> Set {
    let metadata = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let whole = ["apiVersion", "kind", "metadata"].map(|name| Path::fields([name]));
    whole.into_iter().chain(metadata.map(|name| Path::fields(["metadata", name]))).collect()
}

/// Server-side apply: merges `body` into `live` (the empty object where there is none) for a manager.
///
/// `live` and `body` come without `managedFields`; `managed` holds the live ones.
///
/// # Errors
/// Conflicts without `force`, and values that do not fit their type.
pub fn apply(
    write: &Write<'_>,
    live: &Value,
    body: &Value,
    managed: Managed,
    force: bool,
) -> Result<Applied, ApplyError> {
    write.check("create typed patch object", body, Duplicates::Refused)?;
    write.check("create typed live object", live, Duplicates::Allowed)?;
    let managed =
        if managed.is_empty() { write.updated(BEFORE_FIRST_APPLY, write.empty, live, managed)? } else { managed };
    let mut applied = match write.applied(live, body, managed.clone(), force) {
        Err(ApplyError::Conflicts(conflicts)) if write.manager == "kubectl" => {
            let conflicts = last_applied::remaining(write.versions.kind(), live, conflicts);
            if !conflicts.is_empty() {
                return Err(ApplyError::Conflicts(conflicts));
            }
            write.applied(live, body, managed, true)?
        }
        other => other?,
    };
    if write.manager == "kubectl" {
        match &mut applied.object {
            Some(object) => last_applied::refresh(object, body),
            unchanged => {
                let mut object = live.clone();
                last_applied::refresh(&mut object, body);
                if object != *live {
                    *unchanged = Some(object);
                }
            }
        }
    }
    Ok(applied)
}

/// The managers after the object went from `live` (the empty object where there was none) to `new` by a write that is
/// no apply.
///
/// `requested` is the `managedFields` of the request; writes of a subresource cannot set it. An object that exists and
/// has no managers keeps having none.
#[must_use]
pub fn update(write: &Write<'_>, live: &Value, new: &Value, held: Managed, requested: Option<&Value>) -> Managed {
    let mut managed = held;
    if write.subresource.is_empty() {
        if managed::is_reset(requested) {
            managed = Managed::new();
        } else if let Ok(wanted) = Managed::decode(requested)
            && !wanted.is_empty()
        {
            managed = wanted;
        }
    }
    let exists = live.pointer("/metadata/uid").and_then(|uid| uid.as_str()).is_some_and(|uid| !uid.is_empty());
    if managed.is_empty() && exists {
        return managed;
    }
    // A write is not refused because ownership cannot be computed: it is forgotten instead.
    write.updated(write.name(), live, new, managed).unwrap_or_default()
}
