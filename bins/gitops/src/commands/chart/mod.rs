//! `gitops chart …`.

mod dependency;
mod pull;
mod show;
mod source;

use std::process::ExitCode;

use crate::arguments::{ChartCommand, DependencyCommand, GlobalArguments};
use crate::failure::Failure;

pub(super) use dependency::update;
pub(super) use source::Charts;

pub(super) fn run(command: ChartCommand, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    match command {
        ChartCommand::Pull(arguments) => pull::run(&arguments, global),
        ChartCommand::Show(arguments) => show::run(&arguments, global),
        ChartCommand::Dependency { command: DependencyCommand::Build(arguments) } => {
            dependency::build(&arguments, global)
        }
        ChartCommand::Dependency { command: DependencyCommand::List(arguments) } => {
            dependency::list(&arguments, global)
        }
    }
}
