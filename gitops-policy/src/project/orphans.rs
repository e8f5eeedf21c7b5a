//! Objects in an Application's namespace that no Application has.

use gitops_core::ObjectId;
use gitops_core::api::OrphanedResources;

use crate::glob::Glob;

/// Objects that are in every namespace, and nobody's.
const EVERYWHERE: [(&str, &str); 2] = [("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")];

/// A project's `orphanedResources`.
#[derive(Clone, Debug)]
pub struct Orphans {
    warns: bool,
    ignored: Vec<(Glob, Option<Glob>, Option<Glob>)>,
}

impl Orphans {
    /// Those of a project that has them.
    pub fn of(settings: &OrphanedResources) -> Self {
        let pattern = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Glob::new);
        let ignored = settings.ignore.iter().flatten();
        Self {
            warns: settings.warn == Some(true),
            ignored: ignored
                .map(|key| {
                    (Glob::new(key.group.as_deref().unwrap_or_default()), pattern(&key.kind), pattern(&key.name))
                })
                .collect(),
        }
    }

    /// Whether Applications get a warning.
    pub fn warns(&self) -> bool {
        self.warns
    }

    /// Whether an object is passed over: the project says so, or Kubernetes made it.
    pub fn ignores(&self, object: &ObjectId) -> bool {
        let is_core = object.group.is_empty();
        let of_kubernetes =
            is_core && EVERYWHERE.iter().any(|(kind, name)| object.kind == *kind && object.name == *name);
        let of_cluster = is_core
            && object.kind == "Service"
            && object.name == "kubernetes"
            && object.namespace.as_deref() == Some("default");
        let meant = |pattern: &Option<Glob>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(text));
        of_kubernetes
            || of_cluster
            || self.ignored.iter().any(|(group, kind, name)| {
                group.matches(&object.group) && meant(kind, &object.kind) && meant(name, &object.name)
            })
    }
}
