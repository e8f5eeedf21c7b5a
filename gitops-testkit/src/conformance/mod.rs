//! Runs recorded cases against the same library functions that the commands call.
//!
//! A folder holds areas, an area holds cases, a case has an id and passes or fails with the first difference. Cases
//! run in parallel, each with a time limit, and a panic is a failure of its case.

mod areas;
mod case;
mod compare;
mod owned;
mod replay;
mod report;
mod runner;

use std::io::Write;
use std::path::PathBuf;

use thiserror::Error;

pub use case::{Case, Verdict};
pub use report::{AreaCount, CaseResult, Report};

/// What to run and where to write.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The folder of cases.
    pub directory: PathBuf,
    /// Only areas with this prefix.
    pub area: Option<String>,
    /// Ids that must pass.
    pub expect: Option<PathBuf>,
    /// Where failing ids go.
    pub failures: Option<PathBuf>,
    /// Where passing ids go.
    pub passing: Option<PathBuf>,
    /// Whether the counts are printed as JSON.
    pub json: bool,
}

impl Options {
    /// Everything in a folder.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, area: None, expect: None, failures: None, passing: None, json: false }
    }
}

/// Why a run could not be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The folder is not there.
    #[error("`{}` is not a folder of conformance cases", .0.display())]
    NoDirectory(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of cases is not of the known layout.
    #[error("{}: {message}", .path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The output cannot be written.
    #[error("cannot write the result")]
    Output(#[from] std::io::Error),
}

/// Runs the cases and prints the counts. `false` where an expected id did not pass.
///
/// # Errors
/// Where a file cannot be read or written, or is not of the known layout.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<bool, RunError> {
    if !options.directory.is_dir() {
        return Err(RunError::NoDirectory(options.directory.clone()));
    }
    let wanted = |case: &Case| options.area.as_deref().is_none_or(|prefix| case.area.starts_with(prefix));
    let cases = areas::load(&options.directory)?.into_iter().filter(wanted).collect();
    let report = Report::new(runner::run(cases));
    report.print(out, options.json)?;
    if let Some(path) = &options.failures {
        write_file(path, &report.failures())?;
    }
    if let Some(path) = &options.passing {
        write_file(path, &report.passing())?;
    }
    match &options.expect {
        Some(path) => {
            let expected =
                std::fs::read_to_string(path).map_err(|source| RunError::File { path: path.clone(), source })?;
            Ok(report.compare(&expected, options.area.as_deref(), out)?)
        }
        None => Ok(true),
    }
}

fn write_file(path: &PathBuf, text: &str) -> Result<(), RunError> {
    std::fs::write(path, text).map_err(|source| RunError::File { path: path.clone(), source })
}
