use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use gitops_apply::execute::OutcomePhase;
use gitops_apply::health::HealthStatus;
use gitops_apply::plan::Budget;
use gitops_controller::applications::Defined;
use gitops_controller::order::dependent;
use gitops_controller::{Engine, Rehearsal, SyncError, SyncEvent, SyncReport, SyncRequest, status};
use gitops_core::api::Application;
use gitops_fetch::LockMode;
use jiff::SignedDuration;

use crate::arguments::{RefreshArguments, SyncArguments, SyncFormat};
use crate::context::{Context, is_file, read_applications, seen};
use crate::failure::Failure;
use crate::output::stream::error_line;
use crate::output::{self, paint, report, watch::Watcher};

pub(super) async fn run(context: &Context, arguments: &SyncArguments) -> Result<ExitCode, Failure> {
    let refresh = &arguments.refresh;
    if let [argument] = &*arguments.applications
        && is_file(argument)
        && let [definition] = &*read_applications(Path::new(argument), refresh.strict)?
        && dependent(definition).after.is_empty()
    {
        let synced = Job::new(context, arguments, false)?.run_defined(definition).await?;
        return Ok(if synced.well { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    let (mut all, mut held) = (Vec::new(), BTreeSet::new());
    for argument in &arguments.applications {
        for defined in context.defined(argument, &refresh.app_namespace, refresh.strict).await? {
            if defined.held {
                held.insert(dependent(&defined.application).application);
            }
            all.push(defined.application);
        }
    }
    let stages = context.engine.stages(all).await.map_err(|error| {
        Failure::from(error).hint_where("depends on the application", "name it too, and it is synced first")
    })?;
    let mut code = ExitCode::SUCCESS;
    let mut unready = BTreeSet::new();
    for (number, stage) in stages.iter().enumerate() {
        // What others may depend on is waited for, whatever was asked.
        let relied_on = number + 1 < stages.len();
        for application in stage {
            let dependent = dependent(application);
            let blocked: Vec<&str> = dependent.waits_for(|name| !unready.contains(name)).collect();
            if !blocked.is_empty() {
                let words = format!("it depends on {}", blocked.join(", "));
                error_line!("{} application '{}' is not synced: {words}", paint::error("error:"), application.name());
                code = ExitCode::from(1);
                unready.insert(dependent.application);
                continue;
            }
            let job = Job::new(context, arguments, relied_on)?;
            let synced = job.run(application, held.contains(&dependent.application)).await?;
            if !synced.well {
                code = ExitCode::from(1);
            }
            if !synced.ready {
                unready.insert(dependent.application);
            }
        }
    }
    Ok(code)
}

/// How a sync went.
struct Synced {
    /// Whether it did what it was to do.
    well: bool,
    /// Whether others may rely on it.
    ready: bool,
}

/// A sync of an Application, as it was asked for.
struct Job<'a> {
    context: &'a Context,
    arguments: &'a SyncArguments,
    engine: Engine,
    request: SyncRequest,
    /// Whether others may rely on it.
    relied_on: bool,
}

impl<'a> Job<'a> {
    fn new(context: &'a Context, arguments: &'a SyncArguments, relied_on: bool) -> Result<Self, Failure> {
        let mut request = request(context, &arguments.refresh, arguments.timeout);
        request.prune = arguments.prune.then_some(true);
        request.dry_run = arguments.dry_run;
        request.consent.confirmed = arguments.confirm;
        request.await_confirmation = arguments.await_confirmation;
        for resource in &arguments.resources {
            request.only.push(resource.parse()?);
        }
        if let Some(count) = arguments.prune_budget {
            request.budget = Budget::of(count);
        }
        let mut engine = context.engine.clone();
        if arguments.rehearse {
            engine.conduct.rehearsal = Rehearsal::Always;
        }
        Ok(Self { context, arguments, engine, request, relied_on })
    }

    /// Syncs an Application as it would be with its definition, which the cluster holds or not, and shows it.
    async fn run(mut self, application: &Application, held: bool) -> Result<Synced, Failure> {
        let mut watcher = self.watcher(application);
        self.request.define = !held;
        let report = self.engine.sync(application, &self.request, &mut |event| watcher.on(&event)).await;
        self.conclude(application, report.map_err(explain)?, &watcher).await
    }

    /// Syncs the Application of a definition. Its objects are compared while the cluster is asked whether it holds it so.
    async fn run_defined(self, definition: &Application) -> Result<Synced, Failure> {
        let mut watcher = self.watcher(definition);
        watcher.hold();
        let options = &self.request.compare;
        let (defined, compared) =
            self.engine.compare_defined(definition, options, &mut |event| watcher.on(&event)).await?;
        let Defined { application, held, .. } = seen(defined, definition);
        watcher.release(compared.is_some());
        let Some(comparison) = compared else {
            watcher.finish();
            return self.run(&application, held).await;
        };
        let comparison = comparison.map_err(|error| explain(error.into()))?;
        let observer = &mut |event: SyncEvent<'_>| watcher.on(&event);
        let report = self.engine.sync_compared(&application, comparison, &self.request, observer).await;
        self.conclude(&application, report.map_err(explain)?, &watcher).await
    }

    fn watcher(&self, application: &Application) -> Watcher {
        Watcher::new(application, self.is_json())
    }

    fn is_json(&self) -> bool {
        self.arguments.output == SyncFormat::Json
    }

    /// Waits for health where that is asked for, and shows what came of the sync.
    async fn conclude(
        &self,
        application: &Application,
        mut report: SyncReport,
        watcher: &Watcher,
    ) -> Result<Synced, Failure> {
        let (arguments, request) = (self.arguments, &self.request);
        let moving = report.resources.iter().any(|resource| resource.health == Some(HealthStatus::Progressing));
        let wait = moving && (self.relied_on || report.outcome.is_some() && !arguments.no_wait);
        if !request.dry_run && wait {
            watcher.message("waiting until the resources are healthy");
            let patience = arguments
                .timeout
                .and_then(|seconds| i64::try_from(seconds).ok())
                .map_or(PATIENCE, SignedDuration::from_secs);
            report.resources = self.engine.settle(application, &request.compare, patience).await.map_err(explain)?;
        }
        watcher.finish();
        let healthy = status::overall(&report.resources) == HealthStatus::Healthy;
        let well = finish(self.context, report, request.dry_run, self.is_json())?;
        Ok(Synced { well, ready: request.dry_run || well && healthy })
    }
}

/// How long a sync waits for health at its end.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// What every sync is asked with.
pub(super) fn request(context: &Context, refresh: &RefreshArguments, timeout: Option<u64>) -> SyncRequest {
    let mut request = SyncRequest::new(context.user.as_str());
    request.compare.revision.clone_from(&refresh.revision);
    request.compare.strict = refresh.strict;
    if refresh.locked {
        request.compare.lock = LockMode::Locked;
    }
    if let Some(seconds) = timeout.and_then(|seconds| i64::try_from(seconds).ok()) {
        request.wait = SignedDuration::from_secs(seconds);
    }
    request
}

/// Shows what came of a sync; whether it went well.
pub(super) fn finish(context: &Context, report: SyncReport, dry_run: bool, json: bool) -> Result<bool, Failure> {
    if json {
        output::json(&report::json(&report))?;
    } else {
        report::print(&report, dry_run, context.notice.as_deref())?;
    }
    let degraded = report.outcome.is_some() && status::overall(&report.resources) == HealthStatus::Degraded;
    Ok(!degraded && report.outcome.as_ref().is_none_or(|outcome| outcome.phase == OutcomePhase::Succeeded))
}

/// A sync's error with what to do next.
pub(super) fn explain(error: SyncError) -> Failure {
    let refused = matches!(error, SyncError::Refused(_) | SyncError::Unconfirmed(_));
    let failure = Failure::from(error);
    let failure = failure
        .hint_where(
            "is quarantined",
            "push a commit that takes its place, or `gitops app rollback` to another revision",
        )
        .hint_where("objects would be deleted", "look at `gitops plan`; if that is meant, allow it with --prune-budget")
        .hint_where(
            "waits for confirmation",
            "delete it with --confirm, or confirm it with `gitops app confirm-deletion` while --await-confirmation waits",
        )
        .hint_where("moved from commit", "make the plan again: `gitops plan --out`")
        .hint_where(
            "would be deleted",
            "if that is meant, set `allowEmpty: true` in the application's automated policy",
        )
        .hint_where(
            "does not know the kind",
            "add its CustomResourceDefinition to the source, or set the sync option SkipDryRunOnMissingResource=true",
        );
    if refused { failure.with_code(1) } else { failure }
}
