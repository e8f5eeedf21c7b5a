//! What a range of commits would change: every Application of a repository rendered at both ends, without a cluster.
//!
//! Applications are found in files, and among the objects that other Applications render to; ApplicationSets are expanded. What follows the branch is
//! rendered at each of the two commits, what names a tag, another repository or a chart is what it names. An Application
//! that neither commit's changes touch is rendered once.

mod discover;
mod key;
mod objects;
mod parallel;
mod sets;
mod side;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gitops_core::Object;
use gitops_core::api::Application;
use gitops_core::secret::DigestKey;
use gitops_core::tree::{TreeError, TreePath};
use gitops_diff::{DiffContext, DiffError, ObjectDiff};
use gitops_fetch::{Fetcher, LockMode, MemoDirectory};
use gitops_git::{Commit, FetchOptions, HistoryError, Repository, RepositoryCache, ResolveError};
use gitops_merge::schema::Kinds;
use gitops_render::JsonnetEvaluator;
use gitops_render::helm::ChartCache;
use serde::Serialize;
use thiserror::Error;

use crate::keys::KeptKeys;

pub use key::local_key;
use side::{Rendered, Side, State};

/// Who renders for a preview, and what is known of the cluster that it would go to.
#[derive(Clone)]
#[non_exhaustive]
pub struct Previewer {
    /// The repository whose commits are compared.
    pub repository: Repository,
    /// What `repoURL` may say for it. Paths that are relative mean it always.
    pub addresses: Vec<String>,
    /// The branches whose `targetRevision` is the commit that is looked at, beside `HEAD`.
    pub branches: Vec<String>,
    /// Where Applications are defined.
    pub paths: Vec<TreePath>,
    /// Applications that are defined elsewhere, and are the same at both commits.
    pub applications: Vec<Application>,
    /// The version of Kubernetes.
    pub kube_version: String,
    /// The API versions that charts see beside those of Kubernetes.
    pub api_versions: Vec<String>,
    /// Whether warnings of renders are errors.
    pub strict: bool,
    /// What lock files decide of what lies elsewhere.
    pub lock: LockMode,
    /// Other repositories that were fetched.
    pub repositories: Arc<RepositoryCache>,
    /// How repositories are fetched.
    pub fetch: FetchOptions,
    /// Who gets charts and remote bases; none where that is switched off.
    pub fetcher: Option<Fetcher>,
    /// Where results are kept, under this key.
    pub memo: Option<(MemoDirectory, DigestKey)>,
    /// What this build of the engine is called.
    pub build: String,
    /// Who evaluates Jsonnet.
    pub jsonnet: Option<Arc<dyn JsonnetEvaluator>>,
    /// The private keys and certificates that charts ask for.
    pub keys: Arc<KeptKeys>,
    /// Charts that were read.
    pub charts: ChartCache,
    /// Types of fields, by which objects are compared.
    pub kinds: Arc<Kinds>,
}

/// What a range of commits would change.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Preview {
    /// The commit before.
    pub base: Endpoint,
    /// The commit after.
    pub head: Endpoint,
    /// Every Application of either commit, by namespace and name.
    pub applications: Vec<ApplicationPreview>,
    /// ApplicationSets of which some Applications, or all, could not be made and are not looked at.
    pub unexpanded: Vec<Unexpanded>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// One end of the range.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// What was asked for.
    pub asked: String,
    /// The commit's id.
    pub commit: String,
    /// The first line of its message.
    pub title: String,
}

/// An ApplicationSet of which not all Applications are known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unexpanded {
    /// Its name.
    pub name: String,
    /// Where it is defined.
    pub origin: String,
    /// Why, generator by generator.
    pub reasons: Vec<String>,
}

/// What would change in one Application.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApplicationPreview {
    /// The Application's namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where it is defined.
    pub origin: String,
    /// What would happen to it as a whole.
    pub change: ApplicationChange,
    /// What would happen to its definition and its objects.
    pub diffs: Vec<ObjectDiff>,
    /// Why it does not render, at which commit.
    pub failures: Vec<Failure>,
    /// What the render at the later commit passed over.
    pub warnings: Vec<String>,
    /// How many times its sources were rendered or recalled: once where nothing that they read has changed.
    pub renders: usize,
}

/// What would happen to an Application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ApplicationChange {
    /// Only the later commit has it.
    Added,
    /// Only the earlier commit has it.
    Removed,
    /// Both have it, and it differs.
    Changed,
    /// It does not differ.
    Same,
    /// It does not render at one of the commits, so that nothing can be said.
    Failed,
}

/// Why an Application does not render.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// `base` or `head`.
    pub at: &'static str,
    /// The reasons, from the outer to the inner.
    pub message: String,
}

/// Why there is no preview.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PreviewError {
    /// One of the commits is not to be had.
    #[error("cannot resolve `{revision}`")]
    Revision {
        /// What was asked for.
        revision: String,
        /// Why.
        #[source]
        source: ResolveError,
    },
    /// The commits cannot be compared.
    #[error("the commits cannot be compared")]
    History(#[source] HistoryError),
    /// The files of a commit cannot be read.
    #[error("the files of a commit cannot be read")]
    Tree(#[source] TreeError),
    /// An Application's objects cannot be compared.
    #[error("the objects of the application `{application}` cannot be compared")]
    Diff {
        /// The Application.
        application: String,
        /// Why.
        #[source]
        source: DiffError,
    },
}

impl Previewer {
    /// Previews of a repository with all its files, without anything from elsewhere, a memo and Jsonnet.
    pub fn new(repository: Repository, kinds: Arc<Kinds>) -> Self {
        // Nothing is fetched into it before a fetcher is given.
        let nowhere = std::env::temp_dir().join("gitops-preview");
        Self {
            repository,
            addresses: Vec::new(),
            branches: Vec::new(),
            paths: vec![TreePath::root()],
            applications: Vec::new(),
            kube_version: String::new(),
            api_versions: Vec::new(),
            strict: false,
            lock: LockMode::Add,
            repositories: Arc::new(RepositoryCache::new(nowhere)),
            fetch: FetchOptions::new().ssh_from_environment(),
            fetcher: None,
            memo: None,
            build: String::new(),
            jsonnet: None,
            keys: Arc::default(),
            charts: ChartCache::default(),
            kinds,
        }
    }

    /// Looks at what leads from one commit to another, each named as a person names it. Blocks.
    ///
    /// # Errors
    /// [`PreviewError`]. An Application that does not render is no error of the whole.
    pub fn preview(&self, base: &str, head: &str) -> Result<Preview, PreviewError> {
        let commit = |revision: &str| {
            let failed = |source| PreviewError::Revision { revision: revision.into(), source };
            self.repository.rev_parse(revision).map_err(failed)
        };
        let (from, to) = (commit(base)?, commit(head)?);
        let sources = sources::Sources::new(self);
        let before = Side::new(self, &sources, from.clone())?.rendered(None)?;
        let changed = self.repository.changed_paths(from.id, to.id).map_err(PreviewError::History)?;
        let changed: Vec<TreePath> = changed.into_iter().map(|changed| changed.path).collect();
        let after = Side::new(self, &sources, to.clone())?.rendered(Some((&before, &changed)))?;
        let keys: Vec<_> =
            before.states.keys().chain(after.states.keys()).collect::<BTreeSet<_>>().into_iter().collect();
        let applications = parallel::map(&keys, |key| {
            let one = self.compare(before.states.get(*key), after.states.get(*key));
            one.map_err(|source| PreviewError::Diff { application: format!("{}/{}", key.0, key.1), source })
        });
        let both = |of: fn(&Rendered) -> &Vec<String>| of(&before).iter().chain(of(&after)).cloned();
        // One that a file and an Application have is one; the file is named.
        let mut sets: BTreeMap<String, Unexpanded> = BTreeMap::new();
        for set in before.sets.iter().chain(&after.sets) {
            sets.entry(set.name.clone()).or_insert_with(|| set.clone());
        }
        Ok(Preview {
            base: endpoint(base, &from),
            head: endpoint(head, &to),
            applications: applications.into_iter().collect::<Result<_, _>>()?,
            unexpanded: sets.into_values().collect(),
            warnings: both(|side| &side.warnings).collect::<BTreeSet<_>>().into_iter().collect(),
        })
    }

    fn compare(&self, before: Option<&State>, after: Option<&State>) -> Result<ApplicationPreview, DiffError> {
        let (application, origin) = match after.or(before) {
            Some(state) => (&state.application, state.origin.clone()),
            None => (&Application::new("", None), String::new()),
        };
        let failure = |at, state: Option<&State>| {
            let message = state?.outcome.as_ref().as_ref().err()?.clone();
            Some(Failure { at, message })
        };
        let failures: Vec<Failure> = [failure("base", before), failure("head", after)].into_iter().flatten().collect();
        let mut preview = ApplicationPreview {
            namespace: application.metadata.namespace().unwrap_or_default().into(),
            name: application.name().into(),
            origin,
            change: ApplicationChange::Failed,
            diffs: Vec::new(),
            failures,
            warnings: Vec::new(),
            renders: [before, after].into_iter().flatten().filter(|state| !state.reused).count(),
        };
        let rendering =
            |state: Option<&'_ State>| state.and_then(|state| state.outcome.as_ref().as_ref().ok().cloned());
        if let Some(rendering) = rendering(after) {
            preview.warnings = rendering.warnings.iter().map(ToString::to_string).collect();
        }
        if !preview.failures.is_empty() {
            return Ok(preview);
        }
        let context = DiffContext::new().with_kinds(&self.kinds);
        preview.diffs = definition(before, after, &context)?;
        let (earlier, later) = (rendering(before), rendering(after));
        let same = matches!((&earlier, &later), (Some(earlier), Some(later)) if earlier.digest == later.digest);
        if !same {
            let objects = |rendering: &'_ Option<Arc<crate::rendering::Rendering>>| {
                rendering.as_ref().map(|rendering| rendering.objects.clone()).unwrap_or_default()
            };
            let namespace = |state: Option<&State>| {
                state
                    .and_then(|state| state.application.spec.destination.namespace().map(str::to_owned))
                    .unwrap_or_default()
            };
            let namespaces = (namespace(before), namespace(after));
            preview.diffs.extend(objects::between(
                (&objects(&earlier), &objects(&later)),
                (&namespaces.0, &namespaces.1),
                &context,
            )?);
        }
        preview.change = match (before, after) {
            (None, _) => ApplicationChange::Added,
            (_, None) => ApplicationChange::Removed,
            _ if preview.diffs.is_empty() => ApplicationChange::Same,
            _ => ApplicationChange::Changed,
        };
        Ok(preview)
    }
}

/// What changed in an Application itself, where no other Application shows it among its objects.
fn definition(
    before: Option<&State>,
    after: Option<&State>,
    context: &DiffContext<'_>,
) -> Result<Vec<ObjectDiff>, DiffError> {
    let (Some(before), Some(after)) = (before, after) else { return Ok(Vec::new()) };
    if before.has_parent || after.has_parent || before.application.spec == after.application.spec {
        return Ok(Vec::new());
    }
    let object =
        |state: &State| serde_json::to_value(&state.application).ok().and_then(|value| Object::from_value(value).ok());
    let (Some(before), Some(after)) = (object(before), object(after)) else { return Ok(Vec::new()) };
    Ok(vec![gitops_diff::between(&before, &after, context)?])
}

fn endpoint(asked: &str, commit: &Commit) -> Endpoint {
    Endpoint { asked: asked.into(), commit: commit.id.to_string(), title: commit.title().into() }
}

impl Preview {
    /// Whether anything would change.
    pub fn differs(&self) -> bool {
        let quiet = [ApplicationChange::Same, ApplicationChange::Failed];
        self.applications.iter().any(|one| !quiet.contains(&one.change))
    }

    /// Whether an Application does not render at the later commit.
    pub fn fails(&self) -> bool {
        self.applications.iter().any(|one| one.failures.iter().any(|failure| failure.at == "head"))
    }
}

impl std::fmt::Debug for Previewer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Previewer").field("repository", &self.repository).finish_non_exhaustive()
    }
}

/// The identity by which two commits' Applications are the same.
fn identity(application: &Application) -> (String, String) {
    (application.metadata.namespace().unwrap_or_default().into(), application.name().into())
}
