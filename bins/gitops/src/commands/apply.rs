use std::process::ExitCode;

use gitops_apply::ApplyPlan;
use gitops_controller::SyncRequest;
use jiff::SignedDuration;

use super::sync::{explain, finish};
use crate::arguments::ApplyArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::watch::Watcher;

pub(super) async fn run(context: &Context, arguments: &ApplyArguments) -> Result<ExitCode, Failure> {
    let path = &arguments.plan;
    let text = std::fs::read(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let plan: ApplyPlan = serde_json::from_slice(&text).map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()))
            .hint("make one with `gitops plan APPLICATION --out plan.json`")
    })?;
    let target = &plan.target;
    let application = context.applications().get(&target.application_namespace, &target.application).await?;
    let mut request = SyncRequest::new(context.user.as_str());
    request.compare.revision = plan.source.revisions.first().map(|revision| revision.revision.clone());
    request.prune = Some(true);
    if let Some(seconds) = arguments.timeout.and_then(|seconds| i64::try_from(seconds).ok()) {
        request.wait = SignedDuration::from_secs(seconds);
    }
    let mut watcher = Watcher::new(&application, false);
    let report = context.engine.apply_plan(&application, plan, &request, &mut |event| watcher.on(&event)).await;
    watcher.finish();
    let well = finish(context, report.map_err(explain)?, false, false)?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
