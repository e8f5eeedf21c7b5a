use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use gitops_controller::SyncRequest;

use crate::arguments::DeleteArguments;
use crate::commands::sync::explain;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{paint, plan_text, watch::Watcher};

pub(super) async fn run(context: &Context, arguments: &DeleteArguments) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::SUCCESS;
    for name in &arguments.names {
        let application = context.applications().get(&arguments.app_namespace, name).await?;
        let request = SyncRequest::new(context.user.as_str());
        if arguments.cascade && !arguments.yes {
            let plan = context.engine.plan_deletion(&application, &request).await.map_err(explain)?;
            plan_text::print(&plan);
            if !confirmed(name)? {
                anstream::println!("application '{name}' was left");
                continue;
            }
        }
        let mut watcher = Watcher::new(&application, false);
        let deleted =
            context.engine.delete(&application, arguments.cascade, &request, &mut |event| watcher.on(&event)).await;
        watcher.finish();
        if deleted.map_err(explain)?.is_some() {
            anstream::println!("application '{name}' deleted");
        } else {
            anstream::eprintln!(
                "{} application '{name}' stays: not everything could be deleted",
                paint::error("error:")
            );
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
    anstream::print!("delete application '{name}' and all this? [y/n] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "yes"))
}
