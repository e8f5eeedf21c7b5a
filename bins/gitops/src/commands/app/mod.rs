//! `gitops app …`: Argo CD's words.

mod confirm_deletion;
mod create;
mod delete;
mod get;
mod history;
mod list;
mod manifests;
mod rollback;

use std::process::ExitCode;

use crate::arguments::AppCommand;
use crate::commands::{diff, sync};
use crate::context::Context;
use crate::failure::Failure;

pub(super) async fn run(context: &Context, command: AppCommand) -> Result<ExitCode, Failure> {
    match command {
        AppCommand::List(arguments) => list::run(context, &arguments).await,
        AppCommand::Get(arguments) => get::run(context, &arguments).await,
        AppCommand::Create(arguments) => create::run(context, &arguments).await,
        AppCommand::Sync(arguments) => sync::run(context, &arguments).await,
        AppCommand::Diff(arguments) => diff::run(context, &arguments).await,
        AppCommand::History(arguments) => history::run(context, &arguments).await,
        AppCommand::Rollback(arguments) => rollback::run(context, &arguments).await,
        AppCommand::Delete(arguments) => delete::run(context, &arguments).await,
        AppCommand::ConfirmDeletion(arguments) => confirm_deletion::run(context, &arguments).await,
        AppCommand::Manifests(arguments) => manifests::run(context, &arguments).await,
    }
}
