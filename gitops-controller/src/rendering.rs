//! The second step: trees to objects, source by source.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gitops_core::api::{Application, ApplicationSource, SourceType};
use gitops_core::tree::{self, ReadSet, Tree, TreeError, TreePath};
use gitops_core::{Digest, Manifest, Need};
use gitops_fetch::{Fetcher, LOCK_FILE, LockError, LockFile, LockMode, MemoDirectory, ProvideError, Session};
use gitops_policy::Project;
use gitops_render::helm::ChartCache;
use gitops_render::memo::Memo;
use gitops_render::{BuildOutcome, Built, Inputs, Limits, Outcome, RenderError, Rendered, Warning};
use thiserror::Error;

use crate::compare::owner_name;
use crate::resolve::{Resolved, ResolvedSource};

/// Bytes of a lock file that is read.
const MAX_LOCK_BYTES: u64 = 16 << 20;
/// Rounds of getting what a render needs: each may lead to something that is needed in turn.
const MAX_ROUNDS: usize = 1_000;

/// What all sources of an Application render to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rendering {
    /// The objects, in the order of the sources.
    pub objects: Vec<Manifest>,
    /// The digest over the digests of the sources.
    pub digest: Digest,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
    /// What each source was rendered as.
    pub source_types: Vec<SourceType>,
    /// How many files, listings and misses were read.
    pub reads: usize,
    /// What each source that has files was rendered from.
    pub sources: Vec<SourceReads>,
    /// How many sources were not rendered, since an earlier render would have been repeated.
    pub recalled: usize,
}

/// What a source was rendered from. The same answers mean the same render.
#[derive(Debug)]
#[non_exhaustive]
pub struct SourceReads {
    /// Which of the resolved sources it is.
    pub source: usize,
    /// What was read of its tree.
    pub reads: ReadSet,
    /// What was read of other sources, by their `ref`.
    pub references: BTreeMap<String, ReadSet>,
    /// Whether the commit's id or time is part of the result.
    pub names_revision: bool,
    /// Whether something from elsewhere is part of it.
    pub remote: bool,
}

/// What a render may use beside its tree.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Surroundings {
    /// Who gets what lies elsewhere; without one that is refused.
    pub fetcher: Option<Fetcher>,
    /// What lock files decide.
    pub lock: LockMode,
    /// What of elsewhere may be used.
    pub project: Project,
    /// Where results are kept; without one every source is rendered.
    pub memo: Option<MemoDirectory>,
    /// What this build of the engine is called: another one may render in another way.
    pub engine: String,
    /// Charts that were read before.
    pub charts: ChartCache,
    /// What each source may be made of.
    pub limits: Limits,
}

/// Why an Application does not render.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderingError {
    /// A source does not render.
    #[error("cannot render `{repository}`")]
    Source {
        /// The repository's address.
        repository: String,
        /// Why.
        #[source]
        source: RenderError,
    },
    /// The sources took longer than they may.
    #[error("the sources were not rendered within {} s", .0.as_secs())]
    Late(Duration),
    /// A source needs something from elsewhere.
    #[error("cannot render `{repository}`: it needs {}, and nothing is fetched here", .needs.join(", "))]
    Needs {
        /// The repository's address.
        repository: String,
        /// What is needed.
        needs: Vec<String>,
    },
    /// Something from elsewhere is not to be had.
    #[error("cannot render `{repository}`")]
    Provide {
        /// The repository's address.
        repository: String,
        /// Why.
        #[source]
        source: ProvideError,
    },
    /// The lock file cannot be used.
    #[error("cannot render `{repository}`")]
    Lock {
        /// The repository's address.
        repository: String,
        /// Why.
        #[source]
        source: LockError,
    },
    /// The lock file cannot be read.
    #[error("cannot render `{repository}`")]
    Tree {
        /// The repository's address.
        repository: String,
        /// Why.
        #[source]
        source: TreeError,
    },
}

impl Surroundings {
    /// A tree and nothing else.
    pub fn none(project: Project) -> Self {
        Self {
            fetcher: None,
            lock: LockMode::Add,
            project,
            memo: None,
            engine: String::new(),
            charts: ChartCache::default(),
            limits: Limits::default(),
        }
    }
}

/// What an Application says itself of the inputs of its render; the cluster and whoever asks say the rest.
pub(crate) fn inputs_of(application: &Application) -> Inputs {
    let mut inputs = Inputs::new(owner_name(application));
    inputs.namespace = application.spec.destination.namespace().unwrap_or_default().into();
    inputs.project = application.spec.project().into();
    inputs
}

/// Renders every source that has files; one that only gives others a `ref` has none. Blocks while what is needed from
/// elsewhere is fetched.
///
/// # Errors
/// Where a source does not render, or what it needs is not to be had.
pub fn render(
    application: &Application,
    resolved: &Resolved,
    inputs: &Inputs,
    surroundings: &Surroundings,
) -> Result<Rendering, RenderingError> {
    let mut rendering = Rendering {
        objects: Vec::new(),
        digest: Digest::of(&[]),
        warnings: Vec::new(),
        source_types: Vec::new(),
        reads: 0,
        sources: Vec::new(),
        recalled: 0,
    };
    let references: BTreeMap<String, Arc<dyn Tree>> = resolved
        .sources
        .iter()
        .filter_map(|one| Some((one.source.reference()?.to_owned(), Arc::clone(&one.tree))))
        .collect();
    let mut digests = Vec::new();
    let several = application.spec.has_multiple_sources();
    for (index, one) in resolved.sources.iter().enumerate() {
        if several && one.source.reference().is_some() && one.source.path().is_none() {
            continue;
        }
        let mut inputs = inputs.clone();
        inputs.revision = one.id();
        inputs.seconds = one.commit().map_or(0, |commit| commit.author_time.as_second());
        inputs.references.clone_from(&references);
        inputs.chart_cache = surroundings.charts.clone();
        let (rendered, recalled) = render_one(one, inputs, surroundings)?;
        rendering.recalled += usize::from(recalled);
        rendering.objects.extend(rendered.objects);
        rendering.warnings.extend(rendered.warnings);
        rendering.source_types.push(rendered.source_type);
        rendering.reads += rendered.reads.len();
        rendering.sources.push(SourceReads {
            source: index,
            reads: rendered.reads,
            references: rendered.reference_reads,
            names_revision: rendered.names_revision,
            remote: !rendered.remotes.is_empty(),
        });
        digests.push(rendered.digest);
    }
    rendering.digest = Digest::of_parts(digests.iter().map(|digest| digest.as_str().as_bytes()));
    Ok(rendering)
}

/// Renders a source, or gives the result of an earlier render and says so.
fn render_one(
    one: &ResolvedSource,
    inputs: Inputs,
    surroundings: &Surroundings,
) -> Result<(Rendered, bool), RenderingError> {
    let limits = &surroundings.limits;
    let mut session = session(one, surroundings)?;
    let store = surroundings.memo.as_ref().map(|directory| directory.under(&inputs.digest_key));
    let memo = store.as_ref().map(|store| Memo::new(store, &surroundings.engine));
    if let Some(memo) = &memo {
        let mut still = |pinned: &[_]| session.as_mut().is_some_and(|session| session.still(pinned));
        if let Some(rendered) = memo.recall(one.tree.as_ref(), &one.source, &inputs, limits, &mut still) {
            return Ok((rendered, true));
        }
    }
    let rendered = complete_within(&one.tree, &one.source, &inputs, limits, session.as_mut())?;
    if let Some(memo) = &memo {
        memo.keep(&one.source, &inputs, limits, &rendered);
    }
    Ok((rendered, false))
}

/// Renders a source of a tree, getting what it needs from elsewhere as often as it asks; without a session that is
/// refused. Blocks.
///
/// # Errors
/// Where the source does not render, or what it needs is not to be had.
pub fn complete(
    tree: &Arc<dyn Tree>,
    source: &ApplicationSource,
    inputs: &Inputs,
    session: Option<&mut Session<'_>>,
) -> Result<Rendered, RenderingError> {
    complete_within(tree, source, inputs, &Limits::default(), session)
}

fn complete_within(
    tree: &Arc<dyn Tree>,
    source: &ApplicationSource,
    inputs: &Inputs,
    limits: &Limits,
    session: Option<&mut Session<'_>>,
) -> Result<Rendered, RenderingError> {
    in_rounds(&source.repo_url, inputs, session, |inputs| {
        Ok(match gitops_render::render(Arc::clone(tree), source, inputs, limits)? {
            Outcome::Done(rendered) => Ok(rendered),
            Outcome::Needs(needs) => Err(needs),
        })
    })
}

/// Builds the kustomization of a directory, likewise.
///
/// # Errors
/// As [`complete`].
pub fn complete_build(
    tree: &Arc<dyn Tree>,
    (repository, directory): (&str, &TreePath),
    inputs: &Inputs,
    session: Option<&mut Session<'_>>,
) -> Result<Built, RenderingError> {
    in_rounds(repository, inputs, session, |inputs| {
        Ok(match gitops_render::build(Arc::clone(tree), directory, inputs, &Limits::default())? {
            BuildOutcome::Done(built) => Ok(built),
            BuildOutcome::Needs(needs) => Err(needs),
        })
    })
}

/// Tries, gets what is missing, and tries again.
fn in_rounds<T>(
    repository: &str,
    inputs: &Inputs,
    mut session: Option<&mut Session<'_>>,
    mut attempt: impl FnMut(&Inputs) -> Result<Result<T, Vec<Need>>, RenderError>,
) -> Result<T, RenderingError> {
    let repository = || repository.to_owned();
    let mut inputs = inputs.clone();
    let mut missing = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let outcome = attempt(&inputs).map_err(|source| RenderingError::Source { repository: repository(), source })?;
        missing = match outcome {
            Ok(done) => return Ok(done),
            Err(needs) => needs,
        };
        let Some(session) = &mut session else { break };
        let provided = session.provide(&missing);
        provided.map_err(|source| RenderingError::Provide { repository: repository(), source })?;
        inputs.provided = session.provided().clone();
    }
    Err(RenderingError::Needs { repository: repository(), needs: missing.iter().map(Need::to_string).collect() })
}

/// Getting what a source needs, with the pins of the lock file beside it and inside what the project allows.
fn session<'a>(one: &ResolvedSource, surroundings: &'a Surroundings) -> Result<Option<Session<'a>>, RenderingError> {
    let Some(fetcher) = &surroundings.fetcher else { return Ok(None) };
    let project = surroundings.project.clone();
    let session = Session::new(fetcher, locked(one.tree.as_ref(), &one.source)?).with_mode(surroundings.lock);
    Ok(Some(session.allowing(move |need| project.allows(need))))
}

/// The lock file in a source's directory; an empty one where none is there.
///
/// # Errors
/// Where it cannot be read or is malformed.
pub fn locked(tree: &dyn Tree, source: &ApplicationSource) -> Result<LockFile, RenderingError> {
    let repository = || source.repo_url.clone();
    // A path that is not one is named by the render.
    let directory = TreePath::new(source.path().unwrap_or(".")).unwrap_or_default();
    let path = directory.child(LOCK_FILE);
    let read = tree::read(tree, &path, MAX_LOCK_BYTES);
    match read.map_err(|source| RenderingError::Tree { repository: repository(), source })? {
        None => Ok(LockFile::default()),
        Some(blob) => LockFile::parse(&String::from_utf8_lossy(&blob.bytes), path.as_str())
            .map_err(|source| RenderingError::Lock { repository: repository(), source }),
    }
}

#[cfg(test)]
mod tests;
