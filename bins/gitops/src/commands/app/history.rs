use std::process::ExitCode;

use gitops_core::api::RevisionHistory;

use crate::arguments::{Format, HistoryArguments};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::{self, print_line};
use crate::output::{self, table};

pub(super) async fn run(context: &Context, arguments: &HistoryArguments) -> Result<ExitCode, Failure> {
    let application = context.applications().get(&arguments.app_namespace, &arguments.name).await?;
    let history = application.status.and_then(|status| status.history).unwrap_or_default();
    match arguments.output {
        Format::Json => output::json(&history)?,
        Format::Yaml => output::yaml(&history)?,
        Format::Name => history.iter().try_for_each(|entry| print_line!("{}", entry.id))?,
        Format::Text => stream::text(&table::render(&["ID", "DATE", "REVISION"], history.iter().map(row)))?,
        Format::Wide => {
            let header = ["ID", "DATE", "REVISION", "INITIATED BY", "SOURCE"];
            stream::text(&table::render(&header, history.iter().map(wide_row)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(entry: &RevisionHistory) -> Vec<String> {
    let target = entry.source.as_ref().and_then(|source| source.target_revision()).unwrap_or("HEAD");
    let revision = entry.revision.as_deref().or_else(|| entry.revisions.as_ref()?.first().map(String::as_str));
    let short = revision.map(output::short_id).unwrap_or_default();
    vec![entry.id.to_string(), output::time(entry.deployed_at.0), format!("{target} ({short})")]
}

fn wide_row(entry: &RevisionHistory) -> Vec<String> {
    let mut row = row(entry);
    let initiator = entry.initiated_by.as_ref();
    let automated = initiator.is_some_and(|initiator| initiator.automated == Some(true));
    let name = initiator.and_then(|initiator| initiator.username.clone());
    row.push(name.unwrap_or_else(|| if automated { "automated sync policy".into() } else { "unknown".into() }));
    let source = entry.source.as_ref();
    row.push(source.map(|source| format!("{} {}", source.repo_url, source.path().unwrap_or("."))).unwrap_or_default());
    row
}
