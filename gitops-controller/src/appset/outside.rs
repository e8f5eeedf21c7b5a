//! What generators need from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use gitops_core::api::{LabelSelector, PullRequestGenerator, ScmProviderGenerator};
use gitops_core::secret::{Purpose, Reveal};
use gitops_core::{Object, Tree, Value};
use serde_json::Map;
use thiserror::Error;

/// The label of Secrets that are clusters.
pub(super) const CLUSTER_LABEL: (&str, &str) = ("argocd.argoproj.io/secret-type", "cluster");

/// What generators need from outside: each method is one kind of question, and one that is not answered here says so.
pub trait Outside {
    /// The files of a repository at a revision; an empty one is `HEAD`.
    ///
    /// # Errors
    /// Where the repository or the revision is not to be had.
    fn tree(&self, _repository: &str, _revision: &str) -> Result<Arc<dyn Tree>, OutsideError> {
        Err(OutsideError::Unsupported("repositories"))
    }

    /// The Secrets of the clusters that are known, of any namespace.
    ///
    /// # Errors
    /// Where they cannot be listed completely.
    fn clusters(&self) -> Result<Vec<ClusterSecret>, OutsideError> {
        Err(OutsideError::Unsupported("clusters"))
    }

    /// The data of a ConfigMap in the namespace of the engine.
    ///
    /// # Errors
    /// Where it is not there or cannot be read.
    fn config_map(&self, _name: &str) -> Result<BTreeMap<String, String>, OutsideError> {
        Err(OutsideError::Unsupported("ConfigMaps"))
    }

    /// The objects that say which clusters are meant; more than are asked for may come.
    ///
    /// # Errors
    /// Where they cannot be listed completely.
    fn decisions(&self, _query: &DecisionQuery) -> Result<Vec<Value>, OutsideError> {
        Err(OutsideError::Unsupported("cluster decision resources"))
    }

    /// The branches of an organization's repositories, without the filters of the generator.
    ///
    /// # Errors
    /// Where the service does not answer completely.
    fn repositories(&self, _generator: &ScmProviderGenerator) -> Result<Vec<ScmRepository>, OutsideError> {
        Err(OutsideError::Unsupported("repositories of an organization"))
    }

    /// Whether a branch of a repository has a path, for the filters `pathsExist` and `pathsDoNotExist`.
    ///
    /// # Errors
    /// Where the service does not answer.
    fn has_path(
        &self,
        _generator: &ScmProviderGenerator,
        _repository: &ScmRepository,
        _path: &str,
    ) -> Result<bool, OutsideError> {
        Err(OutsideError::Unsupported("paths of an organization's repositories"))
    }

    /// Open pull requests, without the filters of the generator.
    ///
    /// # Errors
    /// Where the service does not answer completely; [`OutsideError::NoRepository`] where it has no such repository.
    fn pull_requests(&self, _generator: &PullRequestGenerator) -> Result<Vec<PullRequest>, OutsideError> {
        Err(OutsideError::Unsupported("pull requests"))
    }

    /// What the service of a ConfigMap answers to parameters: the list under `output.parameters`.
    ///
    /// # Errors
    /// Where it does not answer.
    fn plugin(&self, _config_map: &str, _input: &Map<String, Value>) -> Result<Vec<Map<String, Value>>, OutsideError> {
        Err(OutsideError::Unsupported("plugins"))
    }
}

/// Why something from outside is not to be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutsideError {
    /// Nobody here can be asked for it.
    #[error("{0} are not supported here")]
    Unsupported(&'static str),
    /// The service does not have the repository.
    #[error("the service has no such repository")]
    NoRepository,
    /// It was looked for in vain.
    #[error("{0}")]
    Failed(String),
    /// The one who was asked failed.
    #[error("not to be had")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What generators may know of a cluster's Secret: nothing of its credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterSecret {
    /// Namespace of the Secret.
    pub namespace: String,
    /// Name of the cluster.
    pub name: String,
    /// Address of its API server.
    pub server: String,
    /// The project that it is for.
    pub project: Option<String>,
    /// Labels of the Secret.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the Secret.
    pub annotations: BTreeMap<String, String>,
}

impl ClusterSecret {
    /// Reads a Secret, with its values in `data` or `stringData`; none where it is not one of a cluster.
    pub fn read(secret: &Value) -> Option<Self> {
        let texts = |pointer: &str| -> BTreeMap<String, String> {
            let map = secret.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
            map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        };
        let labels = texts("/metadata/labels");
        if secret.get("kind").and_then(Value::as_str) != Some("Secret")
            || labels.get(CLUSTER_LABEL.0).map(String::as_str) != Some(CLUSTER_LABEL.1)
        {
            return None;
        }
        let value = |key: &str| {
            let plain = secret.pointer("/stringData").and_then(|data| data.get(key)).and_then(Value::as_str);
            let encoded = || secret.pointer("/data").and_then(|data| data.get(key)).and_then(Value::as_str);
            plain.map(str::to_owned).or_else(|| {
                let bytes = base64::engine::general_purpose::STANDARD.decode(encoded()?).ok()?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            })
        };
        let namespace = secret.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
        Some(Self {
            namespace: namespace.into(),
            name: value("name").unwrap_or_default(),
            server: value("server").unwrap_or_default(),
            project: value("project"),
            annotations: texts("/metadata/annotations"),
            labels,
        })
    }
}

impl ClusterSecret {
    /// Reads a live Secret, and nothing of its credentials; none where it is not one of a cluster.
    pub fn of(secret: &Object) -> Option<Self> {
        let data = secret.secret_data();
        let reveal = Reveal::granted(Purpose::Connection);
        let shown = ["name", "server", "project"].into_iter();
        let shown: Map<String, Value> =
            shown.filter_map(|key| Some((key.to_owned(), data.get(key)?.reveal(&reveal).clone()))).collect();
        let mut value = Value::Object(secret.body().clone());
        value["data"] = Value::Object(shown);
        Self::read(&value)
    }
}

/// Which objects say which clusters are meant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DecisionQuery {
    /// API group.
    pub group: String,
    /// Its version.
    pub version: String,
    /// The plural by which the API server knows the kind.
    pub resource: String,
    /// Name of the object; all of them where there is none.
    pub name: Option<String>,
    /// What must hold of their labels.
    pub selector: Option<LabelSelector>,
}

/// A branch of an organization's repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScmRepository {
    /// Organization, group or project.
    pub organization: String,
    /// Name of the repository.
    pub repository: String,
    /// The service's identity of the repository: a number or a text.
    pub repository_id: Value,
    /// Address to clone it from.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// Its commit.
    pub sha: String,
    /// Labels or topics of the repository.
    pub labels: Vec<String>,
}

/// An open pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its branch.
    pub branch: String,
    /// The branch that it goes to.
    pub target_branch: String,
    /// The commit of its branch.
    pub head_sha: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who made it.
    pub author: String,
}

/// How patterns of the Git generator's files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileGlobbing {
    /// As `git ls-files` reads them: `*` is any text, slashes included, and a plain path is a file or everything below a
    /// folder.
    #[default]
    GitListing,
    /// As Argo CD reads them where `applicationsetcontroller.enable.new.git.file.globbing` is set: `*` ends at slashes, `**`
    /// is any number of folders, and `{a,b}` one of several.
    DoubleStar,
}

/// What the operator of the engine decides.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The namespace of the engine, which cluster Secrets are read of.
    pub namespace: String,
    /// How patterns of files are read.
    pub globbing: FileGlobbing,
    /// Whether folders whose names begin with a dot count for the Git generator.
    pub hidden_directories: bool,
    /// Seconds since 1970 that `now` gives in templates.
    pub now: i64,
    /// What randomness in templates comes from.
    pub seed: u64,
    /// Budgets.
    pub limits: Limits,
}

impl Settings {
    /// Settings of an engine in a namespace, with Argo CD's defaults.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            globbing: FileGlobbing::default(),
            hidden_directories: false,
            now: 0,
            seed: 0,
            limits: Limits::default(),
        }
    }
}

/// Budgets of an expansion.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Sets of parameters that one generator may give.
    pub parameter_sets: usize,
    /// Entries of repositories that are looked at for one generator.
    pub entries: usize,
    /// Bytes of one file of parameters.
    pub file_bytes: u64,
    /// Bytes of all files of parameters of one generator.
    pub all_file_bytes: u64,
    /// Steps of one template.
    pub template_steps: u64,
    /// Bytes that one template may write.
    pub template_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parameter_sets: 50_000,
            entries: 1_000_000,
            file_bytes: 4 << 20,
            all_file_bytes: 256 << 20,
            template_steps: 2_000_000,
            template_bytes: 8 << 20,
        }
    }
}
