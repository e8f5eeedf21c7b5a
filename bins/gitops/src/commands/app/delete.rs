use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use gitops_controller::SyncRequest;

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
        let request = SyncRequest::new(context.user.as_str());
        if arguments.cascade && !arguments.yes {
            let plan = context.engine.plan_deletion(&application, &request).await.map_err(explain)?;
            stream::text(&plan_text::text(&plan))?;
            if !confirmed(name)? {
                print_line!("application '{name}' was left")?;
                continue;
            }
        }
        let mut watcher = Watcher::new(&application, false);
        let deleted =
            context.engine.delete(&application, arguments.cascade, &request, &mut |event| watcher.on(&event)).await;
        watcher.finish();
        if deleted.map_err(explain)?.is_some() {
            print_line!("application '{name}' deleted")?;
        } else {
            error_line!("{} application '{name}' stays: not everything could be deleted", paint::error("error:"));
            code = ExitCode::from(1);
        }
    }
    Ok(code)
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
