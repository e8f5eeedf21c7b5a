use std::process::ExitCode;

use gitops_apply::present;
use gitops_controller::reconcile::make_plan;

use super::sync::{explain, request};
use crate::arguments::{PlanArguments, PlanFormat};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::{self, error_line};
use crate::output::{self, plan_text, watch::Watcher};

pub(super) async fn run(context: &Context, arguments: &PlanArguments) -> Result<ExitCode, Failure> {
    let refresh = &arguments.refresh;
    for application in context.named(&arguments.application, &refresh.app_namespace, refresh.strict).await? {
        let mut request = request(context, refresh, None);
        request.prune = arguments.prune.then_some(true);
        let mut watcher = Watcher::new(&application, arguments.output != PlanFormat::Text);
        let compared = context.engine.compare(&application, &request.compare, &mut |event| watcher.on(&event)).await;
        watcher.finish();
        let plan = make_plan(&application, &compared?, &request).map_err(explain)?;
        match arguments.output {
            PlanFormat::Text => stream::text(&plan_text::text(&plan))?,
            PlanFormat::Json => output::json(&plan)?,
            PlanFormat::Html => stream::text(&present::html(&plan))?,
            PlanFormat::Dot => stream::text(&present::dot(&plan))?,
        }
        if let Some(path) = &arguments.out {
            let mut text = serde_json::to_string_pretty(&plan)?;
            text.push('\n');
            // Who carries the plan out names the Application only by way of the plan.
            context.applications().apply(&application).await?;
            std::fs::write(path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
            error_line!("saved; carry it out with: gitops apply {}", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
