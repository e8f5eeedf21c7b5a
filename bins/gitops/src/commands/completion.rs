use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::Failure;

pub(super) fn run(shell: Shell) -> Result<ExitCode, Failure> {
    clap_complete::generate(shell, &mut Arguments::command(), "gitops", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
