//! Who owns what after a value changed: structured-merge-diff's package `merge`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::conflict::{ApplyError, conflicts_of};
use super::prune::{Pruning, prune};
use super::versions::Versions;
use crate::fields::Set;
use crate::managed::{Entry, Managed, Manager};
use crate::typed::{self, Comparison};
use crate::value::equal;

/// A write by one manager in one version.
pub(super) struct Updater<'a> {
    pub(super) versions: Versions<'a>,
    /// Fields that the write cannot set; nobody comes to own them by it.
    pub(super) reset: &'a Set,
}

impl Updater<'_> {
    fn version(&self) -> &str {
        &self.versions.kind().api_version
    }

    /// The managers after the object became `new` by a write that is no apply.
    pub(super) fn update(
        &self,
        live: &Value,
        new: &Value,
        managed: Managed,
        manager: &Manager,
    ) -> Result<Managed, ApplyError> {
        let managed = self.reconcile(managed);
        let (mut managed, comparison) = self.settle(live, new, managed, manager, true)?;
        let before = managed.remove(manager).map(|entry| entry.set).unwrap_or_default();
        let mut set = before.difference(&comparison.removed);
        set.extend(&comparison.modified);
        set.extend(&comparison.added);
        let set = set.recursive_difference(self.reset);
        if !set.is_empty() {
            managed.insert(manager.clone(), Entry { set, api_version: self.version().to_owned(), time: None });
        }
        Ok(managed)
    }

    /// The object and its managers after an apply; no object where the apply changes nothing in it.
    pub(super) fn apply(
        &self,
        live: &Value,
        applied: &Value,
        managed: Managed,
        manager: &Manager,
        force: bool,
    ) -> Result<(Option<Value>, Managed), ApplyError> {
        let kind = self.versions.kind();
        let mut managed = self.reconcile(managed);
        let merged = typed::merge(&kind.schema, kind.type_id, live, applied)
            .map_err(|errors| ApplyError::Type { doing: "merge config", errors })?;
        let set = typed::field_set(&kind.schema, kind.type_id, applied).recursive_difference(self.reset);
        let last = managed.remove(manager);
        let time = last.as_ref().and_then(|entry| entry.time);
        managed.insert(manager.clone(), Entry { set, api_version: self.version().to_owned(), time });
        let new = match last {
            Some(last) if !last.set.is_empty() => {
                prune(&Pruning { versions: self.versions, managed: &managed, last: &last }, merged)
            }
            _ => merged,
        };
        let (managed, _) = self.settle(live, &new, managed, manager, force)?;
        let changed = (!equal(live, &new)).then_some(new);
        Ok((changed, managed))
    }

    /// Takes changed and removed fields from the other managers, or says who would lose them.
    fn settle(
        &self,
        live: &Value,
        new: &Value,
        mut managed: Managed,
        manager: &Manager,
        force: bool,
    ) -> Result<(Managed, Comparison), ApplyError> {
        let mut comparisons: BTreeMap<String, Comparison> = BTreeMap::new();
        let own = self.compare(self.version(), live, new)?.unwrap_or_default();
        comparisons.insert(self.version().to_owned(), own);
        let mut unknown = Vec::new();
        let mut lost: Vec<(Manager, Set, Set)> = Vec::new();
        for (other, entry) in managed.iter().filter(|(other, _)| *other != manager) {
            if !comparisons.contains_key(&entry.api_version) {
                match self.compare(&entry.api_version, live, new)? {
                    Some(comparison) => {
                        comparisons.insert(entry.api_version.clone(), comparison);
                    }
                    None => {
                        unknown.push(other.clone());
                        continue;
                    }
                }
            }
            let Some(comparison) = comparisons.get(&entry.api_version) else { continue };
            let taken = entry.set.intersection(&comparison.modified.union(&comparison.added));
            if !taken.is_empty() || !comparison.removed.is_empty() {
                lost.push((other.clone(), taken, comparison.removed.clone()));
            }
        }
        if !force {
            let conflicts: Vec<_> = lost.iter().flat_map(|(other, taken, _)| conflicts_of(other, taken)).collect();
            if !conflicts.is_empty() {
                return Err(ApplyError::Conflicts(conflicts));
            }
        }
        for other in unknown {
            managed.remove(&other);
        }
        for (other, taken, removed) in lost {
            if let Some(mut entry) = managed.remove(&other) {
                entry.set = entry.set.difference(&taken).difference(&removed);
                managed.insert(other, entry);
            }
        }
        managed.retain(|_, entry| !entry.set.is_empty());
        let own = comparisons.remove(self.version()).unwrap_or_default();
        Ok((managed, own))
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
