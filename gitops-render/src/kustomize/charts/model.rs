//! The fields of `helmCharts` and `helmGlobals` (kustomize v5.8.1, `api/types/helmchartargs.go`).

use gitops_core::{Map, Value};
use serde::Deserialize;

/// What holds for all charts of a kustomization.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(in crate::kustomize) struct Globals {
    /// The directory of charts, `charts` where it is empty.
    pub(in crate::kustomize) chart_home: String,
    /// Where a `helm` program keeps its configuration. There is none here.
    #[allow(dead_code, reason = "it is taken and has no meaning in process")]
    config_home: String,
}

/// A chart to inflate.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(in crate::kustomize) struct Chart {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) repo: String,
    pub(super) release_name: String,
    pub(super) namespace: String,
    pub(super) additional_values_files: Vec<String>,
    pub(super) values_file: String,
    pub(super) values_inline: Map,
    pub(super) values_merge: String,
    #[serde(rename = "includeCRDs")]
    pub(super) include_crds: bool,
    pub(super) skip_hooks: bool,
    pub(super) api_versions: Vec<String>,
    pub(super) kube_version: String,
    pub(super) name_template: String,
    pub(super) skip_tests: bool,
    #[allow(dead_code, reason = "no program is run whose messages could be shown")]
    debug: bool,
    pub(super) devel: bool,
}

/// A chart as kustomize wrote it before, under `helmChartInflationGenerator`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(in crate::kustomize) struct OldChart {
    chart_name: String,
    chart_version: String,
    chart_repo_url: String,
    chart_home: String,
    values: String,
    values_local: Map,
    values_merge: String,
    release_name: String,
    #[allow(dead_code, reason = "kustomize takes these and drops them")]
    chart_repo_name: String,
    #[allow(dead_code, reason = "kustomize takes these and drops them")]
    helm_bin: String,
    #[allow(dead_code, reason = "kustomize takes these and drops them")]
    helm_home: String,
    #[allow(dead_code, reason = "kustomize takes these and drops them")]
    release_namespace: String,
    #[allow(dead_code, reason = "kustomize takes these and drops them")]
    extra_args: Vec<String>,
}

/// The configuration of the plugin `HelmChartInflationGenerator`: a chart and its globals in one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::kustomize) struct Inflation {
    #[serde(flatten)]
    pub(in crate::kustomize) fields: Map,
}

impl Inflation {
    /// The fields of globals and those of the chart.
    pub(in crate::kustomize) fn split(mut self) -> Result<(Globals, Chart), serde_json::Error> {
        let mut globals = Map::new();
        for name in ["chartHome", "configHome"] {
            globals.extend(self.fields.remove(name).map(|value| (name.to_owned(), value)));
        }
        Ok((serde_json::from_value(Value::Object(globals))?, serde_json::from_value(Value::Object(self.fields))?))
    }
}

/// The names of the fields of [`Inflation`].
pub(in crate::kustomize) const INFLATION_FIELDS: &[&str] = &[
    "chartHome",
    "configHome",
    "name",
    "version",
    "repo",
    "releaseName",
    "namespace",
    "additionalValuesFiles",
    "valuesFile",
    "valuesInline",
    "valuesMerge",
    "includeCRDs",
    "skipHooks",
    "apiVersions",
    "kubeVersion",
    "nameTemplate",
    "skipTests",
    "debug",
    "devel",
];

/// Charts of the old form in the new one; the last that names a directory of charts names it for all.
pub(in crate::kustomize) fn modern(old: Vec<OldChart>, globals: &mut Option<Globals>) -> Vec<Chart> {
    let home = old.iter().rev().map(|chart| &chart.chart_home).find(|home| !home.is_empty());
    if let (None, Some(home)) = (&globals, home) {
        *globals = Some(Globals { chart_home: home.clone(), ..Globals::default() });
    }
    let chart = |old: OldChart| Chart {
        name: old.chart_name,
        version: old.chart_version,
        repo: old.chart_repo_url,
        values_file: old.values,
        values_inline: old.values_local,
        values_merge: old.values_merge,
        release_name: old.release_name,
        ..Chart::default()
    };
    old.into_iter().map(chart).collect()
}
