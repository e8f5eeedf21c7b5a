//! The first four steps together: what an Application wants, what is there, and how they differ.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures::{join, try_join};
use gitops_apply::drive::{LoadError, load_inventory};
use gitops_apply::health::Checks;
use gitops_apply::observe::{Ahead, compare_with, observe_rest};
use gitops_apply::plan::{Live, PlanRevision, PlanSource, PlanTarget};
use gitops_apply::prepare::{Destination, PrepareError, prepare};
use gitops_apply::tracking::Tracking;
use gitops_apply::{Desired, Inventory, observe};
use gitops_core::annotations::CLIENT_SIDE_APPLY_MIGRATION_MANAGER as MIGRATION_MANAGER;
use gitops_core::api::{Application, ApplicationConditionType, SourceType};
use gitops_core::cluster::{ClusterError, Discovery};
use gitops_core::{Object, ObjectId, Value};
use gitops_diff::normalize::{IgnoreRules, KnownTypes, RuleError, respecting};
use gitops_diff::{ARGO_CD_MANAGER, DiffContext, ObjectDiff};
use gitops_fetch::LockMode;
use gitops_merge::schema::Kinds;
use gitops_policy::project::AccountError;
use gitops_policy::{Project, Violation};
use thiserror::Error;
use tracing::{Instrument as _, info_span};

use crate::adoption;
use crate::clusters::{Place, Unplaced};
use crate::engine::Engine;
use crate::facts::{Facts, Recorded};
use crate::filter::ResourceFilter;
use crate::integrity::IntegrityError;
use crate::left_hooks::LeftHooks;
use crate::project::{forbidden, forbidden_listed};
use crate::reconcile::SyncEvent;
use crate::rendering::{Rendering, RenderingError, SourceReads};
use crate::resolve::{self, Resolved, SourceError};
use crate::server_diff::{Answers, ServerDiff, ask};
use crate::settings::{ResourceCompareOptions, SettingsError};
use crate::tenant::Tenant;

/// The namespace of Applications, where none is named.
pub const CONTROL_NAMESPACE: &str = "argocd";

/// Which state of the sources is looked at.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CompareOptions {
    /// A revision in place of the first source's own.
    pub revision: Option<String>,
    /// Whether warnings of the render are errors.
    pub strict: bool,
    /// What lock files decide of what lies elsewhere.
    pub lock: LockMode,
    /// What repositories answered at this moment or later serves; none asks them now.
    pub since: Option<Instant>,
}

/// What is to be known beside the desired objects.
struct There {
    project: Project,
    place: Place,
    tenant: Tenant,
    facts: Facts,
    record: Recorded,
    ahead: Ahead,
}

/// What is wanted, what is there, and how they differ.
#[derive(Debug)]
pub struct Comparison {
    /// The sources at their commits.
    pub resolved: Resolved,
    /// What the sources are and render to, for a plan.
    pub source: PlanSource,
    /// Where it goes.
    pub target: PlanTarget,
    /// What each source was rendered as.
    pub source_types: Vec<SourceType>,
    /// What each was rendered from.
    pub reads: Vec<SourceReads>,
    /// How many of them were rendered for this; the results of the others were known.
    pub renders: usize,
    /// What a person should look at.
    pub warnings: Vec<String>,
    /// The desired objects.
    pub desired: Desired,
    /// The kinds that are served where the objects are; none where nothing was rendered for them.
    pub discovery: Option<Arc<Discovery>>,
    /// Where the objects are.
    pub place: Place,
    /// As whom they are read and written.
    pub tenant: Tenant,
    /// What was put there before.
    pub inventory: Inventory,
    /// What is there; of what the project does not allow, nothing.
    pub live: Live,
    /// Hooks that are still there.
    pub left_hooks: LeftHooks,
    /// The project.
    pub project: Project,
    /// The desired objects that the project does not allow. There is no plan with one of them.
    pub forbidden: BTreeMap<ObjectId, Violation>,
    /// The listed objects that the project does not allow, with the reason. They are kept.
    pub forbidden_listed: BTreeMap<ObjectId, String>,
    /// Which kinds are left alone: none of them is among the desired objects.
    pub filter: ResourceFilter,
    /// How each desired resource differs.
    pub diffs: BTreeMap<ObjectId, ObjectDiff>,
    /// Types of fields, custom kinds included.
    pub kinds: Arc<Kinds>,
    /// Fields that are not compared.
    pub ignore: IgnoreRules,
    /// Fields of custom resources that hold built-in types.
    pub known: KnownTypes,
    /// How objects are compared.
    pub options: ResourceCompareOptions,
    /// Managers whose plain writes are taken over.
    pub predecessors: Vec<String>,
    /// Health checks of the users' own.
    pub checks: Option<Arc<dyn Checks>>,
    /// Whether the status has the health of each resource.
    pub keeps_health: bool,
    /// What the server is asked of each object, where that is asked for.
    pub server_diff: Option<ServerDiff>,
    /// What the server said that objects would be.
    pub predicted: BTreeMap<ObjectId, Object>,
    /// What a person should know of the Application, for its status.
    pub conditions: Vec<(ApplicationConditionType, String)>,
}

/// Why an Application cannot be compared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A source is not to be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A source does not render.
    #[error(transparent)]
    Render(#[from] RenderingError),
    /// The objects cannot be desired.
    #[error("the rendered resources cannot be used")]
    Prepare(#[source] PrepareError),
    /// The destination is no cluster that can be deployed to.
    #[error(transparent)]
    Destination(#[from] Unplaced),
    /// The project does not allow a source, the destination, or the Application's namespace.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Forbidden(Vec<Violation>),
    /// A source is not signed as the project asks for it.
    #[error(transparent)]
    Integrity(#[from] IntegrityError),
    /// A project that names service accounts has none for the destination.
    #[error(transparent)]
    ServiceAccount(#[from] AccountError),
    /// The cluster failed.
    #[error("the cluster cannot be read")]
    Cluster(#[source] ClusterError),
    /// The inventory is not to be had.
    #[error(transparent)]
    Inventory(#[from] LoadError),
    /// The settings of the cluster are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A rule of `ignoreDifferences` is wrong.
    #[error("spec.ignoreDifferences: a rule cannot be used")]
    Ignore(#[source] RuleError),
    /// Objects cannot be compared.
    #[error(transparent)]
    Diff(#[from] gitops_apply::observe::CompareError),
    /// A task of the engine ended badly.
    #[error("a task of the engine ended before its time")]
    Task,
}

/// What an application is called in ownership marks: its name, with its namespace before it outside the control plane's.
pub fn owner_name(application: &Application) -> String {
    match application.metadata.namespace() {
        None | Some(CONTROL_NAMESPACE) => application.name().into(),
        Some(namespace) => format!("{namespace}_{}", application.name()),
    }
}

impl Engine {
    /// Resolves, renders, observes and diffs.
    ///
    /// # Errors
    /// [`CompareError`].
    pub async fn compare(
        &self,
        application: &Application,
        options: &CompareOptions,
        observer: &mut (dyn FnMut(SyncEvent<'_>) + Send),
    ) -> Result<Comparison, CompareError> {
        let place = self.place(application)?;
        let (project, record) = try_join!(self.allowing(application, &place), self.record(application))?;
        let tenant = self.tenant(application, &project, &place)?;
        let render = async {
            let (resolved, facts) = try_join!(
                self.resolve(application, &project, options).instrument(info_span!("resolve")),
                self.facts(application, &place)
            )?;
            observer(SyncEvent::Resolved(&resolved));
            let rendered = self.render(application, &project, &facts, resolved, options);
            let (resolved, rendering) = rendered.instrument(info_span!("render")).await?;
            Ok::<_, CompareError>((facts, resolved, rendering))
        };
        let (rendered, ahead) = join!(render, Ahead::read(tenant.0.as_ref(), &record.inventory));
        let (facts, resolved, rendering) = rendered?;
        observer(SyncEvent::Rendered(&rendering));
        let there = There { project, place, tenant, facts, record, ahead };
        self.observe_and_diff(application, options, there, (resolved, rendering)).await
    }

    /// The project of an Application, before anything of its sources is read, where it allows these and the destination.
    async fn allowing(&self, application: &Application, place: &Place) -> Result<Project, CompareError> {
        let project = self.project(application).await.map_err(CompareError::Cluster)?;
        let violations = project.violations(application, &self.projects.namespace, &place.destination());
        if violations.is_empty() { Ok(project) } else { Err(CompareError::Forbidden(violations)) }
    }

    async fn observe_and_diff(
        &self,
        application: &Application,
        options: &CompareOptions,
        There { project, place, tenant, facts, record: Recorded { mut inventory, settings }, ahead }: There,
        (resolved, rendering): (Resolved, Rendering),
    ) -> Result<Comparison, CompareError> {
        let there = destination(application, options.strict, settings.tracking());
        let (owner, namespace) = (there.application.clone(), there.namespace.clone());
        let mut warnings: Vec<String> = rendering.warnings.iter().map(ToString::to_string).collect();
        let mut desired = prepare(rendering.objects, &there, &facts.discovery).map_err(CompareError::Prepare)?;
        warnings.append(&mut desired.warnings);
        let filter = settings.resource_filter()?;
        let mut conditions = filter.take_out(&mut desired, &place.server);
        let adopts = adoption::note_listed(application, &mut inventory);
        let observed = observe_rest(tenant.0.as_ref(), &desired, &inventory, ahead);
        let seen = observed.instrument(info_span!("observe")).await;
        let mut live = seen.map_err(CompareError::Cluster)?;
        if adopts {
            adoption::keep_marked(&mut inventory, &live, &there.tracking);
        }
        let forbidden = forbidden(&project, application, &place, &desired, &live);
        warnings.extend(forbidden.values().map(ToString::to_string));
        live.hide(forbidden.keys());
        let mut rules = application.spec.ignore_differences.clone().unwrap_or_default();
        rules.extend(settings.ignore_differences()?);
        let source = plan_source(&resolved, rendering.digest.as_str());
        let target = PlanTarget {
            cluster: facts.info.uid,
            application_namespace: control_namespace(application).into(),
            application: application.name().into(),
            owner,
            tracking: there.tracking.clone(),
            namespace,
        };
        let kinds = self.kinds_for(&desired, &place).await?;
        let (known, misunderstood) = settings.known_types(&kinds)?;
        warnings.extend(misunderstood);
        conditions.extend(shared(application, &target, &desired, &live));
        let mut forbidden_listed = forbidden_listed(&project, &place, &inventory);
        forbidden_listed.extend(filter.listed(&inventory, &place.server));
        let left_hooks = LeftHooks::listed(application, |id| filter.excludes_object(id, &place.server));
        let mut comparison = Comparison {
            resolved,
            source,
            target,
            renders: rendering.source_types.len() - rendering.recalled,
            source_types: rendering.source_types,
            reads: rendering.sources,
            discovery: Some(facts.discovery),
            warnings,
            kinds,
            ignore: IgnoreRules::compile(&rules).map_err(CompareError::Ignore)?,
            known,
            options: settings.compare_options()?,
            predecessors: predecessors(application),
            checks: self.conduct.checks.as_ref().and_then(|make| make(settings.values())),
            keeps_health: self.conduct.keeps_health,
            server_diff: ServerDiff::of(application, self.conduct.server_diff),
            predicted: BTreeMap::new(),
            conditions,
            desired,
            tenant,
            forbidden_listed,
            filter,
            inventory,
            live,
            left_hooks,
            project,
            place,
            forbidden,
            diffs: BTreeMap::new(),
        };
        if comparison.desired.sync_options.is_true("RespectIgnoreDifferences") {
            comparison.respect_ignored();
        }
        comparison.look_for_hooks().await?;
        comparison.ask_and_diff().instrument(info_span!("diff")).await?;
        Ok(comparison)
    }

    /// The hooks of an Application, those of its deletion included, as its sources have them now.
    pub(crate) async fn hooks(
        &self,
        application: &Application,
        place: &Place,
        options: &CompareOptions,
    ) -> Result<(Resolved, Desired), CompareError> {
        let project = self.allowing(application, place).await?;
        let (resolved, facts) =
            try_join!(self.resolve(application, &project, options), self.facts(application, place))?;
        let (resolved, rendering) = self.render(application, &project, &facts, resolved, options).await?;
        let tracking = self.settings().await?.tracking();
        let destination = destination(application, options.strict, tracking);
        let all = prepare(rendering.objects, &destination, &facts.discovery).map_err(CompareError::Prepare)?;
        let (hooks, deletion_hooks) = (all.hooks, all.deletion_hooks);
        Ok((resolved, Desired { hooks, deletion_hooks, ..Desired::default() }))
    }

    /// The types of fields with those of custom kinds among the desired objects.
    async fn kinds_for(&self, desired: &Desired, place: &Place) -> Result<Arc<Kinds>, CompareError> {
        let custom = |one: &&gitops_apply::prepare::DesiredObject| {
            self.kinds.get(one.object.api_version(), one.object.kind()).is_none()
        };
        if !desired.resources.values().any(|one| custom(&one)) {
            return Ok(Arc::clone(&self.kinds));
        }
        let mut kinds = Kinds::clone(&self.kinds);
        let query = gitops_core::cluster::Query::all(gitops_core::GroupVersionKind::from_api_version(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
        ));
        let served = place.cluster.list(&query).await.map_err(CompareError::Cluster)?.objects;
        for definition in served {
            // A definition that the cluster serves and this table cannot read leaves its lists atomic.
            let _ = kinds.define(&Value::Object(definition.body().clone()));
        }
        Ok(Arc::new(kinds))
    }

    /// Looks at the cluster again and compares what was rendered before.
    ///
    /// # Errors
    /// Where the cluster fails, or objects cannot be compared.
    pub async fn refresh(&self, comparison: &mut Comparison) -> Result<(), CompareError> {
        let target = &comparison.target;
        let inventory = load_inventory(self.cluster.as_ref(), &target.application_namespace, &target.owner).await?;
        let seen = observe(comparison.tenant.0.as_ref(), &comparison.desired, &inventory).await;
        comparison.live = seen.map_err(CompareError::Cluster)?;
        comparison.live.hide(comparison.forbidden.keys());
        comparison.inventory = inventory;
        comparison.look_for_hooks().await?;
        comparison.ask_and_diff().await
    }
}

impl Comparison {
    /// How objects are compared.
    pub fn context(&self) -> DiffContext<'_> {
        let mut context = DiffContext::new().with_kinds(&self.kinds).with_ignore(&self.ignore).with_known(&self.known);
        context.ignore_aggregated_rules = self.options.ignore_aggregated_roles;
        context.status = self.options.status;
        context.server_changes = self.server_diff.is_some_and(|asked| asked.webhook_changes);
        context.with_predecessors(&self.predecessors)
    }

    async fn look_for_hooks(&mut self) -> Result<(), CompareError> {
        let cluster = self.tenant.0.as_ref();
        let looked = self.left_hooks.look(cluster, &self.desired, &self.live, &self.target).await;
        looked.map_err(CompareError::Cluster)
    }

    /// Fields that are not compared are not written over either: they are desired as they are.
    fn respect_ignored(&mut self) {
        for (id, one) in &mut self.desired.resources {
            let live = self.live.get(id);
            let kept = live.and_then(|live| respecting(&one.object, live, &self.ignore, Some(&self.kinds)));
            if let Some(kept) = kept {
                one.object = Arc::new(kept);
            }
        }
    }

    /// Asks the server what objects would be, where that is asked for, and compares.
    async fn ask_and_diff(&mut self) -> Result<(), CompareError> {
        let mut refusals = BTreeMap::new();
        if self.server_diff.is_some() {
            let Answers { predicted, refused } =
                ask(self.tenant.0.as_ref(), &self.desired, &self.live, &self.predecessors).await?;
            (self.predicted, refusals) = (predicted, refused);
        }
        self.diffs = compare_with(&self.desired, &self.live, &self.predicted, &self.context())?;
        for (id, words) in refusals {
            if let Some(diff) = self.diffs.get_mut(&id) {
                diff.warnings.push(words);
            }
        }
        Ok(())
    }

    /// Every difference, with the objects that the sources no longer have.
    pub fn differences(&self) -> Vec<ObjectDiff> {
        let changed = self.diffs.values().filter(|diff| !diff.is_same()).cloned();
        let gone = self.extra().filter_map(|id| self.live.get(id)).map(gitops_diff::deletion);
        changed.chain(gone).collect()
    }

    /// Listed objects that the sources no longer have.
    pub fn extra(&self) -> impl Iterator<Item = &ObjectId> {
        let hooks: std::collections::BTreeSet<_> = self.desired.hooks.iter().map(|hook| hook.object.id()).collect();
        let is_known = |id: &ObjectId| !self.filter.excludes_object(id, &self.place.server);
        let unwanted =
            move |id: &&ObjectId| !self.desired.resources.contains_key(*id) && !hooks.contains(*id) && is_known(id);
        self.inventory.entries.keys().filter(unwanted)
    }
}

/// Where an Application's objects go, and what of its policy bears on them.
fn destination(application: &Application, strict: bool, tracking: Tracking) -> Destination {
    let namespace = application.spec.destination.namespace().unwrap_or_default();
    let mut destination = Destination::new(owner_name(application), namespace);
    destination.options = application.sync_options().into_owned();
    let policy = application.spec.sync_policy.as_ref();
    destination.namespace_metadata = policy.and_then(|policy| policy.managed_namespace_metadata.clone());
    (destination.strict, destination.tracking) = (strict, tracking);
    destination
}

/// Argo CD's warnings of desired objects that another Application has: what bears the mark of one, whichever object that mark
/// was put on (`CompareAppState`, controller/state.go, v3.5).
fn shared(
    application: &Application,
    target: &PlanTarget,
    desired: &Desired,
    live: &Live,
) -> Vec<(ApplicationConditionType, String)> {
    let whole_name = format!("{}/{}", control_namespace(application), application.name());
    let warning = |id: &ObjectId| {
        let other = target.shared_with(live.get(id)?)?.replace('_', "/");
        let (kind, name) = (&id.kind, &id.name);
        let words = format!("{kind}/{name} is part of applications {whole_name} and {other}");
        Some((ApplicationConditionType::SharedResourceWarning, words))
    };
    desired.resources.keys().filter_map(warning).collect()
}

/// Managers whose plain writes are taken over before an apply, as Argo CD does it (`ClientSideApplyMigration`, on by default):
/// `kubectl apply`, or the one that the Application's annotation names. What Argo CD itself wrote is taken over too, so that an
/// Application that changes hands can give its fields up.
fn predecessors(application: &Application) -> Vec<String> {
    if application.sync_options().is_false("ClientSideApplyMigration") {
        return Vec::new();
    }
    let named = application.metadata.annotation(MIGRATION_MANAGER).filter(|name| !name.is_empty());
    vec![named.unwrap_or("kubectl-client-side-apply").to_owned(), ARGO_CD_MANAGER.to_owned()]
}

/// The namespace that an Application and its inventory lie in.
pub fn control_namespace(application: &Application) -> &str {
    application.metadata.namespace().unwrap_or(CONTROL_NAMESPACE)
}

/// The sources of a plan, with the digest of what they render to.
pub(crate) fn plan_source(resolved: &Resolved, digest: &str) -> PlanSource {
    let revision = |one: &resolve::ResolvedSource| PlanRevision {
        repository: one.source.repo_url.clone(),
        revision: one.revision.clone(),
        commit: one.id(),
    };
    PlanSource { revisions: resolved.sources.iter().map(revision).collect(), digest: digest.into() }
}
