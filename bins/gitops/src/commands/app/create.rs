use std::process::ExitCode;

use gitops_controller::audit::Action;
use gitops_core::api::{Application, ApplicationSource, AutomatedSync, DirectorySource, SyncOptions, SyncPolicy};

use super::list::full_name;
use crate::arguments::{CreateArguments, SyncPolicyChoice};
use crate::context::{self, Context};
use crate::failure::Failure;
use crate::output::stream::print_line;

pub(super) async fn run(context: &Context, arguments: &CreateArguments) -> Result<ExitCode, Failure> {
    let applications = match &arguments.file {
        Some(file) => context::read_applications(file, false)?,
        None => vec![from_flags(arguments)?],
    };
    for application in applications {
        let namespace = application.metadata.namespace().unwrap_or_default();
        let known = context.applications().list(Some(namespace)).await?;
        let existing = known.iter().find(|other| other.name() == application.name());
        if let Some(existing) = existing.filter(|existing| existing.spec != application.spec && !arguments.upsert) {
            let name = full_name(existing);
            return Err(Failure::new(format!("application `{name}` exists and is defined otherwise"))
                .hint("add --upsert to replace its definition"));
        }
        context.applications().apply(&application).await?;
        context.record(&application, Action::Create)?;
        let verb = if existing.is_some() { "updated" } else { "created" };
        print_line!("application '{}' {verb}", application.name())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn from_flags(arguments: &CreateArguments) -> Result<Application, Failure> {
    let name = arguments.name.as_deref().unwrap_or_default();
    let address = arguments.repo.as_deref().unwrap_or_default();
    let mut application = Application::new(name, Some(arguments.app_namespace.clone()));
    let here = std::env::current_dir()?;
    let mut source = ApplicationSource::new(context::absolute_address(address, &here)?);
    source.path = Some(arguments.path.clone());
    source.target_revision = Some(arguments.revision.clone());
    if arguments.directory_recurse {
        let mut directory = DirectorySource::default();
        directory.recurse = Some(true);
        source.directory = Some(Box::new(directory));
    }
    application.spec.project = arguments.project.clone();
    application.spec.source = Some(source);
    application.spec.destination.server = Some(arguments.dest_server.clone());
    application.spec.destination.namespace = arguments.dest_namespace.clone();
    let automated = (arguments.sync_policy == SyncPolicyChoice::Automated).then(|| {
        let mut automated = AutomatedSync::default();
        automated.prune = Some(arguments.auto_prune);
        automated.self_heal = Some(arguments.self_heal);
        automated
    });
    if automated.is_none() && (arguments.auto_prune || arguments.self_heal) {
        return Err(
            Failure::new("--auto-prune and --self-heal need an automated policy").hint("add --sync-policy automated")
        );
    }
    let sync_options = (!arguments.sync_options.is_empty()).then(|| SyncOptions(arguments.sync_options.clone()));
    if automated.is_some() || sync_options.is_some() {
        let mut policy = SyncPolicy::default();
        (policy.automated, policy.sync_options) = (automated, sync_options);
        application.spec.sync_policy = Some(policy);
    }
    Ok(application)
}
