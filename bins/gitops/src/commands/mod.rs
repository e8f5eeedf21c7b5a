//! One file a command: fill in options, call the library, present.

mod admin;
mod app;
mod apply;
mod appset;
mod backup;
mod build;
mod chart;
mod completion;
mod demo;
mod diff;
mod history;
mod install;
mod jsonnet_worker;
mod plan;
mod preview;
mod render;
mod sync;
mod template;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use crate::arguments::{AdminCommand, Arguments, Command, GlobalArguments};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::paint;

/// Runs a command to its end.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { global, command } = arguments;
    paint::choose(global.color);
    log(&global);
    let global = &global;
    match command {
        Command::Sync(arguments) => in_engine(global, async |context| sync::run(context, &arguments).await),
        Command::Plan(arguments) => in_engine(global, async |context| plan::run(context, &arguments).await),
        Command::Apply(arguments) => in_engine(global, async |context| apply::run(context, &arguments).await),
        Command::Diff(arguments) => in_engine(global, async |context| diff::run(context, &arguments).await),
        Command::Render(arguments) => in_engine(global, async |context| render::run(context, &arguments).await),
        Command::App { command } => in_engine(global, async |context| app::run(context, command).await),
        Command::Appset { command } => appset::run(&command, global),
        Command::Admin { command: AdminCommand::Manifests(arguments) } => admin::run(&arguments),
        Command::Admin { command: AdminCommand::Export(arguments) } => {
            in_engine(global, async |context| backup::export(context, &arguments).await)
        }
        Command::Admin { command: AdminCommand::Import(arguments) } => {
            in_engine(global, async |context| backup::import(context, &arguments).await)
        }
        Command::Install => in_engine(global, install::run),
        Command::History(arguments) => in_engine(global, async |context| history::run(context, &arguments)),
        Command::Demo(arguments) => in_engine(global, async |context| demo::run(context, &arguments).await),
        Command::Build(arguments) => build::run(&arguments, global),
        Command::Template(arguments) => template::run(&arguments, global),
        Command::Chart { command } => chart::run(command, global),
        Command::Preview(arguments) => preview::run(&arguments, global),
        Command::Completion { shell } => completion::run(shell),
        Command::JsonnetWorker => jsonnet_worker::run(),
    }
}

/// Opens what commands on Applications call on, and runs one.
fn in_engine(
    global: &GlobalArguments,
    command: impl AsyncFnOnce(&Context) -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let context = Context::open(global).await?;
        command(&context).await
    })
}

fn log(global: &GlobalArguments) {
    let level = match global.verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("GITOPS_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .log_internal_errors(false)
        .init();
}
