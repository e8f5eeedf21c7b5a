use std::sync::Arc;

use gitops_core::secret::DigestKey;

use crate::JsonnetEvaluator;

/// What a render depends on beside the tree and the source.
#[derive(Clone)]
#[non_exhaustive]
pub struct Inputs {
    /// The Application's name.
    pub application: String,
    /// The namespace of the Application's destination; empty where none is named.
    pub namespace: String,
    /// The Application's project.
    pub project: String,
    /// The commit that the tree is of.
    pub revision: String,
    /// The version of the destination's API server, such as `1.34.2`; empty where it is not known.
    pub kube_version: String,
    /// The API versions that the destination serves.
    pub api_versions: Vec<String>,
    /// The key of the digests, which the destination keeps: without it nobody can guess a Secret from a digest.
    pub digest_key: DigestKey,
    /// Who evaluates Jsonnet; without one Jsonnet is refused.
    pub jsonnet: Option<Arc<dyn JsonnetEvaluator>>,
    /// Whether what is a warning otherwise (two objects with one identity, a key written twice) is an error.
    pub strict: bool,
    /// Which files a kustomization may name.
    pub load_restrictor: LoadRestrictor,
    /// How a kustomization's objects are ordered where it has no `sortOptions`.
    pub reorder: Reorder,
}

/// Which files a kustomization may name (`kustomize build --load-restrictor`). Bases may lie elsewhere in the
/// repository in any case; nothing outside the repository can be read at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadRestrictor {
    /// Those in and below its own directory (`LoadRestrictionsRootOnly`).
    #[default]
    RootOnly,
    /// All of the repository (`LoadRestrictionsNone`).
    Repository,
}

/// The order of a kustomization's objects, as `kustomize build --reorder` names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reorder {
    /// By kind: namespaces first, webhooks last.
    #[default]
    Legacy,
    /// As they were loaded.
    None,
}

impl Inputs {
    /// Inputs of an Application that has nothing but a name.
    pub fn new(application: impl Into<String>) -> Self {
        Self {
            application: application.into(),
            namespace: String::new(),
            project: "default".into(),
            revision: String::new(),
            kube_version: String::new(),
            api_versions: Vec::new(),
            digest_key: DigestKey::new([0; 32]),
            jsonnet: None,
            strict: false,
            load_restrictor: LoadRestrictor::RootOnly,
            reorder: Reorder::Legacy,
        }
    }
}
