use std::process::ExitCode;

use gitops_controller::appset::{Change, changes};
use gitops_core::Object;
use gitops_core::api::Application;
use gitops_diff::present::{self, TextOptions};
use gitops_diff::{DiffContext, ObjectDiff};

use super::expand::Expanded;
use crate::arguments::{AppSetDiffArguments, AppSetDiffFormat};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::paint;
use crate::output::stream::{self, error_line, print_line};

pub(super) async fn run(
    context: &Context,
    arguments: &AppSetDiffArguments,
    expanded: &[Expanded],
) -> Result<ExitCode, Failure> {
    let mut diffs = Vec::new();
    for Expanded { set, expansion } in expanded {
        let live = context.applications().list(Some(&set.namespace)).await?;
        for change in changes(set, expansion, &live)? {
            match change {
                Change::Create(application) => diffs.push(gitops_diff::creation(&object(&application)?)),
                Change::Delete(application) => diffs.push(gitops_diff::deletion(&object(&application)?)),
                Change::Update { live, desired } => diffs.push(between(&live, &desired)?),
                Change::Keep { application, reason } => {
                    error_line!("{} {} stays as it is: {reason}", paint::warning("warning:"), application.name());
                }
                _ => {}
            }
        }
    }
    match arguments.output {
        AppSetDiffFormat::Text => stream::text(&present::text(&diffs, TextOptions::new(true)))?,
        AppSetDiffFormat::Json => print_line!("{}", serde_json::to_string_pretty(&present::json(&diffs))?)?,
    }
    if expanded.iter().any(|one| !one.expansion.is_complete()) {
        return Ok(ExitCode::from(2));
    }
    Ok(if !diffs.is_empty() && arguments.exit_code { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn between(live: &Application, desired: &Application) -> Result<ObjectDiff, Failure> {
    Ok(gitops_diff::between(&object(live)?, &object(desired)?, &DiffContext::new())?)
}

/// An Application as it is defined, without what was seen of it.
fn object(application: &Application) -> Result<Object, Failure> {
    let mut application = application.clone();
    application.status = None;
    application.metadata.managed_fields = None;
    Ok(Object::from_value(serde_json::to_value(&application)?)?)
}
