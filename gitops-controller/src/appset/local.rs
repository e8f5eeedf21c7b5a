//! What generators see without a cluster: repositories, and objects that files have.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gitops_core::Tree;
use gitops_core::Value;
use gitops_git::{FetchOptions, Repository, RepositoryCache};

use super::outside::{ClusterSecret, DecisionQuery, Outside, OutsideError};
use crate::address::{absolute, comparable};

/// Repositories, opened where they lie or fetched into a cache, and objects: Secrets of clusters, ConfigMaps and cluster
/// decision resources. Each tree is looked up once, so that all generators see one commit of a revision.
pub struct Local {
    repositories: Arc<RepositoryCache>,
    fetch: FetchOptions,
    base: PathBuf,
    folders: Vec<(String, PathBuf)>,
    objects: Option<Vec<Value>>,
    trees: RefCell<HashMap<(String, String), Arc<dyn Tree>>>,
}

impl Local {
    /// Sees repositories, those with a relative path from `base` on.
    pub fn new(repositories: Arc<RepositoryCache>, fetch: FetchOptions, base: impl Into<PathBuf>) -> Self {
        let (folders, trees) = (Vec::new(), RefCell::default());
        Self { repositories, fetch, base: base.into(), folders, objects: None, trees }
    }

    /// The same, with a folder that stands for a repository's address.
    #[must_use]
    pub fn with_folder(mut self, address: &str, folder: impl Into<PathBuf>) -> Self {
        self.folders.push((comparable(address), folder.into()));
        self
    }

    /// The same, with objects as a cluster would have them.
    #[must_use]
    pub fn with_objects(mut self, objects: Vec<Value>) -> Self {
        self.objects.get_or_insert_default().extend(objects);
        self
    }

    fn open(&self, address: &str, revision: &str) -> Result<Arc<dyn Tree>, OutsideError> {
        let known = comparable(address);
        let repository = match self.folders.iter().find(|(folder, _)| *folder == known) {
            Some((_, folder)) => Repository::discover(folder).map_err(source)?,
            None => {
                let address = absolute(address, Path::new(&self.base)).map_err(source)?;
                self.repositories.open(&address, &self.fetch.clone().revision(revision)).map_err(source)?
            }
        };
        let commit = repository.resolve(revision).map_err(source)?;
        repository.tree(commit.id).map_err(source)
    }

    fn objects(&self, what: &str) -> Result<&[Value], OutsideError> {
        self.objects.as_deref().ok_or_else(|| OutsideError::Failed(format!("no {what} are given")))
    }
}

fn source(error: impl std::error::Error + Send + Sync + 'static) -> OutsideError {
    OutsideError::Source(Box::new(error))
}

impl Outside for Local {
    fn tree(&self, repository: &str, revision: &str) -> Result<Arc<dyn Tree>, OutsideError> {
        let revision = if revision.is_empty() { "HEAD" } else { revision };
        let key = (repository.to_owned(), revision.to_owned());
        if let Some(tree) = self.trees.borrow().get(&key) {
            return Ok(Arc::clone(tree));
        }
        let tree = self.open(repository, revision)?;
        self.trees.borrow_mut().insert(key, Arc::clone(&tree));
        Ok(tree)
    }

    fn clusters(&self) -> Result<Vec<ClusterSecret>, OutsideError> {
        Ok(self.objects("clusters")?.iter().filter_map(ClusterSecret::read).collect())
    }

    fn config_map(&self, name: &str) -> Result<BTreeMap<String, String>, OutsideError> {
        let is_meant = |object: &&Value| {
            object.get("kind").and_then(Value::as_str) == Some("ConfigMap")
                && object.pointer("/metadata/name").and_then(Value::as_str) == Some(name)
        };
        let found = self.objects("ConfigMaps")?.iter().find(is_meant);
        let found = found.ok_or_else(|| OutsideError::Failed(format!("no ConfigMap `{name}` is given")))?;
        let data = found.get("data").and_then(Value::as_object).into_iter().flatten();
        Ok(data.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect())
    }

    fn decisions(&self, query: &DecisionQuery) -> Result<Vec<Value>, OutsideError> {
        let api_version = format!("{}/{}", query.group, query.version);
        let is_meant = |object: &&Value| {
            let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
            text("apiVersion") == api_version && is_plural(&query.resource, &text("kind").to_lowercase())
        };
        Ok(self.objects("cluster decision resources")?.iter().filter(is_meant).cloned().collect())
    }
}

/// Whether a text is a plural of a kind, as Kubernetes makes them of English words.
fn is_plural(text: &str, kind: &str) -> bool {
    let of_y = kind.strip_suffix('y').map(|stem| format!("{stem}ies"));
    text == format!("{kind}s") || text == format!("{kind}es") || of_y.as_deref() == Some(text)
}
