//! `gitops appset …`: Applications of ApplicationSets, expanded as the operator does it.

mod diff;
mod expand;
mod generate;

use std::process::ExitCode;

use crate::arguments::{AppSetCommand, GlobalArguments};
use crate::failure::Failure;

pub(super) fn run(command: &AppSetCommand, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    match command {
        AppSetCommand::Generate(arguments) => generate::run(arguments, global),
        AppSetCommand::Diff(arguments) => {
            let expanded = expand::all(&arguments.expand, global)?;
            super::in_engine(global, async |context| diff::run(context, arguments, &expanded).await)
        }
    }
}
