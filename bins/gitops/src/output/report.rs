//! What came of a sync, resource by resource, and what to try next.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use gitops_apply::execute::OutcomePhase;
use gitops_controller::SyncReport;
use gitops_controller::status::{self, Resource};
use gitops_core::{ObjectId, Value};
use serde_json::json;

use super::stream::{self, print_line};
use super::{paint, table};
use crate::failure::{Failure, next_step};

const COLUMNS: [&str; 7] = ["GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "MESSAGE"];

/// Prints a report.
pub(crate) fn print(report: &SyncReport, dry_run: bool, notice: Option<&str>) -> Result<(), Failure> {
    if dry_run {
        return print_line!("\n{}", paint::hint("dry run: nothing was written"));
    }
    stream::text(&text(report, notice))
}

fn text(report: &SyncReport, notice: Option<&str>) -> String {
    let name = report.application.name();
    let overall = status::overall(&report.resources).to_string();
    let mut out = format!("\n{}\nhealth: {}\n", resources(&report.resources, report), paint::status(&overall));
    let _ = match &report.outcome {
        None => writeln!(out, "{}: {name} is as Git says", paint::good("nothing to do")),
        Some(outcome) => writeln!(out, "{}: {}", paint::status(outcome.phase.as_str()), outcome.message),
    };
    let troubles: BTreeSet<_> =
        report.outcome.iter().flat_map(|outcome| &outcome.resources).filter_map(|one| one.trouble).collect();
    for trouble in troubles {
        let _ = writeln!(out, "{} {}", paint::hint("hint:"), next_step(trouble));
    }
    if let Some(notice) = notice {
        let _ = writeln!(out, "{}", paint::faint(&format!("({notice})")));
    }
    next(&mut out, report, name);
    out
}

/// The table of resources.
pub(crate) fn resources(resources: &[Resource], report: &SyncReport) -> String {
    let results = report.outcome.iter().flat_map(|outcome| &outcome.resources);
    // Of several results of one object, such as a hook's in two phases, the last counts.
    let messages: HashMap<&ObjectId, &str> = results.map(|result| (&result.object.id, &*result.message)).collect();
    table::render(&COLUMNS, resources.iter().map(|resource| row(resource, &messages)))
}

fn row(resource: &Resource, messages: &HashMap<&ObjectId, &str>) -> Vec<String> {
    let id = &resource.object.id;
    let message =
        if resource.message.is_empty() { messages.get(id).copied().unwrap_or_default() } else { &resource.message };
    vec![
        id.group.to_string(),
        id.kind.to_string(),
        id.namespace.as_deref().unwrap_or_default().to_owned(),
        id.name.to_string(),
        paint::status(sync_word(resource)),
        resource.health.map(|health| paint::status(&health.to_string())).unwrap_or_default(),
        message.to_owned(),
    ]
}

/// `Synced` or `OutOfSync`.
pub(crate) fn sync_word(resource: &Resource) -> &'static str {
    if resource.synced { "Synced" } else { "OutOfSync" }
}

fn next(out: &mut String, report: &SyncReport, name: &str) {
    let failed = report.outcome.as_ref().is_some_and(|outcome| outcome.phase != OutcomePhase::Succeeded);
    let tries: &[(&str, &str)] = if failed {
        &[
            ("gitops app get", "what is wrong where"),
            ("gitops app rollback", "back to the revision before"),
            ("gitops history", "who deployed what"),
        ]
    } else if report.outcome.is_none() {
        &[
            ("gitops app get", "its resources"),
            ("gitops app history", "what was deployed"),
            ("gitops plan", "what a sync would write"),
        ]
    } else {
        &[
            ("gitops app get", "its resources"),
            ("gitops diff", "drift, should somebody change something"),
            ("gitops history", "who deployed what"),
        ]
    };
    let _ = writeln!(out, "\n{}", paint::title("next"));
    let width = tries.iter().map(|(command, _)| command.len() + 1 + name.len()).max().unwrap_or(0);
    for (command, about) in tries {
        let command = format!("{command} {name}");
        let pad = " ".repeat(width - command.len());
        let _ = writeln!(out, "  {}{pad}  {}", paint::hint(&command), paint::faint(about));
    }
}

/// A report as JSON.
pub(crate) fn json(report: &SyncReport) -> Value {
    let resource = |resource: &Resource| {
        json!({
            "object": resource.object,
            "status": sync_word(resource),
            "health": resource.health,
            "message": resource.message,
            "requiresPruning": resource.extra,
        })
    };
    json!({
        "application": report.application.name(),
        "plan": report.plan,
        "outcome": report.outcome,
        "resources": report.resources.iter().map(resource).collect::<Vec<_>>(),
        "health": status::overall(&report.resources),
        "warnings": report.warnings,
    })
}
