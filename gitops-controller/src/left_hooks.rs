//! Hooks that earlier syncs left in the cluster. No inventory lists them, as they are deleted by their own policies only: like
//! Argo CD's controller (`CompareAppState`, controller/state.go, v3.5), who asks for them finds them by their marks.

use std::collections::BTreeMap;

use gitops_apply::hook;
use gitops_apply::plan::{Live, PlanTarget};
use gitops_apply::prepare::{Desired, DesiredObject};
use gitops_apply::tracking::TrackingMethod;
use gitops_core::api::Application;
use gitops_core::cluster::{ClusterError, ErrorKind, Query};
use gitops_core::{Cluster, Object, ObjectId, ObjectRef};

/// The hooks of an Application that are there.
#[derive(Clone, Debug, Default)]
pub struct LeftHooks {
    /// Those that its status lists: the sources may have them no more.
    listed: Vec<ObjectRef>,
    objects: BTreeMap<ObjectId, Object>,
}

/// One hook that is there.
pub(crate) struct LeftHook<'a> {
    /// The hook.
    pub(crate) object: &'a Object,
    /// Whether its mark names it, so that Argo CD says of it that it is to be pruned, which it never is. A name that is made of a
    /// `generateName` is made after Argo CD puts the mark.
    pub(crate) is_named: bool,
}

impl LeftHooks {
    /// What is to be looked for of an Application, but of kinds that are left alone.
    pub(crate) fn listed(application: &Application, is_left_alone: impl Fn(&ObjectId) -> bool) -> Self {
        let resources = application.status.iter().flat_map(|status| status.resources.iter().flatten());
        let listed = resources.filter(|one| one.is_hook()).filter_map(|one| one.reference(None));
        let listed = listed.filter(|hook| !is_left_alone(&hook.id)).collect();
        Self { listed, objects: BTreeMap::new() }
    }

    /// Looks for them. `live` holds the hooks that the sources name.
    ///
    /// # Errors
    /// Where the cluster fails.
    pub(crate) async fn look(
        &mut self,
        cluster: &dyn Cluster,
        desired: &Desired,
        live: &Live,
        target: &PlanTarget,
    ) -> Result<(), ClusterError> {
        self.objects.clear();
        let named = desired.hooks.iter().filter_map(|hook| live.get(&hook.object.id())).cloned();
        let made = made_hooks(cluster, &desired.hooks, target).await?;
        self.keep(named.chain(made), target);
        for reference in &self.listed {
            if self.objects.contains_key(&reference.id) || desired.resources.contains_key(&reference.id) {
                continue;
            }
            let found = match cluster.get(reference).await {
                Err(error) if error.kind == ErrorKind::UnknownKind => continue,
                found => found?,
            };
            if let Some(object) = found.filter(|object| is_left(object, target)) {
                self.objects.insert(object.id(), object);
            }
        }
        Ok(())
    }

    /// Whether none is there, and none was.
    pub(crate) fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.objects.is_empty()
    }

    fn keep(&mut self, objects: impl Iterator<Item = Object>, target: &PlanTarget) {
        let left = objects.filter(|object| is_left(object, target));
        self.objects.extend(left.map(|object| (object.id(), object)));
    }

    /// Each of them.
    pub(crate) fn iter<'a>(&'a self, target: &PlanTarget) -> impl Iterator<Item = LeftHook<'a>> {
        let by_label = target.tracking.method == TrackingMethod::Label;
        self.objects.values().map(move |object| {
            let is_made = object.text(&["metadata", "generateName"]).is_some_and(|prefix| !prefix.is_empty());
            LeftHook { object, is_named: by_label || !is_made }
        })
    }
}

/// What earlier runs left of hooks whose names are made of a `generateName`.
///
/// # Errors
/// Where the cluster fails.
pub(crate) async fn made_hooks(
    cluster: &dyn Cluster,
    hooks: &[DesiredObject],
    target: &PlanTarget,
) -> Result<Vec<Object>, ClusterError> {
    let mut prefixes: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for hook in hooks.iter().map(|hook| &hook.object).filter(|hook| hook.name().is_empty()) {
        let prefix = hook.text(&["metadata", "generateName"]).unwrap_or_default();
        prefixes.entry((hook.gvk(), hook.namespace())).or_default().push(prefix);
    }
    let mut found = Vec::new();
    for ((kind, namespace), prefixes) in prefixes {
        let mut query = Query::all(kind);
        query.namespace = namespace.map(Into::into);
        let listed = match cluster.list(&query).await {
            Err(error) if error.kind == ErrorKind::UnknownKind => continue,
            listed => listed?.objects,
        };
        let is_made = |object: &Object| prefixes.iter().any(|prefix| object.name().starts_with(prefix));
        found.extend(listed.into_iter().filter(|object| is_made(object) && is_left(object, target)));
    }
    Ok(found)
}

/// Whether an object is a hook with the Application's mark.
fn is_left(object: &Object, target: &PlanTarget) -> bool {
    hook::is_hook(object) && target.tracking.bearer(object) == Some(target.owner.as_str())
}
