//! An Application's `helm` block, as Argo CD 3.5 renders it.

use std::sync::Arc;

use gitops_core::api::HelmSource;
use gitops_core::need::ChartNeed;
use gitops_core::tree::TreePath;
use gitops_core::{Answer, Need, Origin};
use gitops_template::Functions;
use serde_json::Value;

use super::chart::Chart;
use super::metadata::Dependency;
use super::release::render as render_chart;
use super::seeded::Seeded;
use super::strvals::Setting;
use super::{HelmError, KubeVersion, Release, ValueSources, yaml};
use crate::render::{Context, Found};
use crate::variables::substitute;
use crate::{Place, Problem, RenderError, Warning, WarningKind, lists};

/// The objects of a chart: what its `crds` folder holds, its manifests, and its hooks, which the sync maps.
pub(crate) fn render(
    context: &Context<'_>,
    path: &TreePath,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Found>, RenderError> {
    let default = HelmSource::default();
    let options = context.source.helm.as_ref().unwrap_or(&default);
    let mut chart = Chart::in_folder(&context.files, path)?;
    add_dependencies(context, path, &mut chart)?;
    let sources = value_sources(context, path, options)?;
    let mut read = |file: &str| read_beside(context, path, file).map_err(|error| error.to_string());
    let values = sources.merge(&mut read)?;
    let release = release(context, options)?;
    let functions = Functions::helm();
    let inputs = context.inputs;
    let host = Seeded::new(inputs, format!("{}/{}", release.namespace, release.name));
    let rendered = render_chart(&Arc::new(chart), &values, &release, &functions, &host)?;
    let place = Place::file(&path.child("Chart.yaml"));
    warnings
        .extend(rendered.warnings.into_iter().map(|message| Warning::new(WarningKind::Chart, place.clone(), message)));
    let mut found = Vec::new();
    if !options.skip_crds.unwrap_or(false) {
        for (file, data) in &rendered.crds {
            for value in yaml::read_all(data).map_err(|message| HelmError::Manifest { path: file.clone(), message })? {
                add(value, file, &mut found)?;
            }
        }
    }
    let skip_tests = options.skip_tests.unwrap_or(false);
    let hooks = rendered.hooks.into_iter().filter(|hook| !(skip_tests && hook.is_test()));
    for manifest in rendered.manifests.into_iter().chain(hooks) {
        add(manifest.value, &manifest.path, &mut found)?;
    }
    Ok(found)
}

fn add(value: Value, file: &str, found: &mut Vec<Found>) -> Result<(), RenderError> {
    if value.is_null() {
        return Ok(());
    }
    let place = Place::named(file);
    if !value.is_object() {
        return Err(place.is(Problem::Value("expected an object".into())));
    }
    let mut objects = Vec::new();
    lists::flatten(value, &place, &mut objects)?;
    let origin = Origin { file: file.into(), line: 1 };
    found.extend(objects.into_iter().map(|value| Found { value, origin: origin.clone() }));
    Ok(())
}

fn release(context: &Context<'_>, options: &HelmSource) -> Result<Release, HelmError> {
    let inputs = context.inputs;
    let given = options.kube_version.as_ref().filter(|version| !version.is_empty());
    let version = given.map_or(inputs.kube_version.as_str(), String::as_str);
    let name = options.release_name.as_ref().filter(|name| !name.is_empty()).unwrap_or(&inputs.application);
    let namespace = options.namespace.as_ref().filter(|namespace| !namespace.is_empty()).unwrap_or(&inputs.namespace);
    let version = match version {
        "" => KubeVersion::default(),
        version => KubeVersion::parse(version).map_err(HelmError::Option)?,
    };
    let mut release = Release::new(name.as_str(), namespace.as_str(), version);
    let api_versions = options.api_versions.as_ref().filter(|versions| !versions.is_empty());
    release.api_versions.clone_from(api_versions.unwrap_or(&inputs.api_versions));
    release.schema = !options.skip_schema_validation.unwrap_or(false);
    Ok(release)
}

/// Files first, then `values` or `valuesObject`, then parameters.
fn value_sources(context: &Context<'_>, path: &TreePath, options: &HelmSource) -> Result<ValueSources, RenderError> {
    let mut sources = ValueSources::default();
    let ignore_missing = options.ignore_missing_value_files.unwrap_or(false);
    for name in options.value_files.iter().flatten() {
        let name = substitute(name, context.source, context.inputs);
        match read_file(context, path, &name)? {
            Some(text) => sources.files.push((name, text)),
            None if ignore_missing => {}
            None => return Err(Place::named(name.as_str()).is(Problem::Value("the value file is not there".into()))),
        }
    }
    let inline = match (&options.values_object, &options.values) {
        (Some(object), _) if !object.is_null() => Some(gitops_yaml::write(object)),
        (_, Some(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    sources.files.extend(inline.map(|text| ("spec.source.helm.values".to_owned(), text.into_bytes())));
    for parameter in options.parameters.iter().flatten() {
        let value = substitute(parameter.value.as_deref().unwrap_or_default(), context.source, context.inputs);
        let text = format!("{}={}", parameter.name.as_deref().unwrap_or_default(), escaped(&value));
        let string = parameter.force_string.unwrap_or(false);
        sources.settings.push(if string { Setting::SetString(text) } else { Setting::Set(text) });
    }
    for parameter in options.file_parameters.iter().flatten() {
        let file = substitute(parameter.path.as_deref().unwrap_or_default(), context.source, context.inputs);
        let text = format!("{}={}", parameter.name.as_deref().unwrap_or_default(), escaped(&file));
        sources.settings.push(Setting::SetFile(text));
    }
    Ok(sources)
}

/// A value whose commas are part of it, save those that are escaped already and those between braces.
fn escaped(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut before = '\\';
    for letter in value.chars() {
        if letter == ',' && before != '\\' {
            out.push('\\');
        }
        out.push(letter);
        before = letter;
    }
    out
}

/// A file that stands beside the chart, in the repository, or on a server.
fn read_file(context: &Context<'_>, path: &TreePath, name: &str) -> Result<Option<Vec<u8>>, RenderError> {
    if name.starts_with("http://") || name.starts_with("https://") {
        let need = Need::File { url: name.to_owned() };
        let answer = context.files.remotes().and_then(|remotes| remotes.ask(need.clone()));
        return match answer {
            Some(Answer::File(bytes)) => Ok(Some(bytes.to_vec())),
            Some(_) => Ok(None),
            None => Err(RenderError::Elsewhere(need)),
        };
    }
    if let Some((reference, file)) = name.strip_prefix('$').and_then(|rest| rest.split_once('/')) {
        let Some(tree) = context.inputs.references.get(reference) else {
            let message = format!("no source has the ref `{reference}`");
            return Err(Place::named(name).is(Problem::Value(message)));
        };
        let file = TreePath::new(file).map_err(RenderError::SourcePath)?;
        return Ok(
            gitops_core::tree::read(&**tree, &file, context.files.limits.file_bytes)?.map(|blob| blob.bytes.to_vec())
        );
    }
    let file = match name.strip_prefix('/') {
        Some(inside) => TreePath::new(inside),
        None => path.join(name),
    };
    let file = file.map_err(RenderError::SourcePath)?;
    Ok(context.files.read(&file)?.map(|bytes| bytes.to_vec()))
}

fn read_beside(context: &Context<'_>, path: &TreePath, name: &str) -> Result<Vec<u8>, RenderError> {
    let missing = || Place::named(name).is(Problem::Value("the file is not there".into()));
    read_file(context, path, name)?.ok_or_else(missing)
}

/// Adds charts that the chart asks for and does not bring along, from where it says they are.
fn add_dependencies(context: &Context<'_>, path: &TreePath, chart: &mut Chart) -> Result<(), RenderError> {
    let brought = |chart: &Chart, name: &str| chart.dependencies.iter().any(|below| below.name() == name);
    let mut lacking = None;
    for dependency in chart.metadata.dependencies.clone() {
        if brought(chart, &dependency.name) || dependency.repository.is_empty() {
            continue;
        }
        let version = chart.locked.get(&dependency.name).unwrap_or(&dependency.version).clone();
        match dependency_of(context, path, &dependency, version)? {
            Ok(below) => chart.dependencies.push(Arc::new(below)),
            // Every need is asked for before the render ends, so that all are fetched at once.
            Err(need) => lacking = Some(need),
        }
    }
    lacking.map_or(Ok(()), |need| Err(RenderError::Elsewhere(need)))
}

fn dependency_of(
    context: &Context<'_>,
    path: &TreePath,
    dependency: &Dependency,
    version: String,
) -> Result<Result<Chart, Need>, RenderError> {
    if let Some(folder) = dependency.repository.strip_prefix("file://") {
        let folder = path.join(folder).map_err(RenderError::SourcePath)?;
        return Chart::in_folder(&context.files, &folder).map(Ok);
    }
    if dependency.repository.starts_with('@') || dependency.repository.starts_with("alias:") {
        let message = format!("`{}` names a repository of a machine; write its URL", dependency.repository);
        return Err(Place::file(&path.child("Chart.yaml")).is(Problem::Value(message)));
    }
    let mut need = ChartNeed::new(dependency.repository.as_str(), dependency.name.as_str());
    need.version = version;
    let pass = context.source.helm.as_ref().and_then(|helm| helm.pass_credentials);
    need.pass_credentials = pass.unwrap_or(false);
    let need = Need::Chart(need);
    match context.files.remotes().and_then(|remotes| remotes.ask(need.clone())) {
        Some(Answer::Chart { tree, .. }) => Chart::read(&**tree, &TreePath::root(), context.files.limits).map(Ok),
        _ => Ok(Err(need)),
    }
}
