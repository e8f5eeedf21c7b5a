//! Events as lines.

use std::io::{self, Write as _};

use gitops_controller::causes;
use gitops_controller::operator::Event;

use crate::arguments::Output;

/// Prints an event. Where nobody reads any more, nobody is left who could be told.
pub(crate) fn event(event: &Event, output: Output) {
    let line = match output {
        Output::Json => serde_json::to_string(event).unwrap_or_default(),
        Output::Text => text(event),
    };
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Prints an error with its causes.
pub(crate) fn error(error: &dyn std::error::Error) {
    let line = format!("error: {}", causes::chain(error));
    let _ = writeln!(io::stderr().lock(), "{line}");
}

fn text(event: &Event) -> String {
    match event {
        Event::Ready { applications } => format!("following {applications} applications"),
        Event::Syncing { application, initiator, .. } => format!("{application}: sync begins ({initiator})"),
        Event::Synced { application, revision, phase, message, writes, .. } => {
            let short = revision.get(..12).unwrap_or(revision);
            format!("{application}: {phase} at {short}, {writes} steps; {message}")
        }
        Event::Observed { application, sync, health, steps, differs, would_sync, message, .. } => {
            let differs = if differs.is_empty() { String::new() } else { format!("; {}", differs.join("; ")) };
            let would = if *would_sync { "would be synced" } else { "would be left" };
            let why = message.as_deref().map(|message| format!("; {message}")).unwrap_or_default();
            format!(
                "{application}: {sync}, {health}; {would}; {} steps: {}{differs}{why}",
                steps.len(),
                steps.join(", ")
            )
        }
        Event::Failed { application, message } => format!("{application}: {message}"),
        Event::Deleted { application } => format!("{application}: deleted, with all that it deployed"),
        Event::Generated { set, created, updated, deleted } => {
            format!("{set}: {created} applications created, {updated} changed, {deleted} deleted")
        }
        Event::NotGenerated { set, message } => format!("{set}: {message}"),
        Event::Holding { shard } => format!("{shard}: worked at here from now on"),
        Event::Released { shard } => format!("{shard}: worked at by another replica"),
        Event::Trouble { what, message } => format!("{what}: {message}"),
        other => format!("{other:?}"),
    }
}
