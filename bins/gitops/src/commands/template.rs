use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use gitops_controller::keys::KeptKeys;
use gitops_core::{Answer, Digest, Need};
use gitops_fetch::{LockFile, Session};
use gitops_render::helm::strvals::Setting;
use gitops_render::helm::{
    KubeVersion, OutputOptions, Release, Rendered, ValueSources, name_from, parts, render, write,
};
use gitops_template::{Fixed, Functions};

use super::chart::Charts;
use crate::arguments::{GlobalArguments, TemplateArguments, ValueArguments};
use crate::failure::Failure;
use crate::output::paint;
use crate::output::stream::{self, error_line};

pub(super) fn run(arguments: &TemplateArguments, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    let functions = Functions::helm();
    let host = host(arguments);
    let (name, chart) = match arguments.names.as_slice() {
        [_, _] if arguments.generate_name => {
            return Err(Failure::new("cannot set --generate-name and also specify a name"));
        }
        [_, _] if arguments.name_template.is_some() => {
            return Err(Failure::new("cannot set --name-template and also specify a name"));
        }
        [name, chart] => (name.clone(), chart),
        [chart] => ("release-name".to_owned(), chart),
        _ => return Err(Failure::new("name a chart")),
    };
    let name = match arguments.name_template.as_ref().filter(|template| !template.is_empty()) {
        Some(template) => name_from(template, &functions, &host)?,
        None => name,
    };
    let charts = Charts::new(global, &arguments.source, chart)?;
    let mut session = charts.session(LockFile::default());
    if arguments.dependency_update && Path::new(chart).is_dir() {
        super::chart::update(Path::new(chart), &arguments.source.access, global)?;
    }
    let kube_version = KubeVersion::parse(&arguments.kube_version).map_err(Failure::new)?;
    let sources = value_sources(&arguments.values, &mut session)?;
    let values = sources.merge(&mut |path| fs::read(path).map_err(|error| format!("{path}: {error}")))?;
    let chart = Arc::new(charts.get(chart, &mut session)?.chart()?);
    let mut release = Release::new(name, arguments.namespace.as_str(), kube_version);
    release.upgrade = arguments.is_upgrade;
    release.api_versions.clone_from(&arguments.api_versions);
    release.schema = !arguments.skip_schema_validation;
    let rendered = render(&chart, &values, &release, &functions, &host)?;
    for warning in &rendered.warnings {
        error_line!("{} {warning}", paint::warning("warning:"));
    }
    let mut options = OutputOptions::default();
    options.include_crds = arguments.include_crds;
    options.no_hooks = arguments.no_hooks;
    options.skip_tests = arguments.skip_tests;
    options.show_only.clone_from(&arguments.show_only);
    match &arguments.output_dir {
        None => stream::manifests(&write(&rendered, &options)?)?,
        Some(folder) => {
            let folder = if arguments.release_name { folder.join(&release.name) } else { folder.clone() };
            write_files(&rendered, &options, &folder)?;
        }
    }
    // The process ends here: taking all this apart piece by piece would be a tenth of its work.
    std::mem::forget((chart, values, rendered));
    Ok(ExitCode::SUCCESS)
}

/// The machine's clock and its randomness, unless they were given.
fn host(arguments: &TemplateArguments) -> Fixed {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = arguments.now.unwrap_or_else(|| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    let seed = match &arguments.seed {
        Some(text) => {
            let digest = Digest::of(text.as_bytes());
            let digits = digest.as_str().rsplit(':').next().and_then(|digits| digits.get(..16));
            digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
        }
        None => rand::random(),
    };
    Fixed::new(seconds, seed).with_keys(Arc::new(Arc::new(KeptKeys::default()).of("", None)))
}

fn value_sources(arguments: &ValueArguments, session: &mut Session<'_>) -> Result<ValueSources, Failure> {
    let mut sources = ValueSources::default();
    for file in &arguments.files {
        let text = match file.as_str() {
            "-" => {
                let mut text = Vec::new();
                std::io::stdin().read_to_end(&mut text)?;
                text
            }
            url if url.starts_with("http://") || url.starts_with("https://") => file_of(url, session)?,
            path => fs::read(path).map_err(|error| Failure::new(format!("{path}: {error}")))?,
        };
        sources.files.push((file.clone(), text));
    }
    let mut set = |settings: &[String], kind: fn(String) -> Setting| {
        sources.settings.extend(settings.iter().cloned().map(kind));
    };
    set(&arguments.set_json, Setting::SetJson);
    set(&arguments.set, Setting::Set);
    set(&arguments.set_string, Setting::SetString);
    set(&arguments.set_file, Setting::SetFile);
    set(&arguments.set_literal, Setting::SetLiteral);
    Ok(sources)
}

fn file_of(url: &str, session: &mut Session<'_>) -> Result<Vec<u8>, Failure> {
    let need = Need::File { url: url.to_owned() };
    session.provide(std::slice::from_ref(&need))?;
    match session.provided().get(&need) {
        Some(Answer::File(bytes)) => Ok(bytes.to_vec()),
        _ => Err(Failure::new(format!("{url}: no such file"))),
    }
}

/// A file for each template, with all that it gave.
fn write_files(rendered: &Rendered, options: &OutputOptions, folder: &Path) -> Result<(), Failure> {
    let mut begun = BTreeSet::new();
    for part in parts(rendered, options) {
        let file = folder.join(part.path);
        let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", file.display()));
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let more = !begun.insert(part.path.to_owned());
        let mut opened = fs::OpenOptions::new();
        opened.create(true).write(true).append(more).truncate(!more);
        opened.open(&file).and_then(|mut file| file.write_all(part.document().as_bytes())).map_err(failed)?;
        stream::manifests(&format!("wrote {}\n", file.display()))?;
    }
    stream::manifests("\n")?;
    Ok(())
}
