//! What a comparison stood on that found an Application as its sources say: for as long as all of that is as it was, another
//! comparison would find the same, and need not be made.
//!
//! A comparison is a function of the Application, of what was read of the sources, of what the cluster holds of its objects, and of what
//! many Applications have in common: project, settings, credentials, clusters. This answers for the sources and the objects; that the
//! Application and what it has in common with others did not change is known to who is told of changes, which is the operator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gitops_apply::inventory;
use gitops_apply::observe::wanted;
use gitops_core::api::{Application, SyncStatusCode};
use gitops_core::cluster::Discovery;
use gitops_core::tree::{ContentId, ReadSet, Tree, TreePath};
use gitops_core::{Cluster, Digest, ObjectRef, SmolStr};
use gitops_policy::project::source_integrity;
use tokio::time::timeout;

use crate::compare::Comparison;
use crate::engine::Engine;
use crate::rendering::SourceReads;
use crate::resolve::{self, Resolution, Resolved, ResolvedSource};

/// How long a look waits for others that read what lies on this machine: a disk that does not answer keeps none but its own.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a comparison stood on.
pub(crate) struct Standing {
    /// The kinds that the destination serves.
    discovery: Arc<Discovery>,
    destination: Arc<dyn Cluster>,
    /// What is desired or recorded there.
    objects: Seen,
    /// The parts of the record, which are where the Applications are.
    record: Seen,
    sources: Vec<Source>,
}

/// Objects, and the version that each was in; none where it was absent.
#[derive(Default)]
struct Seen {
    objects: Vec<ObjectRef>,
    versions: Vec<Option<SmolStr>>,
}

/// One of the sources, in the order of the Application's.
struct Source {
    /// The commit or version, where the objects depend on its name.
    id: Option<String>,
    /// The digest of a chart.
    chart: Option<Digest>,
    /// What was read of it; nothing where it only gives others a `ref`.
    reads: Reads,
    /// What was read of other sources, by their `ref`.
    references: BTreeMap<String, Reads>,
}

/// What was read of a tree.
struct Reads {
    answers: ReadSet,
    /// The directory that all of it was read in, and the name of all that is in there: one look at it tells as much as one at each path,
    /// as long as nothing moves in there.
    directory: Option<(TreePath, ContentId)>,
}

impl Standing {
    /// What a comparison stood on, after which an Application has this status; none where the Application is not as its sources say, or
    /// where it matters what is not kept here: hooks, what others have in the namespace, signatures, what lies outside of the sources.
    pub(crate) async fn of(engine: &Engine, application: &Application, comparison: &Comparison) -> Option<Self> {
        let status = application.status.as_ref()?;
        let synced = status.sync.as_ref().is_some_and(|sync| sync.status == SyncStatusCode::Synced);
        let desired = &comparison.desired;
        let has_hooks =
            !desired.hooks.is_empty() || !desired.deletion_hooks.is_empty() || !comparison.left_hooks.is_empty();
        let project = comparison.project.found()?;
        let looks_elsewhere = source_integrity(project).is_some()
            || project.spec.orphaned_resources.is_some()
            || comparison.server_diff.is_some()
            || comparison.reads.iter().any(|one| one.remote);
        let is_refused = !comparison.forbidden.is_empty() || !comparison.forbidden_listed.is_empty();
        // What is not recorded is known by the Application's own list, which is taken for a record but once.
        let is_recorded = comparison.inventory.stored_parts > 0;
        if !synced || status.conditions.is_some() || has_hooks || looks_elsewhere || is_refused || !is_recorded {
            return None;
        }
        let destination = Arc::clone(&comparison.tenant.0);
        let live = |object: ObjectRef| {
            let version =
                comparison.live.get(&object.id).map(|live| live.resource_version().unwrap_or_default().into());
            (object, version)
        };
        let namespace = &comparison.target.application_namespace;
        let part = |(name, state): (&String, &inventory::PartVersion)| {
            (inventory::part(namespace, name), Some(state.resource_version.as_str().into()))
        };
        let standing = Self {
            discovery: comparison.discovery.clone()?,
            destination,
            objects: wanted(desired, &comparison.inventory).into_values().map(live).collect(),
            record: comparison.inventory.versions.iter().map(part).collect(),
            sources: sources(&comparison.resolved, &comparison.reads),
        };
        // What changed since it was read has been told, or is about to be.
        standing.objects_stand(engine.cluster.as_ref()).await.then_some(standing)
    }

    /// The commits or versions of the sources, where a comparison would find the same as the last one. Blocks nothing: what is read of
    /// repositories is read beside.
    pub(crate) async fn holds(
        self: &Arc<Self>,
        engine: &Engine,
        application: &Arc<Application>,
        since: Option<Instant>,
    ) -> Option<Vec<String>> {
        if !self.objects_stand(engine.cluster.as_ref()).await
            || !Arc::ptr_eq(&self.discovery, &self.destination.discover().await.ok()?)
        {
            return None;
        }
        let (mut fetch, fetcher) = engine.fetching(application).await.ok()?;
        fetch.since = since;
        let is_here = application.sources().iter().all(resolve::is_local);
        let reader = if is_here { timeout(PATIENCE, engine.readers.acquire()).await.ok() } else { None };
        let (standing, application) = (Arc::clone(self), Arc::clone(application));
        let repositories = Arc::clone(&engine.repositories);
        let task = move || {
            let resolved = resolve::resolve(&application, None, &repositories, &fetch, fetcher.as_ref()).ok()?;
            standing.sources_stand(&resolved).then(|| resolved.sources.iter().map(ResolvedSource::id).collect())
        };
        let held = tokio::task::spawn_blocking(task).await.ok()?;
        drop(reader);
        held
    }

    async fn objects_stand(&self, control: &dyn Cluster) -> bool {
        self.objects.stands_in(self.destination.as_ref()).await && self.record.stands_in(control).await
    }

    fn sources_stand(&self, resolved: &Resolved) -> bool {
        let stands = |(known, now): (&Source, &ResolvedSource)| {
            known.id.as_ref().is_none_or(|id| *id == now.id())
                && known.chart.as_ref() == chart(now)
                && known.reads.hold_in(now.tree.as_ref())
                && known.references.iter().all(|(name, reads)| {
                    resolved.reference(name).is_some_and(|source| reads.hold_in(source.tree.as_ref()))
                })
        };
        self.sources.len() == resolved.sources.len() && self.sources.iter().zip(&resolved.sources).all(stands)
    }
}

impl Reads {
    fn of(answers: ReadSet, tree: Option<&dyn Tree>) -> Self {
        let directory = answers.directory().and_then(|path| {
            let id = tree?.identify_whole(&path).ok()??;
            Some((path, id))
        });
        Self { answers, directory }
    }

    fn hold_in(&self, tree: &dyn Tree) -> bool {
        let is_whole =
            |(path, id): &(TreePath, ContentId)| matches!(tree.identify_whole(path), Ok(Some(now)) if now == *id);
        self.directory.as_ref().is_some_and(is_whole) || self.answers.holds_in(tree).unwrap_or(false)
    }
}

impl Seen {
    async fn stands_in(&self, cluster: &dyn Cluster) -> bool {
        cluster.versions(&self.objects).await.is_some_and(|versions| versions == self.versions)
    }
}

impl FromIterator<(ObjectRef, Option<SmolStr>)> for Seen {
    fn from_iter<I: IntoIterator<Item = (ObjectRef, Option<SmolStr>)>>(seen: I) -> Self {
        let (objects, versions) = seen.into_iter().unzip();
        Self { objects, versions }
    }
}

fn sources(resolved: &Resolved, reads: &[SourceReads]) -> Vec<Source> {
    let source = |(index, one): (usize, &ResolvedSource)| {
        let read = reads.iter().find(|read| read.source == index);
        let reference = |(name, reads): (&String, &ReadSet)| {
            (name.clone(), Reads::of(reads.clone(), resolved.reference(name).map(|source| source.tree.as_ref())))
        };
        Source {
            id: read.filter(|read| read.names_revision).map(|_| one.id()),
            chart: chart(one).cloned(),
            reads: Reads::of(read.map(|read| read.reads.clone()).unwrap_or_default(), Some(one.tree.as_ref())),
            references: read.map(|read| read.references.iter().map(reference).collect()).unwrap_or_default(),
        }
    };
    resolved.sources.iter().enumerate().map(source).collect()
}

fn chart(source: &ResolvedSource) -> Option<&Digest> {
    match &source.resolution {
        Resolution::Chart { digest, .. } => Some(digest),
        Resolution::Commit { .. } => None,
    }
}
