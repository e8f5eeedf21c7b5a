//! One file a command: fill in options, call the library, present.

mod app;
mod apply;
mod completion;
mod demo;
mod diff;
mod history;
mod jsonnet_worker;
mod plan;
mod render;
mod sync;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Command, GlobalArguments};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::paint;

/// Runs a command to its end.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { global, command } = arguments;
    paint::choose(global.color);
    log(&global);
    match command {
        Command::Completion { shell } => return completion::run(shell),
        Command::JsonnetWorker => return jsonnet_worker::run(),
        _ => {}
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run_in_engine(&global, command))
}

async fn run_in_engine(global: &GlobalArguments, command: Command) -> Result<ExitCode, Failure> {
    let context = Context::open(global).await?;
    match command {
        Command::Sync(arguments) => sync::run(&context, &arguments).await,
        Command::Plan(arguments) => plan::run(&context, &arguments).await,
        Command::Apply(arguments) => apply::run(&context, &arguments).await,
        Command::Diff(arguments) => diff::run(&context, &arguments).await,
        Command::Render(arguments) => render::run(&context, &arguments).await,
        Command::App { command } => app::run(&context, command).await,
        Command::History(arguments) => history::run(&context, &arguments),
        Command::Demo(arguments) => demo::run(&context, &arguments).await,
        Command::Completion { shell } => completion::run(shell),
        Command::JsonnetWorker => jsonnet_worker::run(),
    }
}

fn log(global: &GlobalArguments) {
    let level = match global.verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("GITOPS_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}
