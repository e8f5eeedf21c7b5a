use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gitops_core::secret::DigestKey;
use gitops_core::{Provided, Tree};
use gitops_template::KeyMaker;

use crate::JsonnetEvaluator;
use crate::helm::ChartCache;

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
    /// The commit that the tree is of. Renders read it by [`Inputs::revision`].
    pub revision: String,
    /// The version of the destination's API server, such as `1.34.2`; empty where it is not known.
    pub kube_version: String,
    /// The API versions that the destination serves.
    pub api_versions: Arc<[String]>,
    /// The key of the digests, which the destination keeps: without it nobody can guess a Secret from a digest.
    pub digest_key: DigestKey,
    /// Who evaluates Jsonnet; without one Jsonnet is refused.
    pub jsonnet: Option<Arc<dyn JsonnetEvaluator>>,
    /// Who makes the private keys and certificates that charts ask for; without one such charts fail.
    pub keys: Option<Arc<dyn KeyMaker>>,
    /// What was got of elsewhere. What a render lacks of it is its [`Outcome::Needs`](crate::Outcome::Needs).
    pub provided: Provided,
    /// Whether what is a warning otherwise (two objects with one identity, a key written twice) is an error.
    pub strict: bool,
    /// What templates take for the time, in seconds since 1970: that of the commit.
    pub seconds: i64,
    /// The files of the other sources of the Application, by their `ref`.
    pub references: BTreeMap<String, Arc<dyn Tree>>,
    /// Which files a kustomization may name.
    pub load_restrictor: LoadRestrictor,
    /// Whether a kustomization's objects get the label `app.kubernetes.io/managed-by`.
    pub managed_by_label: bool,
    /// Whether the charts that a kustomization names are rendered.
    pub charts: bool,
    /// Charts that were read before. Renders that share it read a chart once.
    pub chart_cache: ChartCache,
    /// How a kustomization's objects are ordered where it has no `sortOptions`.
    pub reorder: Reorder,
    /// Whether the commit was asked for.
    pub(crate) revision_read: Arc<AtomicBool>,
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
            api_versions: Arc::default(),
            digest_key: DigestKey::new([0; 32]),
            jsonnet: None,
            keys: None,
            provided: Provided::new(),
            strict: false,
            seconds: 0,
            references: BTreeMap::new(),
            load_restrictor: LoadRestrictor::RootOnly,
            managed_by_label: false,
            charts: true,
            chart_cache: ChartCache::default(),
            reorder: Reorder::Legacy,
            revision_read: Arc::default(),
        }
    }

    /// The commit that the tree is of. Who asks depends on it, so that another commit with the same files may come out in
    /// another way.
    pub(crate) fn revision(&self) -> &str {
        self.revision_read.store(true, Ordering::Relaxed);
        &self.revision
    }

    /// The time of the commit, which depends on the commit as the commit's id does.
    pub(crate) fn time(&self) -> i64 {
        self.revision_read.store(true, Ordering::Relaxed);
        self.seconds
    }

    /// The same inputs, of which the commit was not asked for yet.
    pub(crate) fn afresh(&self) -> Self {
        Self { revision_read: Arc::default(), ..self.clone() }
    }
}
