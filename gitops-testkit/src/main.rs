//! The command line of the conformance runner.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gitops_testkit::conformance::{self, Options};

/// Proves the engine against the recorded results of the tools that it follows.
#[derive(Parser)]
#[command(name = "gitops-testkit")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the cases of a folder of conformance data and count those that pass, area by area
    Conformance {
        /// The folder; an area that it lacks is left out
        directory: PathBuf,
        /// Only areas that begin so, such as `kustomize` or `cluster/ssa`
        #[arg(long, value_name = "PREFIX")]
        area: Option<String>,
        /// Fail when an id of this file no longer passes
        #[arg(long, value_name = "FILE")]
        expect: Option<PathBuf>,
        /// Write the ids that fail, each with the first difference
        #[arg(long, value_name = "FILE")]
        failures: Option<PathBuf>,
        /// Write the ids that pass, sorted, as `--expect` reads them
        #[arg(long, value_name = "FILE")]
        passing: Option<PathBuf>,
        /// Print the counts and each case's time as JSON
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let Command::Conformance { directory, area, expect, failures, passing, json } = Arguments::parse().command;
    let mut options = Options::new(directory);
    options.area = area;
    options.expect = expect;
    options.failures = failures;
    options.passing = passing;
    options.json = json;
    match conformance::run(&options, &mut std::io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
