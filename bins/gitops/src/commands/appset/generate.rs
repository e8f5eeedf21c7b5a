use std::process::ExitCode;

use gitops_core::api::Application;

use super::expand;
use crate::arguments::{GenerateArguments, GenerateFormat, GlobalArguments};
use crate::failure::Failure;
use crate::output::stream::{self, print_line};
use crate::output::{self, table};

const COLUMNS: [&str; 7] = ["NAME", "CLUSTER", "NAMESPACE", "PROJECT", "REPO", "PATH", "TARGET"];

pub(super) fn run(arguments: &GenerateArguments, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    let expanded = expand::all(&arguments.expand, global)?;
    let applications: Vec<&Application> = expanded.iter().flat_map(|one| one.expansion.applications()).collect();
    match arguments.output {
        GenerateFormat::Json => output::json(&applications)?,
        GenerateFormat::Yaml => {
            for (index, application) in applications.iter().enumerate() {
                if index > 0 {
                    print_line!("---")?;
                }
                output::yaml(application)?;
            }
        }
        GenerateFormat::Name => applications.iter().try_for_each(|application| {
            print_line!("{}/{}", application.metadata.namespace().unwrap_or_default(), application.name())
        })?,
        GenerateFormat::Table => stream::text(&table::render(&COLUMNS, applications.into_iter().map(row)))?,
    }
    let complete = expanded.iter().all(|one| one.expansion.is_complete());
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn row(application: &Application) -> Vec<String> {
    let destination = &application.spec.destination;
    let sources = application.sources();
    let source = sources.first();
    vec![
        application.name().into(),
        destination.server().or(destination.name()).unwrap_or_default().into(),
        destination.namespace().unwrap_or_default().into(),
        application.spec.project().into(),
        source.map(|source| source.repo_url.clone()).unwrap_or_default(),
        source.and_then(|source| source.path().or(source.chart())).unwrap_or_default().into(),
        source.and_then(|source| source.target_revision()).unwrap_or_default().into(),
    ]
}
