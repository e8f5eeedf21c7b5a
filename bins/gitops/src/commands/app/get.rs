use std::process::ExitCode;

use gitops_controller::compare::CompareOptions;
use gitops_controller::status;
use gitops_core::api::{Application, ResourceStatus};

use super::list::{full_name, policy};
use crate::arguments::{Format, GetArguments};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::{self, print_line};
use crate::output::{self, paint, table};

pub(super) async fn run(context: &Context, arguments: &GetArguments) -> Result<ExitCode, Failure> {
    let mut application = context.applications().get(&arguments.app_namespace, &arguments.name).await?;
    if arguments.refresh || application.status.as_ref().is_none_or(|status| status.sync.is_none()) {
        refresh(context, &mut application).await?;
    }
    match arguments.output {
        Format::Json => output::json(&application)?,
        Format::Yaml => output::yaml(&application)?,
        Format::Name => print_line!("{}", full_name(&application))?,
        Format::Text | Format::Wide => print(&application, arguments.output == Format::Wide)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Compares with Git and the cluster, and keeps what was seen.
async fn refresh(context: &Context, application: &mut Application) -> Result<(), Failure> {
    let compared = context.engine.compare(application, &CompareOptions::default(), &mut |_| {}).await?;
    let before = application.status.clone();
    status::update(application, &compared, context.engine.clock.now());
    context.applications().set_status(application, before.as_ref()).await?;
    Ok(())
}

fn print(application: &Application, wide: bool) -> Result<(), Failure> {
    let line = |name: &str, value: &str| print_line!("{:<20}{value}", format!("{name}:"));
    let spec = &application.spec;
    line("Name", &full_name(application))?;
    line("Project", spec.project())?;
    line("Server", spec.destination.server().or(spec.destination.name()).unwrap_or_default())?;
    line("Namespace", spec.destination.namespace().unwrap_or_default())?;
    print_line!("Source{}:", if spec.has_multiple_sources() { "s" } else { "" })?;
    for source in application.sources().iter() {
        line("- Repo", &source.repo_url)?;
        line("  Target", source.target_revision().unwrap_or("HEAD"))?;
        line("  Path", source.path().unwrap_or_default())?;
    }
    line("Sync Policy", policy(spec.sync_policy.as_ref()))?;
    let status = application.status.as_ref();
    if let Some(sync) = status.and_then(|status| status.sync.as_ref()) {
        let target =
            application.sources().first().and_then(|source| source.target_revision()).unwrap_or("HEAD").to_owned();
        let revision = sync.revision.as_deref().map(output::short_id).unwrap_or_default();
        line("Sync Status", &format!("{} to {target} ({revision})", paint::status(sync.status.as_str())))?;
    }
    if let Some(health) = status.and_then(|status| status.health.as_ref()?.status.as_ref()) {
        line("Health Status", &paint::status(health.as_str()))?;
    }
    if let Some(operation) = status.and_then(|status| status.operation_state.as_ref()) {
        let finished = operation.finished_at.map(|time| output::time(time.0)).unwrap_or_default();
        line("Last Operation", &format!("{} {finished}", paint::status(operation.phase.as_str())))?;
        if let Some(message) = operation.message.as_deref().filter(|message| !message.is_empty()) {
            line("Message", message)?;
        }
    }
    for commit in gitops_controller::rollback::quarantined(application) {
        line("Quarantined", &commit)?;
    }
    let resources = status.and_then(|status| status.resources.as_deref()).unwrap_or_default();
    if !resources.is_empty() {
        let mut header = vec!["GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH"];
        if wide {
            header.extend(["WAVE", "MESSAGE"]);
        }
        stream::text(&format!("\n{}", table::render(&header, resources.iter().map(|resource| row(resource, wide)))))?;
    }
    Ok(())
}

fn row(resource: &ResourceStatus, wide: bool) -> Vec<String> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let health = resource.health.as_ref();
    let mut row = vec![
        text(&resource.group),
        text(&resource.kind),
        text(&resource.namespace),
        text(&resource.name),
        resource.status.as_ref().map(|status| paint::status(status.as_str())).unwrap_or_default(),
        health.and_then(|health| health.status.as_ref()).map(|code| paint::status(code.as_str())).unwrap_or_default(),
    ];
    if wide {
        row.push(resource.sync_wave.unwrap_or_default().to_string());
        row.push(health.and_then(|health| health.message.clone()).unwrap_or_default());
    }
    row
}
