//! What a chart says of itself, as `helm show` prints it.

use serde_json::{Map, Value, json};

use super::Metadata;
use super::chart::ChartFile;
use super::metadata::{Dependency, Maintainer};

/// The names that a description can have, in any case (Helm's `readmeFileNames`).
const READMES: [&str; 3] = ["readme.md", "readme.txt", "readme"];

/// Which part of a chart is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shown {
    /// `Chart.yaml`.
    Chart,
    /// `values.yaml`.
    Values,
    /// The description.
    Readme,
    /// The files in `crds`, those of charts in the chart after its own.
    Crds,
    /// All of it.
    All,
}

/// Writes a part of a chart, from what it says of itself, its files, and its `crds` and those of the charts in it.
pub fn show(metadata: &Metadata, files: &[ChartFile], crds: &[&[u8]], shown: Shown) -> String {
    let wanted = |one| shown == one || shown == Shown::All;
    let separator = if shown == Shown::All { "---\n" } else { "" };
    let text = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
    let mut out = String::new();
    if wanted(Shown::Chart) {
        out.push_str(&format!("{}\n", gitops_yaml::write(&described(metadata))));
    }
    if wanted(Shown::Values)
        && let Some(file) = files.iter().find(|file| file.name == "values.yaml")
    {
        out.push_str(&format!("{separator}{}\n", text(&file.data)));
    }
    if wanted(Shown::Readme)
        && let Some(file) = files.iter().find(|file| READMES.contains(&file.name.to_lowercase().as_str()))
    {
        out.push_str(&format!("{separator}{}\n", text(&file.data)));
    }
    if wanted(Shown::Crds)
        && let Some(first) = crds.first()
    {
        if !first.starts_with(b"---") {
            out.push_str(separator);
        }
        crds.iter().for_each(|data| out.push_str(&format!("{}\n", text(data))));
    }
    out
}

/// `Chart.yaml` as Go writes it: what is empty is left out.
fn described(metadata: &Metadata) -> Value {
    let dependencies: Vec<Value> = metadata.dependencies.iter().map(dependency).collect();
    let maintainers: Vec<Value> = metadata.maintainers.iter().map(maintainer).collect();
    without_empty([
        ("name", json!(metadata.name)),
        ("home", json!(metadata.home)),
        ("sources", json!(metadata.sources)),
        ("version", json!(metadata.version)),
        ("description", json!(metadata.description)),
        ("keywords", json!(metadata.keywords)),
        ("maintainers", json!(maintainers)),
        ("icon", json!(metadata.icon)),
        ("apiVersion", json!(metadata.api_version)),
        ("condition", json!(metadata.condition)),
        ("tags", json!(metadata.tags)),
        ("appVersion", json!(metadata.app_version)),
        ("deprecated", json!(metadata.deprecated)),
        ("annotations", json!(metadata.annotations)),
        ("kubeVersion", json!(metadata.kube_version)),
        ("dependencies", json!(dependencies)),
        ("type", json!(metadata.kind)),
    ])
}

fn maintainer(maintainer: &Maintainer) -> Value {
    without_empty([
        ("name", json!(maintainer.name)),
        ("email", json!(maintainer.email)),
        ("url", json!(maintainer.url)),
    ])
}

fn dependency(dependency: &Dependency) -> Value {
    let mut value = without_empty([
        ("name", json!(dependency.name)),
        ("version", json!(dependency.version)),
        ("condition", json!(dependency.condition)),
        ("tags", json!(dependency.tags)),
        ("import-values", json!(dependency.import_values)),
        ("alias", json!(dependency.alias)),
    ]);
    // The one field that is written though it is empty.
    value["repository"] = json!(dependency.repository);
    value
}

fn without_empty<const COUNT: usize>(fields: [(&str, Value); COUNT]) -> Value {
    let empty = |value: &Value| match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        other => *other == json!(false),
    };
    let fields = fields.into_iter().filter(|(_, value)| !empty(value));
    Value::Object(fields.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}
