//! Deleting an Application, with what it deployed or without.

use std::collections::BTreeMap;

use gitops_apply::drive::load_inventory;
use gitops_apply::plan::{Budget, PlanOptions, PlanSource, PlanTarget, plan};
use gitops_apply::{ApplyPlan, Desired, PlanInput, Policy, gate, observe};
use gitops_core::ObjectId;
use gitops_core::api::Application;
use gitops_core::cluster::{Delete, ErrorKind};
use gitops_diff::normalize::IgnoreRules;

use crate::applications::Applications;
use crate::audit::{Action, Record};
use crate::compare::{CompareError, Comparison, control_namespace, owner_name};
use crate::engine::Engine;
use crate::execution::execute;
use crate::reconcile::{Observer, SyncError, SyncEvent, SyncRequest};
use crate::resolve::Resolved;

impl Engine {
    /// What deleting an Application and what it deployed would delete.
    ///
    /// # Errors
    /// Where the cluster or the inventory cannot be read.
    pub async fn plan_deletion(
        &self,
        application: &Application,
        request: &SyncRequest,
    ) -> Result<ApplyPlan, SyncError> {
        Ok(self.deletion(application, request).await?.1)
    }

    /// Deletes an Application; with `cascade`, what it deployed first. An object that may not be deleted stays, and is
    /// named in the plan; the Application is deleted all the same, as it is in Argo CD.
    ///
    /// # Errors
    /// Where something cannot be deleted: then the Application stays.
    pub async fn delete(
        &self,
        application: &Application,
        cascade: bool,
        request: &SyncRequest,
        observer: Observer<'_>,
    ) -> Result<Option<ApplyPlan>, SyncError> {
        let (comparison, plan) = self.deletion(application, request).await?;
        let mut outcome = None;
        if cascade {
            observer(SyncEvent::Planned(&plan));
            let mut policy = Policy::new(comparison.target.cluster.as_str());
            policy.budget = Budget::of(usize::MAX);
            policy.allow_empty = true;
            let approved = gate(plan.clone(), &policy, self.clock.now())?;
            self.journal.ready()?;
            outcome = Some(execute(self, approved, &comparison, request, observer).await.0);
        }
        let failed = outcome.as_ref().is_some_and(|end| end.phase != gitops_apply::execute::OutcomePhase::Succeeded);
        let message = outcome.as_ref().map(|end| end.message.clone()).unwrap_or_default();
        self.journal.append(&Record {
            time: self.clock.now(),
            application: format!("{}/{}", control_namespace(application), application.name()),
            action: Action::Delete,
            initiator: request.initiator.clone(),
            commits: Vec::new(),
            digest: None,
            outcome: if failed { "Failed".into() } else { "Succeeded".into() },
            message,
            changes: Vec::new(),
        })?;
        if failed {
            return Ok(None);
        }
        self.delete_inventory(&comparison).await?;
        Applications::of(self.cluster.as_ref()).delete(application).await?;
        Ok(Some(plan))
    }

    async fn deletion(
        &self,
        application: &Application,
        request: &SyncRequest,
    ) -> Result<(Comparison, ApplyPlan), SyncError> {
        let owner = owner_name(application);
        let namespace = control_namespace(application);
        let cluster = self.cluster.as_ref();
        let inventory = load_inventory(cluster, namespace, &owner).await.map_err(CompareError::from)?;
        let tenant = self.tenant(application).await?;
        let live = observe(tenant.0.as_ref(), &Desired::default(), &inventory).await.map_err(CompareError::Cluster)?;
        let info = cluster.info().await.map_err(CompareError::Cluster)?;
        let target = PlanTarget {
            cluster: info.uid,
            application_namespace: namespace.into(),
            application: application.name().into(),
            owner,
            namespace: application.spec.destination.namespace().unwrap_or_default().into(),
        };
        let comparison = Comparison {
            resolved: Resolved { sources: Vec::new() },
            source: PlanSource::default(),
            target,
            source_types: Vec::new(),
            warnings: Vec::new(),
            desired: Desired::default(),
            tenant,
            inventory,
            live,
            diffs: BTreeMap::new(),
            kinds: std::sync::Arc::clone(&self.kinds),
            ignore: IgnoreRules::compile(&[]).map_err(CompareError::Ignore)?,
        };
        let mut options = PlanOptions::default();
        options.prune = true;
        options.consent = request.consent.clone();
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

    async fn delete_inventory(&self, comparison: &Comparison) -> Result<(), SyncError> {
        let namespace = comparison.target.application_namespace.as_str();
        for name in comparison.inventory.part_names() {
            let target = ObjectId::new("", "ConfigMap", Some(namespace), name).at_version("v1");
            let Some(live) = self.cluster.get(&target).await.map_err(CompareError::Cluster)? else { continue };
            match self.cluster.delete(Delete::new(&target, live.uid().unwrap_or_default())).await {
                Err(error) if error.kind != ErrorKind::NotFound => return Err(CompareError::Cluster(error).into()),
                _ => {}
            }
        }
        Ok(())
    }
}
