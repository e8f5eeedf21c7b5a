//! `helmCharts`: charts whose objects are part of a kustomization. Kustomize starts `helm template` for each; here they are
//! rendered in process.

mod model;
mod values;

use std::sync::Arc;

use gitops_core::need::ChartNeed;
use gitops_core::tree::{EntryKind, Tree, TreePath};
use gitops_core::{Answer, Map, Need, Value};
use gitops_template::Functions;

use super::accumulate::Builder;
use super::load::{self, Root};
use super::read::{self, File, Spot};
use super::resource::Resource;
use super::resources::Resources;
use crate::files::{Files, text};
use crate::helm::{self, ChartCache, KubeVersion, OutputOptions, Release, ValueSources};
use crate::{Place, Problem, RenderError};

pub(super) use model::{Chart, Globals, INFLATION_FIELDS, Inflation, OldChart, modern};

/// Resources of charts have this annotation while a build goes on: the field `namespace` leaves them alone.
pub(super) const OF_CHART: &str = "internal.config.kubernetes.io/helm-generated";

/// Adds the resources of a kustomization's charts.
pub(super) fn run(
    builder: &mut Builder<'_>,
    root: &Root,
    file: &File,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    let globals = file.kustomization.helm_globals.clone().unwrap_or_default();
    for (index, chart) in file.kustomization.helm_charts.iter().enumerate() {
        let place = file.item("helmCharts", index);
        let namespace = namespace_of(root, file);
        let inflated = inflate(builder, root, (&globals, chart), namespace, &place)?;
        let by = root.provenance.as_ref().map(|here| here.by_field(file.path.name(), "HelmChartInflationGenerator"));
        let by = by.map(Arc::new);
        for mut resource in inflated {
            resource.provenance.clone_from(&by);
            resources.absorb(resource, &place)?;
        }
    }
    Ok(())
}

/// A list of charts without the fields that are null, save the values: there null says that a chart's value goes.
pub(super) fn without_nulls(value: Value) -> Option<Value> {
    let Value::Array(charts) = value else { return read::without_nulls(value) };
    let is_values = |key: &str| key == "valuesInline" || key == "valuesLocal";
    let chart = |chart: Value| match chart {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter_map(|(key, value)| {
                let value = if is_values(&key) && value.is_object() { Some(value) } else { read::without_nulls(value) };
                Some((key, value?))
            });
            Value::Object(kept.collect())
        }
        other => other,
    };
    Some(Value::Array(charts.into_iter().map(chart).collect()))
}

/// The namespace that charts of a kustomization are rendered for where they say none: its own, or that of the nearest
/// kustomization around it that has one.
pub(super) fn namespace_of<'a>(root: &'a Root, file: &'a File) -> &'a str {
    let own = file.kustomization.namespace.as_str();
    if own.is_empty() { &root.namespace } else { own }
}

/// The resources that a chart comes to.
pub(super) fn inflate(
    builder: &mut Builder<'_>,
    root: &Root,
    (globals, chart): (&Globals, &Chart),
    namespace: &str,
    place: &Spot<'_>,
) -> Result<Vec<Resource>, RenderError> {
    let wrong = |message: String| place.is(Problem::Value(message));
    if !builder.context.inputs.charts {
        return Err(wrong("charts are inflated with --enable-helm only".to_owned()));
    }
    if chart.name.is_empty() {
        return Err(wrong("a name is missing".to_owned()));
    }
    if !matches!(chart.values_merge.as_str(), "" | "merge" | "override" | "replace") {
        let message = format!("valuesMerge: expected `merge`, `override` or `replace`, found `{}`", chart.values_merge);
        return Err(wrong(message));
    }
    let found = Found::of((builder.files(), &builder.context.inputs.chart_cache), root, globals, chart, place)?;
    let sources = sources(builder, root, &found, chart, place)?;
    let values = sources.merge(&mut |_| Err("no file is set".to_owned()))?;
    let inputs = builder.context.inputs;
    let named = |own: &str, other: &str| if own.is_empty() { other.to_owned() } else { own.to_owned() };
    let namespace = named(&named(&chart.namespace, namespace), "default");
    let functions = Functions::helm();
    let host = helm::Seeded::new(inputs, format!("{namespace}/{}", chart.name));
    let name = match (chart.release_name.as_str(), chart.name_template.as_str()) {
        ("", "") => "release-name".to_owned(),
        ("", template) => helm::name_from(template, &functions, &host)?,
        (name, "") => name.to_owned(),
        _ => return Err(wrong("cannot set nameTemplate and also specify a releaseName".to_owned())),
    };
    let version = match named(&chart.kube_version, &inputs.kube_version) {
        version if version.is_empty() => KubeVersion::default(),
        version => KubeVersion::parse(&version).map_err(wrong)?,
    };
    let mut release = Release::new(name, namespace, version);
    let own = Some(chart.api_versions.as_slice()).filter(|versions| !versions.is_empty());
    release.api_versions = own.unwrap_or(&inputs.api_versions).to_vec();
    let rendered = helm::render(&found.chart, &values, &release, &functions, &host)?;
    let options = OutputOptions {
        include_crds: chart.include_crds,
        no_hooks: chart.skip_hooks,
        skip_tests: chart.skip_tests,
        show_only: Vec::new(),
    };
    let written = helm::write(&rendered, &options)?;
    let mut warnings = Vec::new();
    let mut resources = load::parse(&written, &found.folder, builder.files(), &mut warnings)?;
    builder.warnings.append(&mut warnings);
    resources.iter_mut().for_each(mark);
    Ok(resources)
}

fn mark(resource: &mut Resource) {
    let Some(object) = resource.value.as_object_mut() else { return };
    let Some(metadata) = object.entry("metadata").or_insert_with(|| Map::new().into()).as_object_mut() else { return };
    let annotations = metadata.entry("annotations").or_insert(Value::Null);
    if annotations.is_null() {
        *annotations = Map::new().into();
    }
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(OF_CHART.to_owned(), "true".into());
    }
}

/// A chart, and what is needed beside it.
struct Found {
    chart: Arc<helm::Chart>,
    /// Where it is, or where kustomize would put it.
    folder: TreePath,
    /// Its `values.yaml`, where it does not lie in the tree.
    values: Option<String>,
}

impl Found {
    /// The chart in the directory of charts, or else that of its repository.
    fn of(
        (files, cache): (&Files<'_>, &ChartCache),
        root: &Root,
        globals: &Globals,
        chart: &Chart,
        place: &Spot<'_>,
    ) -> Result<Self, RenderError> {
        let home = if globals.chart_home.is_empty() { "charts" } else { &globals.chart_home };
        let path = match (chart.version.as_str(), chart.repo.as_str()) {
            (version, repo) if !version.is_empty() && !repo.is_empty() => {
                format!("{home}/{}-{version}/{}", chart.name, chart.name)
            }
            _ => format!("{home}/{}", chart.name),
        };
        let folder = files.join(&root.directory, &path).map_err(|error| place.is(Problem::Path(error)))?;
        let kind = files.stat(&folder)?.map(|meta| meta.kind);
        if kind == Some(EntryKind::Directory) {
            return Ok(Self { chart: cache.in_folder(files, &folder)?, folder, values: None });
        }
        if chart.repo.is_empty() {
            let message = format!("no chart is at `{folder}`, and no repo is specified");
            return Err(place.is(Problem::Value(message)));
        }
        let tree = fetched(files, chart)?;
        let values = gitops_core::tree::read(&**tree, &TreePath::root().child("values.yaml"), files.limits.file_bytes)?;
        let values = values.and_then(|blob| text(&blob.bytes).map(str::to_owned)).unwrap_or_default();
        let chart = cache.read(&**tree, &TreePath::root(), files.limits)?;
        Ok(Self { chart, folder, values: Some(values) })
    }
}

/// The files of a chart of a repository.
fn fetched<'f>(files: &Files<'f>, chart: &Chart) -> Result<&'f Arc<dyn Tree>, RenderError> {
    let mut need = ChartNeed::new(chart.repo.trim_end_matches('/'), chart.name.as_str());
    need.version.clone_from(&chart.version);
    if chart.devel && chart.version.is_empty() {
        ">0.0.0-0".clone_into(&mut need.version);
    }
    let need = Need::Chart(need);
    match files.remotes().and_then(|remotes| remotes.ask(need.clone())) {
        Some(Answer::Chart { tree, .. }) => Ok(tree),
        _ => Err(RenderError::Elsewhere(need)),
    }
}

/// The values in the order in which `helm template` is given them.
fn sources(
    builder: &Builder<'_>,
    root: &Root,
    found: &Found,
    chart: &Chart,
    place: &Spot<'_>,
) -> Result<ValueSources, RenderError> {
    let read = |path: &str| builder.read_text(root, path, place).map(|(path, text)| (path.to_string(), text));
    let (name, text) = match (chart.values_file.as_str(), &found.values) {
        ("", Some(values)) => ("values.yaml".to_owned(), values.clone()),
        ("", None) => {
            let path = found.folder.child("values.yaml");
            let bytes = builder.files().read_text(&path)?;
            let missing = || Place::file(&path).is(Problem::Value("the chart has no such file".into()));
            (path.to_string(), bytes.ok_or_else(missing)?)
        }
        (path, _) => read(path)?,
    };
    let text = if chart.values_inline.is_empty() { text } else { with_inline(builder, &name, &text, chart, place)? };
    let mut sources = ValueSources::default();
    sources.files.push((name, text.into_bytes()));
    for path in &chart.additional_values_files {
        let (name, text) = read(path)?;
        sources.files.push((name, text.into_bytes()));
    }
    Ok(sources)
}

fn with_inline(
    builder: &Builder<'_>,
    name: &str,
    text: &str,
    chart: &Chart,
    place: &Spot<'_>,
) -> Result<String, RenderError> {
    let documents = crate::documents::read(text, name, crate::documents::Dialect::Kustomize, builder.files().limits)?;
    let file = match documents.into_iter().next().map(|document| document.value) {
        Some(Value::Object(map)) => map,
        Some(Value::Null) | None => Map::new(),
        Some(_) => return Err(Place::named(name).is(Problem::Value("expected a map".into()))),
    };
    let merged = values::merged(&chart.values_merge, file, chart.values_inline.clone());
    let merged = merged.map_err(|message| place.is(Problem::Value(message)))?;
    Ok(gitops_yaml::write(&Value::Object(merged)))
}
