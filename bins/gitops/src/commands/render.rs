use std::process::ExitCode;

use gitops_core::secret::Purpose;
use gitops_core::{Object, Reveal, Value};

use crate::arguments::{RenderArguments, RenderFormat};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::{self, error_line};
use crate::output::{self, watch::Watcher};

pub(super) async fn run(context: &Context, arguments: &RenderArguments) -> Result<ExitCode, Failure> {
    let refresh = &arguments.refresh;
    let mut values = Vec::new();
    for application in context.named(&arguments.application, &refresh.app_namespace, refresh.strict).await? {
        let request = super::sync::request(context, refresh, None);
        let mut watcher = Watcher::new(&application, true);
        let compared = context.engine.compare(&application, &request.compare, &mut |event| watcher.on(&event)).await?;
        for warning in &compared.warnings {
            error_line!("{} {warning}", output::paint::warning("warning:"));
        }
        let desired = &compared.desired;
        let objects = desired.resources.values().chain(&desired.hooks).map(|one| one.object.as_ref());
        values.extend(objects.map(|object| shown(object, arguments.show_secrets)));
    }
    match arguments.output {
        RenderFormat::Yaml => stream::text(&gitops_yaml::write_documents(&values))?,
        RenderFormat::Json => output::json(&values)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// An object as it is printed: values of Secrets only where they were asked for.
pub(super) fn shown(object: &Object, secrets: bool) -> Value {
    if secrets { object.reveal(&Reveal::granted(Purpose::RenderedOutput)) } else { object.redacted() }
}
