use std::io::{stdin, stdout};
use std::process::ExitCode;

use gitops_controller::sandbox::run_worker;

use crate::failure::Failure;

/// Jsonnet nests as deep as a program does; its stack is this thread's.
const STACK_BYTES: usize = 128 << 20;

pub(super) fn run() -> Result<ExitCode, Failure> {
    let worker = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(|| run_worker(std::io::BufReader::new(stdin()), stdout()))?;
    worker.join().map_err(|_| Failure::new("the evaluation ended badly"))??;
    Ok(ExitCode::SUCCESS)
}
