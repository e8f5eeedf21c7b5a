//! An Application's `helm` block, as Argo CD 3.5 renders it (`reposerver/repository`, `helmTemplate`).

mod dependencies;
mod lock;
mod value_files;
mod values;

use gitops_core::Origin;
use gitops_core::api::HelmSource;
use gitops_core::tree::TreePath;
use gitops_template::Functions;
use serde_json::Value;

use super::release::render as render_chart;
use super::seeded::Seeded;
use super::{HelmError, KubeVersion, Release, yaml};
use crate::render::{Context, Found};
use crate::{Place, Problem, RenderError, Warning, WarningKind, lists};

/// The versions of Helm that a source may ask for: the last two, whose charts are the same.
const VERSIONS: [&str; 3] = ["", "v3", "v4"];

pub use dependencies::{Requirement, requirements};
pub use lock::text as lock_text;

/// The objects of a chart: what its `crds` folder holds, its manifests, and its hooks, which the sync maps.
pub(crate) fn render(
    context: &Context<'_>,
    path: &TreePath,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Found>, RenderError> {
    let default = HelmSource::default();
    let options = context.source.helm.as_deref().unwrap_or(&default);
    let version = options.version.as_deref().unwrap_or_default();
    if !VERSIONS.contains(&version) {
        let message = format!("`{version}` is not supported, expected `v3` or `v4`");
        return Err(Place::named("spec.source.helm.version").is(Problem::Value(message)));
    }
    let mut chart = context.inputs.chart_cache.in_folder(&context.files, path)?;
    let lacking = dependencies::add(context, path, &mut chart)?;
    let values = values::merged(context, path, options)?;
    if let Some(need) = lacking {
        return Err(RenderError::Elsewhere(need));
    }
    let release = release(context, options)?;
    let functions = Functions::helm();
    let host = Seeded::new(context.inputs, format!("{}/{}", release.namespace, release.name));
    let rendered = render_chart(&chart, &values, &release, &functions, &host)?;
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
    let given = |text: &Option<String>| text.as_ref().filter(|text| !text.is_empty()).cloned();
    let version = given(&options.kube_version).unwrap_or_else(|| inputs.kube_version.clone());
    let name = given(&options.release_name).unwrap_or_else(|| own_name(&inputs.application).to_owned());
    let namespace = given(&options.namespace).unwrap_or_else(|| inputs.namespace.clone());
    let version = match version.as_str() {
        "" => KubeVersion::default(),
        version => KubeVersion::parse(version).map_err(HelmError::Option)?,
    };
    let mut release = Release::new(name, namespace, version);
    let api_versions = options.api_versions.as_ref().filter(|versions| !versions.is_empty());
    release.api_versions = api_versions.map_or(&*inputs.api_versions, Vec::as_slice).to_vec();
    release.schema = !options.skip_schema_validation.unwrap_or(false);
    Ok(release)
}

/// An Application's name without the namespace that stands before it outside the control plane's.
fn own_name(application: &str) -> &str {
    application.split_once('_').map_or(application, |(_, name)| name)
}
