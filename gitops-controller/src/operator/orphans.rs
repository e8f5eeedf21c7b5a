//! Objects in an Application's namespace that no Application has: Argo CD's warning of them, which a project asks for
//! (`getResourceTree`, controller/appcontroller.go, v3.5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt as _;
use gitops_apply::plan::PlanTarget;
use gitops_core::api::{Application, ApplicationConditionType};
use gitops_core::cluster::{ApiResource, Query};
use gitops_core::{GroupKind, Object, Value};
use gitops_policy::project::{Condition, Orphans};

use crate::compare::Comparison;

/// How many kinds are listed side by side.
const SIDE_BY_SIDE: usize = 8;

/// What Argo CD excludes as it is installed: what Kubernetes makes much of, and what is only asked.
const EXCLUDED_GROUPS: [&str; 4] = ["events.k8s.io", "metrics.k8s.io", "authentication.k8s.io", "authorization.k8s.io"];
const EXCLUDED_KINDS: [(&str, &str); 4] =
    [("", "Event"), ("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice"), ("coordination.k8s.io", "Lease")];

/// The warning, where the project asks for it and there are such objects. A kind that cannot be listed has none.
pub(super) async fn warning(application: &Application, comparison: &Comparison) -> Option<Condition> {
    let settings = comparison.project.found()?.spec.orphaned_resources.as_ref()?;
    let orphans = Orphans::of(settings);
    let namespace = application.spec.destination.namespace().filter(|_| orphans.warns())?;
    let objects = objects(comparison, namespace).await;
    let count = count(&objects, |object| is_orphan(object, comparison, &orphans), &comparison.target);
    let words = || format!("Application has {count} orphaned resources");
    (count > 0).then(|| (ApplicationConditionType::OrphanedResourceWarning, words()))
}

async fn objects(comparison: &Comparison, namespace: &str) -> Vec<Object> {
    let Ok(discovery) = comparison.place.cluster.discover().await else { return Vec::new() };
    let is_left_alone = |one: &ApiResource| {
        let GroupKind { group, kind } = one.gvk.group_kind();
        is_excluded(one) || comparison.filter.excludes(&group, &kind, &comparison.place.server)
    };
    let kinds = discovery.iter().filter(|one| one.namespaced && !is_left_alone(one)).cloned();
    let kinds: Vec<ApiResource> = kinds.collect();
    let list = |kind: ApiResource| {
        let (cluster, mut query) = (Arc::clone(&comparison.tenant.0), Query::all(kind.gvk));
        query.namespace = Some(namespace.into());
        async move { cluster.list(&query).await.map(|listing| listing.objects).unwrap_or_default() }
    };
    futures::stream::iter(kinds).map(list).buffer_unordered(SIDE_BY_SIDE).concat().await
}

fn is_excluded(kind: &ApiResource) -> bool {
    let GroupKind { group, kind } = kind.gvk.group_kind();
    EXCLUDED_GROUPS.contains(&group.as_str()) || EXCLUDED_KINDS.contains(&(group.as_str(), kind.as_str()))
}

/// Whether an object is one that nothing owns, and that the project knows no reason for.
fn is_orphan(object: &Object, comparison: &Comparison, orphans: &Orphans) -> bool {
    let id = object.id();
    let is_managed = comparison.desired.resources.contains_key(&id) || comparison.inventory.entries.contains_key(&id);
    !is_managed
        && !belongs_to_another(object, &comparison.target)
        && owners(object).next().is_none()
        && comparison.project.allows_kind(&id)
        && !orphans.ignores(&id)
}

/// Whether an object bears the mark of another Application.
fn belongs_to_another(object: &Object, target: &PlanTarget) -> bool {
    target.tracking.bearer(object).is_some_and(|owner| owner != target.owner)
}

fn owners(object: &Object) -> impl Iterator<Item = &str> {
    let references = object.get(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    references.into_iter().flatten().filter_map(|one| one.get("uid").and_then(Value::as_str))
}

/// How many objects are orphans or owned by one, up to those of other Applications.
fn count(objects: &[Object], is_orphan: impl Fn(&Object) -> bool, target: &PlanTarget) -> usize {
    let mut owned: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    for object in objects {
        for owner in owners(object) {
            owned.entry(owner).or_default().push(object);
        }
    }
    let mut seen = BTreeSet::new();
    let mut next: Vec<&Object> = objects.iter().filter(|object| is_orphan(object)).collect();
    while let Some(object) = next.pop() {
        if belongs_to_another(object, target) || !seen.insert(object.id()) {
            continue;
        }
        next.extend(object.uid().and_then(|uid| owned.get(uid)).into_iter().flatten());
    }
    seen.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: &str, name: &str, owner: Option<&str>) -> Object {
        let owners: Vec<Value> = owner.iter().map(|uid| json!({"kind": "X", "name": "x", "uid": uid})).collect();
        let metadata = json!({"name": name, "namespace": "shop", "uid": name, "ownerReferences": owners});
        Object::from_value(json!({"apiVersion": "v1", "kind": kind, "metadata": metadata})).unwrap()
    }

    #[test]
    fn what_an_orphan_owns_counts_with_it() {
        let objects = [
            object("ConfigMap", "a", None),
            object("Pod", "b", Some("a")),
            object("Pod", "c", Some("b")),
            object("Secret", "d", None),
            object("Pod", "e", Some("d")),
        ];
        let target = PlanTarget { owner: "web".into(), ..PlanTarget::default() };
        assert_eq!(count(&objects, |object| object.name() == "a", &target), 3);
    }
}
