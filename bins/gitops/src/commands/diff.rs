use std::process::ExitCode;

use gitops_controller::Comparison;
use gitops_diff::ObjectDiff;
use gitops_diff::present::{self, PageOptions, TextOptions};

use crate::arguments::{DiffArguments, DiffFormat};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::paint;
use crate::output::stream::{self, error_line};
use crate::output::watch::Watcher;

pub(super) async fn run(context: &Context, arguments: &DiffArguments) -> Result<ExitCode, Failure> {
    let refresh = &arguments.refresh;
    let mut different = false;
    let mut shown = String::new();
    for application in context.named(&arguments.application, &refresh.app_namespace, refresh.strict).await? {
        let request = super::sync::request(context, refresh, None);
        let mut watcher = Watcher::new(&application, true);
        let compared = context.engine.compare(&application, &request.compare, &mut |event| watcher.on(&event)).await?;
        for violation in compared.forbidden.values() {
            error_line!("{} {violation}", paint::warning("warning:"));
        }
        let differences = compared.differences();
        different |= !differences.is_empty();
        shown.push_str(&show(&differences, &compared, application.name(), arguments)?);
    }
    match &arguments.out {
        Some(path) => {
            std::fs::write(path, shown).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        }
        None => stream::text(&shown)?,
    }
    Ok(if different && arguments.exit_code { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn show(
    differences: &[ObjectDiff],
    compared: &Comparison,
    name: &str,
    arguments: &DiffArguments,
) -> Result<String, Failure> {
    let mut text = match arguments.output {
        // Colours are written always; the stream takes them out where they do not belong.
        DiffFormat::Text => return Ok(present::text(differences, TextOptions::new(arguments.out.is_none()))),
        DiffFormat::Json => serde_json::to_string_pretty(&present::json(differences))?,
        DiffFormat::JsonPatch => {
            let patches = present::json_patch(differences, |diff| compared.live.get(&diff.id.id));
            serde_json::to_string_pretty(&patches)?
        }
        DiffFormat::Html => return Ok(present::html(differences, &PageOptions::new(format!("Differences of {name}")))),
    };
    text.push('\n');
    Ok(text)
}
