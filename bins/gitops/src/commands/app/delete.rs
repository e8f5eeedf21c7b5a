use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use gitops_controller::deletion::{Cascade, Deletion};
use gitops_controller::{CompareError, SyncError, SyncRequest};
use jiff::SignedDuration;

use crate::arguments::DeleteArguments;
use crate::commands::sync::explain;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::{self, error_line, print_line};
use crate::output::{paint, plan_text, watch::Watcher};

pub(super) async fn run(context: &Context, arguments: &DeleteArguments) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::SUCCESS;
    for name in &arguments.names {
        let application = context.applications().get(&arguments.app_namespace, name).await?;
        let request = request(context, arguments);
        if arguments.cascade && !arguments.yes {
            let plan = context.engine.plan_deletion(&application, &request).await.map_err(explain_deletion)?;
            stream::text(&plan_text::text(&plan))?;
            if !confirmed(name)? {
                print_line!("application '{name}' was left")?;
                continue;
            }
        }
        let mut watcher = Watcher::new(&application, false);
        let cascade = if arguments.cascade { Cascade::Everything } else { Cascade::Nothing };
        let deleted = context.engine.delete(&application, cascade, &request, &mut |event| watcher.on(&event)).await;
        watcher.finish();
        match deleted.map_err(explain_deletion)? {
            Deletion::Stays(outcome) => {
                let why = &outcome.message;
                error_line!(
                    "{} application '{name}' stays: not everything could be deleted: {why}",
                    paint::error("error:")
                );
                code = ExitCode::from(1);
            }
            _ => print_line!("application '{name}' deleted")?,
        }
    }
    Ok(code)
}

fn request(context: &Context, arguments: &DeleteArguments) -> SyncRequest {
    let mut request = SyncRequest::new(context.user.as_str());
    request.consent.confirmed = arguments.confirm;
    request.await_confirmation = arguments.await_confirmation;
    request.without_hooks = arguments.no_hooks;
    if let Some(seconds) = arguments.timeout.and_then(|seconds| i64::try_from(seconds).ok()) {
        request.wait = SignedDuration::from_secs(seconds);
    }
    request
}

/// The error of a deletion with what to do next: hooks are all that the sources are needed for.
fn explain_deletion(error: SyncError) -> Failure {
    let of_sources = matches!(
        error,
        SyncError::Compare(CompareError::Source(_) | CompareError::Render(_) | CompareError::Prepare(_))
    );
    let failure = explain(error);
    if of_sources { failure.hint("with --no-hooks it is deleted without the hooks of its sources") } else { failure }
}

fn confirmed(name: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Failure::new(format!("deleting '{name}' and what it deployed needs confirmation")).hint("add --yes")
        );
    }
    stream::text(&format!("delete application '{name}' and all this? [y/n] "))?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "yes"))
}
