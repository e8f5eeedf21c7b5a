//! Who owns what after a value changed: structured-merge-diff's package `merge`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::conflict::{ApplyError, conflicts_of};
use super::prune::{Pruning, prune};
use super::versions::Versions;
use crate::fields::Set;
use crate::managed::{Entry, Managed, Manager};
use crate::typed::{self, Comparison};
use crate::value::equal;

/// One manager's write.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) manager: &'a Manager,
    /// The object before.
    pub(super) live: &'a Value,
    /// The object after; for an apply, what is applied.
    pub(super) new: &'a Value,
    /// Whether fields are taken from other managers.
    pub(super) force: bool,
}

/// Writes in one version.
pub(super) struct Updater<'a> {
    pub(super) versions: Versions<'a>,
    /// Fields that the write cannot set; nobody comes to own them by it.
    pub(super) reset: &'a Set,
}

impl Updater<'_> {
    fn version(&self) -> &str {
        &self.versions.kind().api_version
    }

    /// The managers after a write that is no apply.
    pub(super) fn update(&self, change: Change<'_>, managed: Managed) -> Result<Managed, ApplyError> {
        let managed = self.reconcile(managed);
        let (mut managed, comparison) = self.settle(Change { force: true, ..change }, managed)?;
        let before = managed.remove(change.manager).map(|entry| entry.set).unwrap_or_default();
        let mut set = before.difference(&comparison.removed);
        set.extend(&comparison.modified);
        set.extend(&comparison.added);
        let set = set.recursive_difference(self.reset);
        if !set.is_empty() {
            managed.insert(change.manager.clone(), Entry { set, api_version: self.version().to_owned(), time: None });
        }
        Ok(managed)
    }

    /// The object and its managers after an apply; no object where the apply changes nothing in it.
    pub(super) fn apply(&self, change: Change<'_>, managed: Managed) -> Result<(Option<Value>, Managed), ApplyError> {
        let Change { manager, live, new: applied, .. } = change;
        let kind = self.versions.kind();
        let mut managed = self.reconcile(managed);
        let merged = typed::merge(&kind.schema, kind.type_id, live, applied)
            .map_err(|errors| ApplyError::Type { doing: "merge config", errors })?;
        let set = typed::field_set(&kind.schema, kind.type_id, applied).recursive_difference(self.reset);
        let last = managed.remove(manager);
        let time = last.as_ref().and_then(|entry| entry.time);
        // What is applied again cannot go, and everything that leads to it is in the new set too.
        let last = last.filter(|last| last.api_version != self.version() || !last.set.difference(&set).is_empty());
        managed.insert(manager.clone(), Entry { set, api_version: self.version().to_owned(), time });
        let new = match last {
            Some(last) if !last.set.is_empty() => {
                prune(&Pruning { versions: self.versions, managed: &managed, last: &last }, merged)
            }
            _ => merged,
        };
        let (managed, _) = self.settle(Change { new: &new, ..change }, managed)?;
        let changed = (!equal(live, &new)).then_some(new);
        Ok((changed, managed))
    }

    /// Takes changed and removed fields from the other managers, or says who would lose them.
    fn settle(&self, change: Change<'_>, mut managed: Managed) -> Result<(Managed, Comparison), ApplyError> {
        let comparisons = self.comparisons(change, &managed)?;
        managed.retain(|manager, entry| manager == change.manager || comparisons.contains_key(&entry.api_version));
        let mut lost: Vec<(Manager, Set)> = Vec::new();
        for (other, entry) in managed.iter().filter(|(other, _)| *other != change.manager) {
            let Some(comparison) = comparisons.get(&entry.api_version) else { continue };
            let taken = entry.set.intersection(&comparison.modified.union(&comparison.added));
            if !taken.is_empty() {
                lost.push((other.clone(), taken));
            }
        }
        if !change.force && !lost.is_empty() {
            let conflicts = lost.iter().flat_map(|(other, taken)| conflicts_of(other, taken));
            return Err(ApplyError::Conflicts(conflicts.collect()));
        }
        for (other, taken) in lost {
            if let Some(mut entry) = managed.remove(&other) {
                entry.set = entry.set.difference(&taken);
                managed.insert(other, entry);
            }
        }
        managed.retain(|manager, entry| {
            let removed = comparisons.get(&entry.api_version).map(|comparison| &comparison.removed);
            if let Some(removed) = removed.filter(|removed| manager != change.manager && !removed.is_empty()) {
                entry.set = entry.set.difference(removed);
            }
            !entry.set.is_empty()
        });
        let mut comparisons = comparisons;
        Ok((managed, comparisons.remove(self.version()).unwrap_or_default()))
    }

    /// The difference in every version that a manager uses and that is served.
    fn comparisons(&self, change: Change<'_>, managed: &Managed) -> Result<BTreeMap<String, Comparison>, ApplyError> {
        let others = managed.iter().map(|(_, entry)| entry.api_version.as_str());
        let versions: BTreeSet<&str> = others.chain([self.version()]).collect();
        let mut out = BTreeMap::new();
        for version in versions {
            if let Some(comparison) = self.compare(version, change.live, change.new)? {
                out.insert(version.to_owned(), comparison);
            }
        }
        Ok(out)
    }

    /// The difference in one version without the fields that the write cannot set; none where nobody serves it.
    fn compare(&self, api_version: &str, live: &Value, new: &Value) -> Result<Option<Comparison>, ApplyError> {
        let Some((schema, type_id)) = self.versions.get(api_version) else { return Ok(None) };
        let mut comparison = typed::compare(schema, type_id, live, new)
            .map_err(|errors| ApplyError::Type { doing: "compare objects", errors })?;
        comparison.exclude(self.reset);
        Ok(Some(comparison))
    }

    fn reconcile(&self, mut managed: Managed) -> Managed {
        managed.retain(|_, entry| {
            let Some((schema, type_id)) = self.versions.get(&entry.api_version) else { return false };
            if let Some(set) = typed::reconcile(schema, type_id, &entry.set) {
                entry.set = set;
            }
            true
        });
        managed
    }
}
