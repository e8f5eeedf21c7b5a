use std::process::ExitCode;

use crate::arguments::ConfirmDeletionArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::print_line;

pub(super) async fn run(context: &Context, arguments: &ConfirmDeletionArguments) -> Result<ExitCode, Failure> {
    let application = context.applications().get(&arguments.app_namespace, &arguments.name).await?;
    context.applications().confirm_deletion(&application, context.engine.clock.now()).await?;
    print_line!("application '{}' updated: its deletions are confirmed", arguments.name)?;
    Ok(ExitCode::SUCCESS)
}
