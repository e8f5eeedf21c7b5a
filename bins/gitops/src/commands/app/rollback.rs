use std::process::ExitCode;

use gitops_git::Person;

use crate::arguments::{RefreshArguments, RollbackArguments};
use crate::commands::sync::{finish, request};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::print_line;
use crate::output::{self, watch::Watcher};

pub(super) async fn run(context: &Context, arguments: &RollbackArguments) -> Result<ExitCode, Failure> {
    let application = context.applications().get(&arguments.app_namespace, &arguments.name).await?;
    let refresh = RefreshArguments {
        revision: None,
        strict: false,
        locked: false,
        app_namespace: arguments.app_namespace.clone(),
    };
    let mut request = request(context, &refresh, arguments.timeout);
    request.prune = arguments.prune.then_some(true);
    let mut watcher = Watcher::new(&application, false);
    let result = context.engine.rollback(&application, arguments.id, request, &mut |event| watcher.on(&event)).await;
    watcher.finish();
    let hint = "`gitops app history` shows the ids";
    let (report, left) = result.map_err(|error| Failure::from(error).hint(hint))?;
    let well = finish(context, report, false, false)?;
    if let Some(commit) = &left {
        let short = output::short_id(commit);
        print_line!("commit {short} is quarantined: it is not deployed again until another takes its place")?;
        if arguments.revert {
            let author = Person::new(context.user.as_str(), format!("{}@localhost", context.user));
            let revert = context.engine.revert(&application, commit, author)?;
            print_line!("commit {} reverts it", output::short_id(&revert))?;
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
