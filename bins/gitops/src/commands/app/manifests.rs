use std::process::ExitCode;

use crate::arguments::{ManifestsArguments, ManifestsSource};
use crate::commands::render::shown;
use crate::commands::sync::request;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream;

pub(super) async fn run(context: &Context, arguments: &ManifestsArguments) -> Result<ExitCode, Failure> {
    let refresh = &arguments.refresh;
    let application = context.applications().get(&refresh.app_namespace, &arguments.name).await?;
    let request = request(context, refresh, None);
    let compared = context.engine.compare(&application, &request.compare, &mut |_| {}).await?;
    let resources = &compared.desired.resources;
    let values: Vec<_> = match arguments.source {
        ManifestsSource::Git => {
            let all = resources.values().chain(&compared.desired.hooks);
            all.map(|one| shown(&one.object, arguments.show_secrets)).collect()
        }
        ManifestsSource::Live => {
            let live = resources.keys().filter_map(|id| compared.live.get(id));
            live.map(|object| shown(object, arguments.show_secrets)).collect()
        }
    };
    stream::manifests(&gitops_yaml::write_documents(&values))?;
    Ok(ExitCode::SUCCESS)
}
