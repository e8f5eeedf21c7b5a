//! The command line: parses, calls the library, presents. Everything else lives in the crates.

mod arguments;
mod commands;
mod context;
mod failure;
mod output;
mod sandbox;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use crate::arguments::Arguments;

/// A render is many small allocations, and this program ends with it: what it keeps longer than need be does not count.
/// A program that runs for long is smaller with the system's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
