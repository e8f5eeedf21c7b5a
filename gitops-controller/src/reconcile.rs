//! The seven steps, on one screen.

use gitops_apply::gate::Refusal;
use gitops_apply::health::HealthStatus;
use gitops_apply::plan::{Consent, PlanOptions};
use gitops_apply::{ApplyPlan, Approved, Outcome, PlanError, PlanInput, Policy, Progress, Refused, gate, plan};
use gitops_core::api::{Application, Operation, SyncOperationResource};
use gitops_core::{ObjectId, Timestamp};
use gitops_policy::{Trigger, Violation, window};
use jiff::SignedDuration;
use thiserror::Error;
use tracing::{Instrument as _, info_span};

use crate::applications::{ApplicationError, Applications};
use crate::audit::{Action, AuditError};
use crate::compare::{CompareError, CompareOptions, Comparison, control_namespace};
use crate::engine::Engine;
use crate::execution::execute;
use crate::operator::Attempt;
use crate::rendering::Rendering;
use crate::resolve::Resolved;
use crate::rollback::quarantined;
use crate::selection::{Selector, select};
use crate::status::{self, Resource};

/// What is asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SyncRequest {
    /// Which state of the sources.
    pub compare: CompareOptions,
    /// Whether objects that the sources no longer have are deleted; the Application's policy decides where none is said.
    pub prune: Option<bool>,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Whether the Application's definition is written to the cluster, once its plan is approved and before that is
    /// carried out. The cluster must hold it otherwise.
    pub define: bool,
    /// Only these resources; hooks are then left out. Empty: everything.
    pub only: Vec<Selector>,
    /// How much may be deleted.
    pub budget: gitops_apply::plan::Budget,
    /// What was agreed to.
    pub consent: Consent,
    /// Whether deletions that are to be confirmed (`Prune=confirm`, `Delete=confirm`) are waited for, until Argo CD's annotation
    /// on the Application confirms them. Otherwise such an object is kept, and an Application with one is not deleted.
    pub await_confirmation: bool,
    /// Whether hooks are left out.
    pub without_hooks: bool,
    /// How long a wave may take to become healthy.
    pub wait: SignedDuration,
    /// Who asks.
    pub initiator: String,
    /// Whether a person asks for it or the Application's own policy, which sync windows tell apart.
    pub trigger: Trigger,
    /// When it began, where it had begun before: a sync that was allowed to begin may go on where windows say so
    /// (`syncOverrun`).
    pub started: Option<Timestamp>,
    /// When it is terminated where it has not ended by then.
    pub deadline: Option<Timestamp>,
    /// What it counts as in the audit trail.
    pub action: Action,
    /// Which attempt it is, where nobody asked and the Application syncs by itself.
    pub automated: Option<Attempt>,
    /// How many attempts failed before.
    pub retries: u32,
    /// The operation as it was written down by whoever asked for it.
    pub operation: Option<Operation>,
    /// What [`SyncRequest::only`] selects, for the status.
    pub resources: Option<Vec<SyncOperationResource>>,
}

impl SyncRequest {
    /// A sync of everything, asked for by somebody.
    pub fn new(initiator: impl Into<String>) -> Self {
        Self {
            compare: CompareOptions::default(),
            prune: None,
            dry_run: false,
            define: false,
            only: Vec::new(),
            budget: gitops_apply::plan::Budget::default(),
            consent: Consent::default(),
            await_confirmation: false,
            without_hooks: false,
            wait: SignedDuration::from_mins(10),
            initiator: initiator.into(),
            trigger: Trigger::Manual,
            started: None,
            deadline: None,
            action: Action::Sync,
            automated: None,
            retries: 0,
            operation: None,
            resources: None,
        }
    }

    /// Whether an operator works at it, which tries again what failed.
    pub(crate) fn is_of_an_operator(&self) -> bool {
        self.automated.is_some() || self.operation.is_some()
    }
}

/// What happens during a sync.
#[derive(Debug)]
#[non_exhaustive]
pub enum SyncEvent<'a> {
    /// The sources have commits.
    Resolved(&'a Resolved),
    /// The sources are rendered.
    Rendered(&'a Rendering),
    /// The plan is made.
    Planned(&'a ApplyPlan),
    /// The plan is carried out.
    Progress(&'a Progress),
}

/// What came of a sync.
#[derive(Debug)]
#[non_exhaustive]
pub struct SyncReport {
    /// The plan.
    pub plan: ApplyPlan,
    /// How it ended; none where nothing was to do or nothing was to be written.
    pub outcome: Option<Outcome>,
    /// The resources as they are now.
    pub resources: Vec<Resource>,
    /// What a person should look at.
    pub warnings: Vec<String>,
    /// The Application with its new status.
    pub application: Application,
}

/// Why a sync did not happen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The first four steps failed.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// There is no plan.
    #[error("cannot plan")]
    Plan(#[source] PlanError),
    /// The plan may not be executed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Objects of an Application that is to be deleted wait for a confirmation.
    #[error("the deletion waits for confirmation (`Delete=confirm`): {}", .0.join(", "))]
    Unconfirmed(Vec<String>),
    /// The Application cannot be read or written.
    #[error(transparent)]
    Application(#[from] ApplicationError),
    /// The audit trail cannot be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// Who watches.
pub type Observer<'a> = &'a mut (dyn FnMut(SyncEvent<'_>) + Send);

impl Engine {
    /// Brings the cluster to what the sources say.
    ///
    /// # Errors
    /// Where a step fails before anything is written. What fails afterwards is part of the report.
    pub async fn sync(
        &self,
        application: &Application,
        request: &SyncRequest,
        observer: Observer<'_>,
    ) -> Result<SyncReport, SyncError> {
        // What these keep is large: each lies apart, so that together they do not fill the stack.
        let comparison = Box::pin(self.compare(application, &request.compare, observer)).await?;
        Box::pin(self.sync_compared(application, comparison, request, observer)).await
    }

    /// As [`Engine::sync`], from a comparison that was made just before.
    ///
    /// # Errors
    /// As [`Engine::sync`].
    pub async fn sync_compared(
        &self,
        application: &Application,
        mut comparison: Comparison,
        request: &SyncRequest,
        observer: Observer<'_>,
    ) -> Result<SyncReport, SyncError> {
        let plan = match info_span!("plan").in_scope(|| make_plan(application, &comparison, request)) {
            Err(SyncError::Plan(PlanError::UnknownKind(first, more))) if request.is_of_an_operator() => {
                let unknown = [first].into_iter().chain(more).collect();
                return self.conclude_invalid(application, comparison, unknown, request).await;
            }
            plan => plan?,
        };
        observer(SyncEvent::Planned(&plan));
        if request.dry_run {
            let (warnings, resources) = (plan.warnings.clone(), status::resources(&comparison));
            return Ok(SyncReport { plan, outcome: None, resources, warnings, application: application.clone() });
        }
        let now = self.clock.now();
        let approved = gate(plan.clone(), &policy(application, &comparison, request, now), now)?;
        self.prepare(application, &plan, request).await?;
        let started = request.started.unwrap_or_else(|| self.clock.now());
        let noted = self.note_begun(application, &comparison, &plan, request, started).await?;
        let execution = Box::pin(self.carry_out(approved, &plan, &mut comparison, request, observer));
        let outcome = execution.instrument(info_span!("execute")).await?;
        self.conclude(noted.as_ref().unwrap_or(application), comparison, plan, (started, outcome), request).await
    }

    /// Carries out a saved plan, or refuses it where something moved.
    ///
    /// # Errors
    /// As [`Engine::sync`].
    pub async fn apply_plan(
        &self,
        application: &Application,
        plan: ApplyPlan,
        request: &SyncRequest,
        observer: Observer<'_>,
    ) -> Result<SyncReport, SyncError> {
        let mut comparison = self.compare(application, &request.compare, observer).await?;
        let now = self.clock.now();
        let mut policy = policy(application, &comparison, request, now);
        policy.current = Some(comparison.source.clone());
        policy.tracking = Some(comparison.target.tracking.clone());
        policy.violations.extend(violations(&comparison, &plan_objects(&plan)));
        let approved = gate(plan.clone(), &policy, now)?;
        observer(SyncEvent::Planned(&plan));
        self.prepare(application, &plan, request).await?;
        let started = self.clock.now();
        let outcome = self.carry_out(approved, &plan, &mut comparison, request, observer).await?;
        self.conclude(application, comparison, plan, (started, outcome), request).await
    }

    /// Carries out an approved plan, and looks again at what it may have changed.
    async fn carry_out(
        &self,
        approved: Approved,
        plan: &ApplyPlan,
        comparison: &mut Comparison,
        request: &SyncRequest,
        observer: Observer<'_>,
    ) -> Result<Outcome, SyncError> {
        let (outcome, inventory) = execute(self, approved, comparison, request, observer).await;
        if plan.is_empty() {
            comparison.inventory = inventory;
        } else {
            self.refresh(comparison).await?;
        }
        Ok(outcome)
    }

    /// Says in the status what is begun, before anything is written: whoever comes after a process that was killed in it ends it, with
    /// its hooks and its place in the history. A partial sync has neither, and is simply made again; what somebody asked for has been
    /// noted by whoever took it. Where somebody has to confirm deletions it is said as well: nobody would know of it otherwise.
    async fn note_begun(
        &self,
        application: &Application,
        comparison: &Comparison,
        plan: &ApplyPlan,
        request: &SyncRequest,
        started: Timestamp,
    ) -> Result<Option<Application>, SyncError> {
        let waits = waiting(plan).filter(|_| request.operation.is_some() || request.automated.is_some());
        let begins = request.automated.is_some() && request.operation.is_none() && request.only.is_empty();
        if plan.is_empty() || !begins && waits.is_none() {
            return Ok(None);
        }
        let mut state = status::begun(status::operation(application, comparison, plan, request), started);
        state.message = waits;
        state.retry_count = status::retry_count(request);
        Ok(Some(Applications::of(self.cluster.as_ref()).note_operation(application, &state).await?))
    }

    /// What must work before anything is written.
    async fn prepare(
        &self,
        application: &Application,
        plan: &ApplyPlan,
        request: &SyncRequest,
    ) -> Result<(), SyncError> {
        if !plan.is_empty() {
            self.journal.ready()?;
        }
        if request.define {
            Applications::of(self.cluster.as_ref()).apply(application).await?;
        }
        Ok(())
    }
}

/// What a plan waits for where somebody has to confirm deletions, in Argo CD's words.
fn waiting(plan: &ApplyPlan) -> Option<String> {
    let unconfirmed: Vec<_> = plan.steps().filter(|step| step.unconfirmed).map(|step| &step.object.id).collect();
    let first = unconfirmed.first()?;
    let more = match unconfirmed.len() {
        1 => String::new(),
        count => format!(" and {} more resources", count - 1),
    };
    Some(format!("waiting for pruning confirmation of {}/{}/{}{more}", first.group, first.kind, first.name))
}

/// Says every write that a sync would make.
///
/// # Errors
/// Where the project does not allow an object, objects cannot be ordered, a kind is unknown, or an object belongs to another
/// application and that is refused.
pub fn make_plan(
    application: &Application,
    comparison: &Comparison,
    request: &SyncRequest,
) -> Result<ApplyPlan, SyncError> {
    let mut options = PlanOptions::default();
    options.prune =
        request.prune.unwrap_or_else(|| application.automated().is_some_and(|automated| automated.prunes()));
    options.sync_options = application.sync_options().into_owned();
    options.consent = request.consent.clone();
    options.budget = request.budget;
    options.await_confirmation = request.await_confirmation;
    options.without_hooks = request.without_hooks;
    options.predecessors.clone_from(&comparison.predecessors);
    if !request.only.is_empty() {
        let all = comparison.desired.resources.keys().chain(comparison.inventory.entries.keys());
        options.only = select(&request.only, all);
        // The namespace that an Application makes is none of its resources, and is needed for each of them.
        options.only.extend(comparison.desired.created_namespace.clone());
    }
    let reasons: Vec<Refusal> = violations(comparison, &options.only).map(Refusal::Project).collect();
    if !reasons.is_empty() {
        return Err(Refused { reasons }.into());
    }
    options.forbidden.clone_from(&comparison.forbidden_listed);
    let mut made = plan(PlanInput {
        source: comparison.source.clone(),
        target: comparison.target.clone(),
        desired: &comparison.desired,
        live: &comparison.live,
        diffs: &comparison.diffs,
        inventory: &comparison.inventory,
        options: &options,
    })
    .map_err(SyncError::Plan)?;
    made.warnings.splice(0..0, comparison.warnings.iter().cloned());
    for (id, diff) in &comparison.diffs {
        made.warnings.extend(diff.warnings.iter().map(|words| format!("`{id}`: {words}")));
    }
    Ok(made)
}

/// What the project does not allow of the desired objects, or of the selected ones where some are selected.
fn violations(comparison: &Comparison, only: &[ObjectId]) -> impl Iterator<Item = Violation> {
    let asked = |id: &ObjectId| only.is_empty() || only.contains(id);
    comparison.forbidden.iter().filter(move |(id, _)| asked(id)).map(|(_, violation)| violation.clone())
}

/// What a plan of a selection writes; nothing for a plan of everything, which is held to everything.
fn plan_objects(plan: &ApplyPlan) -> Vec<ObjectId> {
    if plan.partial { plan.steps().map(|step| step.object.id.clone()).collect() } else { Vec::new() }
}

fn policy(application: &Application, comparison: &Comparison, request: &SyncRequest, now: Timestamp) -> Policy {
    let mut policy = Policy::new(comparison.target.cluster.as_str());
    policy.budget = request.budget;
    policy.listed = comparison.inventory.entries.len();
    policy.desired = Some(comparison.desired.resources.len());
    policy.allow_empty = application.automated().is_some_and(|automated| automated.allows_empty());
    policy.quarantined = quarantined(application);
    let attempt = window::Attempt { trigger: request.trigger, started: request.started };
    policy.violations.extend(comparison.project.window_violation(application, attempt, now));
    policy
}

impl Engine {
    /// Waits until no resource of an Application is on its way any more, or the time is over, and gives them as they are
    /// then. Its status is kept.
    ///
    /// # Errors
    /// Where the Application cannot be compared.
    pub async fn settle(
        &self,
        application: &Application,
        options: &CompareOptions,
        patience: SignedDuration,
    ) -> Result<Vec<Resource>, SyncError> {
        let mut comparison = self.compare(application, options, &mut |_| {}).await?;
        let until = self.clock.now().checked_add(patience).unwrap_or(gitops_core::Timestamp::MAX);
        loop {
            let resources = status::resources(&comparison);
            let now = self.clock.now();
            let moving = |resource: &Resource| resource.health == Some(HealthStatus::Progressing);
            if !resources.iter().any(moving) || now >= until {
                let mut seen = Applications::of(self.cluster.as_ref())
                    .get(control_namespace(application), application.name())
                    .await?;
                let before = seen.status.clone();
                status::update(&mut seen, &comparison, now);
                Applications::of(self.cluster.as_ref()).set_status(&seen, before.as_ref()).await?;
                return Ok(resources);
            }
            let next = now.checked_add(SignedDuration::from_millis(200)).unwrap_or(until);
            self.timer.sleep_until(next).await;
            self.refresh(&mut comparison).await?;
        }
    }
}
