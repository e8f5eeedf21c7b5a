//! Removing what a manager applied before and does not apply any more.

use std::collections::BTreeMap;

use serde_json::Value;

use super::versions::Versions;
use crate::fields::Set;
use crate::managed::{Entry, Managed};
use crate::schema::{Schema, TypeId};
use crate::typed;

pub(super) struct Pruning<'a> {
    pub(super) versions: Versions<'a>,
    /// Every manager, the applying one with what it applies now.
    pub(super) managed: &'a Managed,
    /// What the applying manager applied before.
    pub(super) last: &'a Entry,
}

/// Removes from `merged` what `last` has, unless another manager, or the same one now, owns it.
pub(super) fn prune(pruning: &Pruning<'_>, merged: Value) -> Value {
    let Some((schema, type_id)) = pruning.versions.get(&pruning.last.api_version) else { return merged };
    let named = pruning.last.set.with_named_fields(schema, Some(type_id));
    let pruned = typed::remove(schema, type_id, &merged, &named);
    let pruned = add_back_owned(pruning, &merged, pruned);
    add_back_dangling(pruning, schema, type_id, &merged, &pruned)
}

/// Adds back what any manager owns.
fn add_back_owned(pruning: &Pruning<'_>, merged: &Value, mut pruned: Value) -> Value {
    let mut owned: BTreeMap<&str, Set> = BTreeMap::new();
    for (_, entry) in pruning.managed.iter() {
        owned.entry(&entry.api_version).or_default().extend(&entry.set);
    }
    // The version of the pruned set goes first: what another version needs may be among what it adds back.
    let first = owned.remove_entry(pruning.last.api_version.as_str());
    for (version, set) in first.into_iter().chain(owned) {
        if let Some((schema, type_id)) = pruning.versions.get(version) {
            let named = |set: &Set| set.with_named_fields(schema, Some(type_id));
            let all = named(&typed::field_set(schema, type_id, merged));
            let mut keep = named(&typed::field_set(schema, type_id, &pruned));
            keep.extend(&named(&set));
            pruned = typed::remove(schema, type_id, merged, &all.difference(&keep));
        }
    }
    pruned
}

/// Adds back what nobody applied before: only what the manager itself had applied may go.
fn add_back_dangling(pruning: &Pruning<'_>, schema: &Schema, type_id: TypeId, merged: &Value, pruned: &Value) -> Value {
    let named = |set: &Set| set.with_named_fields(schema, Some(type_id));
    let left = named(&typed::field_set(schema, type_id, pruned));
    let all = named(&typed::field_set(schema, type_id, merged));
    let last = named(&pruning.last.set);
    typed::remove(schema, type_id, merged, &all.difference(&left).intersection(&last))
}
