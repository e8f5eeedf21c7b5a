use std::process::ExitCode;

use gitops_core::api::{Application, SyncPolicy};

use crate::arguments::{Format, ListArguments};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::{self, print_line};
use crate::output::{self, paint, table};

pub(super) async fn run(context: &Context, arguments: &ListArguments) -> Result<ExitCode, Failure> {
    let mut applications = context.applications().list(arguments.app_namespace.as_deref()).await?;
    let wanted = |application: &Application| {
        arguments.projects.is_empty() || arguments.projects.iter().any(|project| project == application.spec.project())
    };
    applications.retain(wanted);
    match arguments.output {
        Format::Json => output::json(&applications)?,
        Format::Yaml => output::yaml(&applications)?,
        Format::Name => applications.iter().try_for_each(|application| print_line!("{}", full_name(application)))?,
        Format::Text if applications.is_empty() => {
            print_line!("no applications; define one with `gitops app create` or `gitops sync FILE`")?;
        }
        Format::Text => stream::text(&table::render(&COLUMNS, applications.iter().map(row)))?,
        Format::Wide => {
            let header = [&COLUMNS[..], &["REPO", "PATH", "TARGET"]].concat();
            stream::text(&table::render(&header, applications.iter().map(wide_row)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: [&str; 8] = ["NAME", "CLUSTER", "NAMESPACE", "PROJECT", "STATUS", "HEALTH", "SYNCPOLICY", "CONDITIONS"];

/// `namespace/name`, as Argo CD writes it.
pub(super) fn full_name(application: &Application) -> String {
    format!("{}/{}", application.metadata.namespace().unwrap_or_default(), application.name())
}

/// The policy in Argo CD's short words: `Manual`, `Auto`, `Auto-Prune`.
pub(super) fn policy(policy: Option<&SyncPolicy>) -> &'static str {
    match policy.and_then(|policy| policy.automated.as_ref()).filter(|automated| automated.is_enabled()) {
        None => "Manual",
        Some(automated) if automated.prunes() => "Auto-Prune",
        Some(_) => "Auto",
    }
}

fn row(application: &Application) -> Vec<String> {
    let destination = &application.spec.destination;
    let status = application.status.as_ref();
    let sync = status.and_then(|status| status.sync.as_ref()).map_or("Unknown", |sync| sync.status.as_str());
    let health =
        status.and_then(|status| status.health.as_ref()?.status.as_ref()).map_or("Unknown", |code| code.as_str());
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let names: Vec<_> = conditions.iter().map(|condition| condition.condition_type.as_str()).collect();
    vec![
        full_name(application),
        destination.server().or(destination.name()).unwrap_or_default().into(),
        destination.namespace().unwrap_or_default().into(),
        application.spec.project().into(),
        paint::status(sync),
        paint::status(health),
        policy(application.spec.sync_policy.as_ref()).into(),
        if names.is_empty() { "<none>".into() } else { names.join(",") },
    ]
}

fn wide_row(application: &Application) -> Vec<String> {
    let mut row = row(application);
    let sources = application.sources();
    let source = sources.first();
    row.push(source.map(|source| source.repo_url.clone()).unwrap_or_default());
    row.push(source.and_then(|source| source.path()).unwrap_or_default().into());
    row.push(source.and_then(|source| source.target_revision()).unwrap_or_default().into());
    row
}

#[cfg(test)]
mod tests {
    use gitops_core::api::AutomatedSync;

    use super::*;

    #[test]
    fn policies_have_short_words() {
        assert_eq!(policy(None), "Manual");
        let automated = |prune| {
            let mut automated = AutomatedSync::default();
            automated.prune = prune;
            let mut policy = SyncPolicy::default();
            policy.automated = Some(automated);
            policy
        };
        assert_eq!(policy(Some(&automated(None))), "Auto");
        assert_eq!(policy(Some(&automated(Some(true)))), "Auto-Prune");
    }
}
