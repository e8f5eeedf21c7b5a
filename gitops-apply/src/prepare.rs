//! Rendered objects, put where they belong: namespaces by what the cluster serves, the ownership mark, duplicates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gitops_core::api::{ManagedNamespaceMetadata, SyncOptions};
use gitops_core::cluster::Discovery;
use gitops_core::{GroupKind, Manifest, Object, ObjectId, Origin};
use serde_json::json;
use thiserror::Error;

use crate::hook::{self, Role};
use crate::tracking::Tracking;

/// Where an application's objects go, and what of its policy bears on them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Destination {
    /// The name in the ownership mark.
    pub application: String,
    /// How objects are marked.
    pub tracking: Tracking,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// The application's sync options.
    pub options: SyncOptions,
    /// Labels and annotations of a namespace that is made for the application.
    pub namespace_metadata: Option<ManagedNamespaceMetadata>,
    /// Whether duplicates are refused rather than warned of.
    pub strict: bool,
}

impl Destination {
    /// A destination without options.
    pub fn new(application: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self {
            application: application.into(),
            tracking: Tracking::default(),
            namespace: namespace.into(),
            options: SyncOptions::default(),
            namespace_metadata: None,
            strict: false,
        }
    }
}

/// One desired object and its part in a sync.
#[derive(Clone, Debug)]
pub struct DesiredObject {
    /// The object.
    pub object: Arc<Object>,
    /// Where it was written.
    pub origin: Option<Origin>,
    /// Its sync wave.
    pub wave: i64,
    /// Its role.
    pub role: Role,
    /// Whether the cluster knows its kind already.
    pub served: bool,
}

/// Everything that an application wants in its cluster.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// Objects that are kept as desired, by identity.
    pub resources: BTreeMap<ObjectId, DesiredObject>,
    /// Objects that run in phases.
    pub hooks: Vec<DesiredObject>,
    /// Objects that a `Skip` keeps out of the sync: they are neither written nor deleted.
    pub skipped: BTreeSet<ObjectId>,
    /// Objects that run when the application is deleted.
    pub deletion_hooks: Vec<DesiredObject>,
    /// The namespace that the engine makes for the application, where it does.
    pub created_namespace: Option<ObjectId>,
    /// Kinds that neither the cluster nor a definition among the objects serves, each with the first object.
    pub unknown_kinds: BTreeMap<GroupKind, ObjectId>,
    /// The application's sync options.
    pub sync_options: SyncOptions,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// Why rendered objects cannot be desired.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// Two objects have one identity, and that is refused.
    #[error("{second}: `{id}` is already defined at {first}")]
    Duplicate {
        /// The identity.
        id: ObjectId,
        /// The first place.
        first: String,
        /// The second place.
        second: String,
    },
    /// An object needs a namespace, and neither it nor the application names one.
    #[error("{place}: `{id}` has no namespace, and neither has the application's destination")]
    NoNamespace {
        /// The identity.
        id: ObjectId,
        /// Where.
        place: String,
    },
    /// An object that is no hook has no name.
    #[error("{place}: metadata.name is missing; only hooks may have a generateName")]
    Nameless {
        /// Where.
        place: String,
    },
}

/// Puts rendered objects where they belong.
///
/// # Errors
/// Where an object has no name or no namespace, or two have one identity and that is refused.
pub fn prepare(
    manifests: Vec<Manifest>,
    destination: &Destination,
    discovery: &Discovery,
) -> Result<Desired, PrepareError> {
    let mut desired = Desired { sync_options: destination.options.clone(), ..Desired::default() };
    let defined = definitions(&manifests);
    let mut hooks = BTreeSet::new();
    for manifest in manifests {
        let Manifest { mut object, origin } = manifest;
        object.fold_string_data();
        let kind = GroupKind::new(object.group(), object.kind());
        let scope = discovery.kind(&kind).map(|resource| resource.namespaced);
        let served = scope.is_some();
        match scope.or_else(|| defined.get(&kind).copied()) {
            Some(true) if object.namespace().is_none() && destination.namespace.is_empty() => {
                return Err(PrepareError::NoNamespace { id: object.id(), place: place(origin.as_ref()) });
            }
            Some(true) if object.namespace().is_none() => object.set_namespace(Some(&destination.namespace)),
            Some(false) => object.set_namespace(None),
            Some(true) => {}
            None => {
                if object.namespace().is_none() && !destination.namespace.is_empty() {
                    object.set_namespace(Some(&destination.namespace));
                }
                desired.unknown_kinds.entry(kind).or_insert_with(|| object.id());
            }
        }
        let (role, wave) = (hook::role(&object), hook::wave(&object));
        desired.drop_earlier(&object, origin.as_ref(), &mut hooks, destination.strict)?;
        let phases = hook::deletion_phases(&object);
        if !phases.is_empty() {
            let role = Role::Hook { phases, delete: hook::deletion_policies(&object) };
            let (object, origin) = (Arc::new(object.clone()), origin.clone());
            desired.deletion_hooks.push(DesiredObject { object, origin, wave, role, served });
        }
        match role {
            Role::Ignored if hook::skips(&object) => {
                desired.skipped.insert(object.id());
            }
            Role::Ignored => {}
            Role::Hook { .. } => {
                hooks.insert(object.id());
                desired.hooks.push(DesiredObject { object: Arc::new(object), origin, wave, role, served });
            }
            Role::Resource => {
                let one = DesiredObject { object: Arc::new(object), origin, wave, role, served };
                desired.add(one, destination)?;
            }
        }
    }
    desired.add_namespace(destination);
    Ok(desired)
}

impl Desired {
    /// Of two objects with one identity, hooks included, the last one counts.
    fn drop_earlier(
        &mut self,
        object: &Object,
        origin: Option<&Origin>,
        hooks: &mut BTreeSet<ObjectId>,
        strict: bool,
    ) -> Result<(), PrepareError> {
        let id = object.id();
        if id.name.is_empty() {
            return Ok(());
        }
        let first = if hooks.remove(&id) {
            let at = self.hooks.iter().position(|hook| hook.object.id() == id);
            at.map(|at| self.hooks.remove(at))
        } else {
            self.resources.remove(&id)
        };
        let Some(first) = first else { return Ok(()) };
        let (first, second) = (place(first.origin.as_ref()), place(origin));
        if strict {
            return Err(PrepareError::Duplicate { id, first, second });
        }
        self.warnings.push(format!("{second}: `{id}` is already defined at {first}; the last one wins"));
        Ok(())
    }

    fn add(&mut self, mut one: DesiredObject, destination: &Destination) -> Result<(), PrepareError> {
        let id = one.object.id();
        if id.name.is_empty() {
            return Err(PrepareError::Nameless { place: place(one.origin.as_ref()) });
        }
        let Destination { application, tracking, namespace, .. } = destination;
        tracking.mark(Arc::make_mut(&mut one.object), application, namespace);
        self.resources.insert(id, one);
        Ok(())
    }

    /// The destination's namespace, where the options ask for it and no rendered object is it. It carries no ownership
    /// mark: it outlives the application, as in Argo CD.
    fn add_namespace(&mut self, destination: &Destination) {
        let id = ObjectId::new("", "Namespace", None, destination.namespace.as_str());
        if !destination.options.is_true("CreateNamespace") || id.name.is_empty() || self.resources.contains_key(&id) {
            return;
        }
        let metadata = destination.namespace_metadata.clone().unwrap_or_default();
        let mut fields = json!({"name": id.name});
        if let Some(labels) = metadata.labels {
            fields["labels"] = json!(labels);
        }
        if let Some(annotations) = metadata.annotations {
            fields["annotations"] = json!(annotations);
        }
        let object = Object::from_value(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": fields}));
        if let Ok(object) = object {
            let wave = i64::MIN;
            let one =
                DesiredObject { object: Arc::new(object), origin: None, wave, role: Role::Resource, served: true };
            self.resources.insert(id.clone(), one);
            self.created_namespace = Some(id);
        }
    }

    /// Every namespace that a desired object lives in.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        let hooks = self.hooks.iter().filter_map(|hook| hook.object.namespace());
        self.resources.keys().filter_map(|id| id.namespace.as_deref()).chain(hooks).collect()
    }
}

/// The kinds that definitions among the objects bring, and whether their objects live in namespaces.
fn definitions(manifests: &[Manifest]) -> BTreeMap<GroupKind, bool> {
    let definitions = manifests.iter().map(|manifest| &manifest.object);
    let definitions = definitions.filter(|object| object.kind() == "CustomResourceDefinition");
    definitions
        .filter_map(|object| {
            let kind = GroupKind::new(object.text(&["spec", "group"])?, object.text(&["spec", "names", "kind"])?);
            Some((kind, object.text(&["spec", "scope"]) != Some("Cluster")))
        })
        .collect()
}

fn place(origin: Option<&Origin>) -> String {
    origin.map_or_else(|| "an unknown place".into(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use gitops_core::GroupVersionKind;
    use gitops_core::annotations::TRACKING_ID;
    use gitops_core::cluster::ApiResource;

    use super::*;

    fn discovery() -> Discovery {
        let kinds = [("v1", "ConfigMap", true), ("v1", "Namespace", false), ("batch/v1", "Job", true)];
        Discovery::new(kinds.map(|(version, kind, namespaced)| ApiResource {
            gvk: GroupVersionKind::from_api_version(version, kind),
            plural: kind.to_lowercase(),
            namespaced,
            subresources: Vec::new(),
        }))
    }

    fn manifest(version: &str, kind: &str, metadata: serde_json::Value) -> Manifest {
        let value = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
        Manifest::new(Object::from_value(value).unwrap())
    }

    #[test]
    fn namespaces_follow_what_the_cluster_serves() {
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "tenants.example.com"},
            "spec": {"group": "example.com", "scope": "Cluster", "names": {"kind": "Tenant"}}});
        let objects = vec![
            manifest("v1", "ConfigMap", json!({"name": "a"})),
            manifest("v1", "ConfigMap", json!({"name": "b", "namespace": "own"})),
            manifest("v1", "Namespace", json!({"name": "c", "namespace": "wrong"})),
            manifest("example.com/v1", "Tenant", json!({"name": "d", "namespace": "wrong"})),
            Manifest::new(Object::from_value(definition).unwrap()),
        ];
        let desired = prepare(objects, &Destination::new("web", "shop"), &discovery()).unwrap();
        let place = |name: &str| desired.resources.keys().find(|id| id.name == name).unwrap().namespace.clone();
        assert_eq!((place("a").as_deref(), place("b").as_deref()), (Some("shop"), Some("own")));
        assert_eq!((place("c"), place("d")), (None, None));
        let marked = &desired.resources.values().find(|one| one.object.name() == "a").unwrap().object;
        assert_eq!(marked.annotation(TRACKING_ID), Some("web:/ConfigMap:shop/a"));
    }

    #[test]
    fn the_last_of_two_counts_hooks_included() {
        let hook = json!({"name": "j", "annotations": {gitops_core::annotations::HOOK: "PreSync"}});
        let twice = || {
            vec![
                manifest("batch/v1", "Job", hook.clone()),
                manifest("batch/v1", "Job", json!({"name": "j", "namespace": "shop"})),
                manifest("v1", "ConfigMap", json!({"name": "a"})),
                manifest("v1", "ConfigMap", json!({"name": "a", "namespace": "shop"})),
                manifest("batch/v1", "Job", hook.clone()),
            ]
        };
        let mut destination = Destination::new("web", "shop");
        let desired = prepare(twice(), &destination, &discovery()).unwrap();
        assert_eq!((desired.resources.len(), desired.hooks.len(), desired.warnings.len()), (1, 1, 3));
        destination.strict = true;
        assert!(matches!(prepare(twice(), &destination, &discovery()), Err(PrepareError::Duplicate { .. })));
    }

    #[test]
    fn an_object_without_any_namespace_is_refused() {
        let nowhere = vec![manifest("v1", "ConfigMap", json!({"name": "a"}))];
        let error = prepare(nowhere, &Destination::new("web", ""), &discovery()).unwrap_err();
        assert!(matches!(error, PrepareError::NoNamespace { .. }), "{error}");
    }
}
