//! Deleting an Application, with what it deployed or without.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gitops_apply::drive::load_inventory;
use gitops_apply::execute::OutcomePhase;
use gitops_apply::gate::Refusal;
use gitops_apply::plan::{Budget, KeptRule, Live, PlanOptions, PlanTarget, plan};
use gitops_apply::prepare::DesiredObject;
use gitops_apply::tracking::Owner;
use gitops_apply::{ApplyPlan, Desired, Inventory, Outcome, PlanInput, Policy, Refused, gate, observe};
use gitops_core::annotations::BACKGROUND_FINALIZER;
use gitops_core::api::Application;
use gitops_core::cluster::{Delete, ErrorKind, Propagation};
use gitops_core::{ObjectId, Timestamp};
use gitops_diff::normalize::{IgnoreRules, KnownTypes};

use crate::applications::Applications;
use crate::approval::is_confirmed;
use crate::audit::{Action, Record};
use crate::compare::{CompareError, Comparison, control_namespace, owner_name, plan_source};
use crate::engine::Engine;
use crate::execution::execute;
use crate::left_hooks::{LeftHooks, made_hooks};
use crate::project::{forbidden, forbidden_listed};
use crate::reconcile::{Observer, SyncError, SyncEvent, SyncRequest};
use crate::resolve::Resolved;
use crate::settings::ResourceCompareOptions;

/// What came of deleting an Application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Deletion {
    /// It is gone, and what this plan says of what it deployed is done.
    Deleted(Box<ApplyPlan>),
    /// It stays, since its deletion ended so.
    Stays(Box<Outcome>),
}

/// What goes with an Application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cascade {
    /// What it deployed, between its PreDelete and PostDelete hooks.
    Everything,
    /// Nothing, but its hooks run.
    Hooks,
    /// Nothing.
    Nothing,
}

impl Engine {
    /// What deleting an Application and what it deployed would delete, and which of its hooks would run.
    ///
    /// # Errors
    /// Where its hooks cannot be rendered, or the cluster or the inventory cannot be read.
    pub async fn plan_deletion(
        &self,
        application: &Application,
        request: &SyncRequest,
    ) -> Result<ApplyPlan, SyncError> {
        Ok(self.deletion(application, Cascade::Everything, request).await?.1)
    }

    /// Deletes an Application, and what goes with it first. Its hooks are those of its sources as they are now. An object that may
    /// not be deleted stays, and is named in the plan; the Application is deleted all the same, as it is in Argo CD.
    ///
    /// # Errors
    /// Where something cannot be deleted, waits for a confirmation, or the hooks cannot be rendered: then the Application stays.
    pub async fn delete(
        &self,
        application: &Application,
        cascade: Cascade,
        request: &SyncRequest,
        observer: Observer<'_>,
    ) -> Result<Deletion, SyncError> {
        let cascades = cascade != Cascade::Nothing;
        let unhooked = SyncRequest { without_hooks: request.without_hooks || !cascades, ..request.clone() };
        let (comparison, plan) = self.deletion(application, cascade, &unhooked).await?;
        let mut outcome = None;
        if cascades {
            observer(SyncEvent::Planned(&plan));
            unconfirmed(&plan)?;
            let mut policy = Policy::new(comparison.target.cluster.as_str());
            policy.budget = Budget::of(usize::MAX);
            policy.allow_empty = true;
            let approved = gate(plan.clone(), &policy, self.clock.now())?;
            self.journal.ready()?;
            outcome = Some(execute(self, approved, &comparison, request, observer).await.0);
        }
        let failed = outcome.filter(|end| end.phase != OutcomePhase::Succeeded);
        let message = failed.as_ref().map(|end| end.message.clone()).unwrap_or_default();
        self.journal.append(&Record {
            time: self.clock.now(),
            application: format!("{}/{}", control_namespace(application), application.name()),
            action: Action::Delete,
            initiator: request.initiator.clone(),
            commits: comparison.resolved.sources.iter().map(crate::resolve::ResolvedSource::facts).collect(),
            digest: None,
            outcome: if failed.is_some() { "Failed".into() } else { "Succeeded".into() },
            message,
            changes: Vec::new(),
        })?;
        if let Some(outcome) = failed {
            return Ok(Deletion::Stays(Box::new(outcome)));
        }
        self.delete_inventory(control_namespace(application), &comparison.inventory).await?;
        Applications::of(self.cluster.as_ref()).delete(application).await?;
        Ok(Deletion::Deleted(Box::new(plan)))
    }

    async fn deletion(
        &self,
        application: &Application,
        cascade: Cascade,
        request: &SyncRequest,
    ) -> Result<(Comparison, ApplyPlan), SyncError> {
        let owner = owner_name(application);
        let namespace = control_namespace(application);
        let cluster = self.cluster.as_ref();
        let mut inventory = load_inventory(cluster, namespace, &owner).await.map_err(CompareError::from)?;
        let project = self.project(application).await.map_err(CompareError::Cluster)?;
        let place = self.place(application).map_err(CompareError::from)?;
        let tenant = self.tenant(application, &project, &place)?;
        let (resolved, mut desired) = match request.without_hooks {
            true => (Resolved { sources: Vec::new() }, Desired::default()),
            false => self.hooks(application, &place, &request.compare).await?,
        };
        // Hooks of a deletion are looked for too: an earlier attempt may have left them.
        let hooks = desired.hooks.iter().chain(&desired.deletion_hooks).cloned().collect();
        let wanted = Desired { hooks, ..Desired::default() };
        let mut live = observe(tenant.0.as_ref(), &wanted, &inventory).await.map_err(CompareError::Cluster)?;
        let info = place.cluster.info().await.map_err(CompareError::Cluster)?;
        let settings = self.settings().await?;
        let target = PlanTarget {
            cluster: info.uid,
            application_namespace: namespace.into(),
            application: application.name().into(),
            owner,
            tracking: settings.tracking(),
            namespace: application.spec.destination.namespace().unwrap_or_default().into(),
        };
        let mut made = made_hooks(tenant.0.as_ref(), &wanted.hooks, &target).await.map_err(CompareError::Cluster)?;
        made.retain(|hook| target.owner_of(hook) == Owner::Ours);
        note_left_hooks(&mut inventory, std::mem::take(&mut desired.hooks), &desired, &target, &live);
        made.iter().for_each(|hook| inventory.note(&hook.reference(), hook.uid()));
        live.extend(made);
        let reasons: Vec<Refusal> =
            forbidden(&project, application, &place, &desired, &live).into_values().map(Refusal::Project).collect();
        if !reasons.is_empty() {
            return Err(Refused { reasons }.into());
        }
        let mut kept = forbidden_listed(&project, &place, &inventory);
        let filter = settings.resource_filter().map_err(CompareError::from)?;
        kept.extend(filter.listed(&inventory, &place.server));
        let source = plan_source(&resolved, "");
        let comparison = Comparison {
            resolved,
            source,
            target,
            renders: 0,
            source_types: Vec::new(),
            reads: Vec::new(),
            discovery: None,
            warnings: Vec::new(),
            desired,
            place,
            tenant,
            forbidden: BTreeMap::new(),
            forbidden_listed: kept,
            filter,
            project,
            inventory,
            live,
            left_hooks: LeftHooks::default(),
            diffs: BTreeMap::new(),
            kinds: Arc::clone(&self.kinds),
            ignore: IgnoreRules::default(),
            known: KnownTypes::default(),
            options: ResourceCompareOptions::default(),
            predecessors: Vec::new(),
            checks: self.conduct.checks.as_ref().and_then(|make| make(settings.values())),
            keeps_health: self.conduct.keeps_health,
            server_diff: None,
            predicted: BTreeMap::new(),
            conditions: Vec::new(),
        };
        let mut options = options(application, request, self.clock.now());
        options.prune = cascade == Cascade::Everything;
        options.forbidden.clone_from(&comparison.forbidden_listed);
        let plan = plan(PlanInput {
            source: comparison.source.clone(),
            target: comparison.target.clone(),
            desired: &comparison.desired,
            live: &comparison.live,
            diffs: &comparison.diffs,
            inventory: &comparison.inventory,
            options: &options,
        })
        .map_err(SyncError::Plan)?;
        Ok((comparison, plan))
    }

    /// Lets an Application go whose cluster nobody knows any more: what it deployed stays there, as in Argo CD.
    ///
    /// # Errors
    /// Where its record or its inventory cannot be deleted.
    pub(crate) async fn abandon(&self, application: &Application) -> Result<(), SyncError> {
        let namespace = control_namespace(application);
        let inventory = load_inventory(self.cluster.as_ref(), namespace, &owner_name(application)).await;
        self.delete_inventory(namespace, &inventory.map_err(CompareError::from)?).await?;
        Ok(Applications::of(self.cluster.as_ref()).delete(application).await?)
    }

    async fn delete_inventory(&self, namespace: &str, inventory: &Inventory) -> Result<(), SyncError> {
        for name in inventory.part_names() {
            let target = ObjectId::new("", "ConfigMap", Some(namespace), name).at_version("v1");
            let Some(live) = self.cluster.get(&target).await.map_err(CompareError::Cluster)? else { continue };
            let mut delete = Delete::new(&target, live.uid().unwrap_or_default());
            delete.propagation = Propagation::Background;
            match self.cluster.delete(delete).await {
                Err(error) if error.kind != ErrorKind::NotFound => return Err(CompareError::Cluster(error).into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What hooks of earlier syncs left goes with the Application, as in Argo CD, which finds it by its mark.
fn note_left_hooks(
    inventory: &mut Inventory,
    hooks: Vec<DesiredObject>,
    desired: &Desired,
    target: &PlanTarget,
    live: &Live,
) {
    let runs: BTreeSet<ObjectId> = desired.deletion_hooks.iter().map(|hook| hook.object.id()).collect();
    for hook in hooks.iter().map(|hook| hook.object.reference()).filter(|hook| !runs.contains(&hook.id)) {
        let left = live.get(&hook.id).filter(|left| target.owner_of(left) == Owner::Ours);
        if let Some(left) = left {
            inventory.note(&hook, left.uid());
        }
    }
}

/// What bears on the deletion of an Application. Of its sync options, only `Delete` does; what becomes of what the objects own is
/// said by its finalizer, as in Argo CD.
fn options(application: &Application, request: &SyncRequest, now: Timestamp) -> PlanOptions {
    let mut options = PlanOptions::default();
    options.deletion = true;
    options.without_hooks = request.without_hooks;
    options.await_confirmation = request.await_confirmation;
    options.consent = request.consent.clone();
    let since = application.metadata.deletion_timestamp.as_ref().map_or(now, |time| time.0);
    options.consent.confirmed |= is_confirmed(application, since);
    options.sync_options = application.sync_options().iter().filter(|option| option.starts_with("Delete=")).collect();
    if application.metadata.has_finalizer(BACKGROUND_FINALIZER) {
        options.propagation = Propagation::Background;
    }
    options
}

/// Nothing is deleted while one object waits for its confirmation.
fn unconfirmed(plan: &ApplyPlan) -> Result<(), SyncError> {
    let waits = plan.kept.iter().filter(|kept| kept.rule == KeptRule::Unconfirmed);
    let waiting: Vec<String> = waits.map(|kept| format!("`{}`", kept.object.id)).collect();
    if waiting.is_empty() { Ok(()) } else { Err(SyncError::Unconfirmed(waiting)) }
}
