use std::process::ExitCode;

use gitops_fetch::LockFile;
use gitops_render::helm::{Chart, Shown, show};

use super::source::Charts;
use crate::arguments::{GlobalArguments, ShowArguments, ShowPart};
use crate::failure::Failure;
use crate::output::stream;

pub(super) fn run(arguments: &ShowArguments, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    let charts = Charts::new(global, &arguments.source, &arguments.chart)?;
    let found = charts.get(&arguments.chart, &mut charts.session(LockFile::default()))?;
    let chart = found.chart()?;
    let mut crds = Vec::new();
    collect(&chart, &mut crds);
    let part = match arguments.part {
        ShowPart::Chart => Shown::Chart,
        ShowPart::Values => Shown::Values,
        ShowPart::Readme => Shown::Readme,
        ShowPart::Crds => Shown::Crds,
        ShowPart::All => Shown::All,
    };
    stream::text(&show(&chart.metadata, &found.files()?, &crds, part))?;
    Ok(ExitCode::SUCCESS)
}

/// The files in `crds` of a chart, and those of the charts in it.
fn collect<'c>(chart: &'c Chart, crds: &mut Vec<&'c [u8]>) {
    let is_crd = |name: &str| {
        let extension = name.rsplit('.').next().unwrap_or_default().to_lowercase();
        name.starts_with("crds/") && ["yaml", "yml", "json"].contains(&extension.as_str())
    };
    crds.extend(chart.files.iter().filter(|file| is_crd(&file.name)).map(|file| &*file.data));
    chart.dependencies.iter().for_each(|below| collect(below, crds));
}
