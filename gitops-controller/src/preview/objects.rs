//! What differs between the objects of an Application at two commits.

use std::collections::BTreeMap;

use gitops_core::{Manifest, Object, ObjectId};
use gitops_diff::{DiffContext, DiffError, ObjectDiff};

/// The differences between two lists of objects, in the order of the later one; what is gone comes last. `namespaces` are those
/// of objects that name none.
pub(super) fn between(
    (base, head): (&[Manifest], &[Manifest]),
    namespaces: (&str, &str),
    context: &DiffContext<'_>,
) -> Result<Vec<ObjectDiff>, DiffError> {
    let mut before: BTreeMap<ObjectId, Object> = by_id(base, namespaces.0).into_iter().collect();
    let mut diffs = Vec::new();
    for (id, mut later) in by_id(head, namespaces.1) {
        let Some(mut earlier) = before.remove(&id) else {
            diffs.push(gitops_diff::creation(&later));
            continue;
        };
        // An object that names its namespace is the one that is put there.
        if earlier.namespace().is_none() || later.namespace().is_none() {
            let namespace = earlier.namespace().or(later.namespace()).map(str::to_owned);
            earlier.set_namespace(namespace.as_deref());
            later.set_namespace(namespace.as_deref());
        }
        let diff = gitops_diff::between(&earlier, &later, context)?;
        if !diff.is_same() {
            diffs.push(diff);
        }
    }
    diffs.extend(before.values().map(gitops_diff::deletion));
    Ok(diffs)
}

/// Objects with what tells them apart. Those without a name, which the server makes, are counted.
fn by_id(manifests: &[Manifest], namespace: &str) -> Vec<(ObjectId, Object)> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let identified = |manifest: &Manifest| {
        let mut object = manifest.object.clone();
        object.fold_string_data();
        let mut id = object.id();
        id.namespace.get_or_insert_with(|| namespace.into());
        if id.name.is_empty() {
            let prefix = object.text(&["metadata", "generateName"]).unwrap_or_default().to_owned();
            let number = counted.entry(format!("{}/{prefix}", object.kind())).or_default();
            *number += 1;
            id.name = format!("{prefix}*{number}").into();
        }
        (id, object)
    };
    manifests.iter().map(identified).collect()
}
