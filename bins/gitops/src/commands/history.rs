use std::process::ExitCode;

use gitops_controller::audit::Record;

use crate::arguments::{AuditArguments, AuditFormat};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::{self, print_line};
use crate::output::{self, paint, table};

pub(super) fn run(context: &Context, arguments: &AuditArguments) -> Result<ExitCode, Failure> {
    let name = arguments.application.as_ref().map(|name| format!("{}/{name}", arguments.app_namespace));
    let records = context.engine.journal.read(name.as_deref())?;
    match arguments.output {
        AuditFormat::Json => {
            for record in &records {
                print_line!("{}", serde_json::to_string(record)?)?;
            }
        }
        AuditFormat::Text if records.is_empty() => print_line!("nothing was done yet")?,
        AuditFormat::Text => stream::text(&table::render(&COLUMNS, records.iter().map(row)))?,
        AuditFormat::Wide => records.iter().try_for_each(print_wide)?,
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: [&str; 8] = ["TIME", "APPLICATION", "ACTION", "BY", "COMMIT", "AUTHOR", "OUTCOME", "CHANGES"];

fn row(record: &Record) -> Vec<String> {
    let commit = record.commits.first();
    vec![
        output::time(record.time),
        record.application.clone(),
        format!("{:?}", record.action).to_ascii_lowercase(),
        record.initiator.clone(),
        commit.map(|commit| output::short_id(&commit.id).to_owned()).unwrap_or_default(),
        commit.map(|commit| commit.author.clone()).unwrap_or_default(),
        paint::status(&record.outcome),
        record.changes.len().to_string(),
    ]
}

fn print_wide(record: &Record) -> Result<(), Failure> {
    let action = format!("{:?}", record.action).to_ascii_lowercase();
    let head = format!("{} {action} {} by {}", output::time(record.time), record.application, record.initiator);
    print_line!("{}: {}", paint::title(&head), paint::status(&record.outcome))?;
    for commit in &record.commits {
        let signed = commit.signature.as_ref().map(|kind| format!(", signed ({kind})")).unwrap_or_default();
        print_line!("  commit {} {} ({}{signed})", output::short_id(&commit.id), commit.subject, commit.author)?;
    }
    if !record.message.is_empty() {
        print_line!("  {}", record.message)?;
    }
    for change in &record.changes {
        let fields = change.fields.join(" ");
        print_line!("  {} {} {} {}", change.verb, change.object, paint::status(&change.result), paint::faint(&fields))?;
    }
    Ok(())
}
