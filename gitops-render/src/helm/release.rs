use std::collections::BTreeMap;
use std::sync::Arc;

use gitops_template::{
    Delimiters, FromJson, Functions, Host, Limits, Map, Options, Render, TemplateSet, Text, Value, from_json, parse,
};
use serde_json::Value as Json;

use super::engine::{self, Shared};
use super::manifests::{self, Manifest};
use super::values::{Nulls, coalesce};
use super::{Chart, HelmError, KubeVersion, api_versions, dependencies, schema};

/// What a chart is rendered for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether it is there already, rather than new.
    pub upgrade: bool,
    /// The version of Kubernetes.
    pub kube_version: KubeVersion,
    /// What the cluster serves beside what Kubernetes itself serves, such as `monitoring.coreos.com/v1`.
    pub api_versions: Vec<String>,
    /// Whether values are held against the schemas of charts.
    pub schema: bool,
    /// Budgets of the templates.
    pub limits: Limits,
}

impl Release {
    /// A new release.
    pub fn new(name: impl Into<String>, namespace: impl Into<String>, kube_version: KubeVersion) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            upgrade: false,
            kube_version,
            api_versions: Vec::new(),
            schema: true,
            limits: Limits::default(),
        }
    }
}

/// What a chart gives for a release.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// What is no hook, in the order of installation.
    pub manifests: Vec<Manifest>,
    /// Hooks, in the order of installation.
    pub hooks: Vec<Manifest>,
    /// The files in `crds` of every chart that is switched on, by their paths.
    pub crds: Vec<(String, bytes::Bytes)>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Renders a chart.
///
/// `values` are the user's: numbers that are whole are Go's `int64`, as `--set` gives them, others `float64`.
///
/// # Errors
/// What Helm refuses, in its words.
pub fn render(
    chart: &Arc<Chart>,
    values: &serde_json::Map<String, Json>,
    release: &Release,
    functions: &Functions,
    host: &dyn Host,
) -> Result<Rendered, HelmError> {
    let (prepared, mut rendered, mut warnings) = execute(chart, values, release, functions, host)?;
    rendered.retain(|path, _| !path.ends_with("NOTES.txt"));
    let sorted = manifests::sort(rendered, &mut warnings)?;
    let mut crds = Vec::new();
    collect_crds(&prepared, "", &mut crds);
    Ok(Rendered { manifests: sorted.manifests, hooks: sorted.hooks, crds, warnings })
}

/// What every template of a chart writes, by its path, partials left out. See [`render`].
///
/// # Errors
/// As [`render`], save those about manifests.
pub fn render_templates(
    chart: &Arc<Chart>,
    values: &serde_json::Map<String, Json>,
    release: &Release,
    functions: &Functions,
    host: &dyn Host,
) -> Result<BTreeMap<String, Vec<u8>>, HelmError> {
    execute(chart, values, release, functions, host).map(|(_, rendered, _)| rendered)
}

type Executed = (dependencies::Prepared, BTreeMap<String, Vec<u8>>, Vec<String>);

fn execute(
    chart: &Arc<Chart>,
    values: &serde_json::Map<String, Json>,
    release: &Release,
    functions: &Functions,
    host: &dyn Host,
) -> Result<Executed, HelmError> {
    let mut warnings = chart.warnings.clone();
    if chart.metadata.is_library() {
        return Err(HelmError::Chart("library charts are not installable".to_owned()));
    }
    if chart.metadata.deprecated {
        warnings.push("WARNING: This chart is deprecated".to_owned());
    }
    dependencies::check(chart)?;
    check_name(&release.name)?;
    let given: Map =
        values.iter().map(|(key, value)| (Text::from(key.as_str()), from_json(value, FromJson::Integers))).collect();
    let prepared = dependencies::prepare(chart, &given, &mut warnings)?;
    let values = coalesce(&prepared, &given, Nulls::TakeAway, &mut warnings)?;
    if release.schema {
        schema::validate(&prepared, &values)?;
    }
    let (version, ..) = release.kube_version.parts();
    let required = &chart.metadata.kube_version;
    if !required.is_empty() && !dependencies::fits(required, version) {
        return Err(HelmError::KubeVersion { required: required.clone(), version: version.to_owned() });
    }
    let shared = shared(release);
    let rendered = engine::render(&prepared, values, &shared, functions, host, &release.limits)?;
    Ok((prepared, rendered, warnings))
}

/// The name of a release that a template gives, as `--name-template` takes it.
///
/// # Errors
/// Where it is no template, or fails.
pub fn name_from(template: &str, functions: &Functions, host: &dyn Host) -> Result<String, HelmError> {
    let templates = parse("name-template", template.to_owned().into(), functions, &Delimiters::default())
        .map_err(|error| HelmError::Option(error.to_string()))?;
    let mut set = TemplateSet::new();
    set.add(&templates);
    let mut render = Render::new(&set, functions, host, Options::default());
    let name = render.execute(b"name-template", Value::Nil).map_err(HelmError::Execute)?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

fn shared(release: &Release) -> Shared {
    let described: Map = [
        ("Name", Value::text(release.name.as_str())),
        ("Namespace", Value::text(release.namespace.as_str())),
        ("IsUpgrade", Value::Bool(release.upgrade)),
        ("IsInstall", Value::Bool(!release.upgrade)),
        ("Revision", Value::Int(1)),
        ("Service", Value::text("Helm")),
    ]
    .into_iter()
    .map(|(key, value)| (Text::from(key), value))
    .collect();
    let known = api_versions::DEFAULT.iter().map(|version| (*version).to_owned());
    let served = known.chain(release.api_versions.iter().cloned()).collect();
    Shared {
        release: Value::Map(described),
        capabilities: super::objects::capabilities(release.kube_version.parts(), served),
    }
}

/// Helm's rule for names: those of DNS, at most 53 letters.
fn check_name(name: &str) -> Result<(), HelmError> {
    let edge =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    let inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '.');
    let label = |label: &str| edge(label.chars().next()) && edge(label.chars().next_back());
    if !name.is_empty() && name.len() <= 53 && name.chars().all(inner) && name.split('.').all(label) {
        return Ok(());
    }
    let rule = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    Err(HelmError::Option(format!(
        "release name {name:?}: invalid release name, must match regex {rule} and the length must not be longer than 53"
    )))
}

fn collect_crds(chart: &dependencies::Prepared, parent: &str, crds: &mut Vec<(String, bytes::Bytes)>) {
    let path = if parent.is_empty() { chart.name.clone() } else { format!("{parent}/charts/{}", chart.name) };
    for file in &chart.chart.files {
        let extension = file.name.rsplit('.').next().unwrap_or_default().to_lowercase();
        if file.name.starts_with("crds/") && matches!(extension.as_str(), "yaml" | "yml" | "json") {
            crds.push((format!("{path}/{}", file.name), file.data.clone()));
        }
    }
    for below in &chart.dependencies {
        collect_crds(below, &path, crds);
    }
}
