//! The cluster generator.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gitops_core::api::ClusterGenerator;
use gitops_template::{Element, List, Map, MapKind, Text, Value};

use super::error::GenerateError;
use super::generator::Generation;
use super::outside::ClusterSecret;
use super::parameters::{Parameters, normalize, set_text};
use super::selector::{Selector, Values};
use super::values;

/// The cluster that the engine runs in, where no Secret says otherwise.
pub(super) const LOCAL: (&str, &str) = ("in-cluster", "https://kubernetes.default.svc");

/// Annotations that Argo CD or kubectl keeps its own state in: they would make an Application change all the time, or
/// have the Secret's content in them.
const OWN_ANNOTATIONS: [&str; 7] = [
    "argocd.argoproj.io/refresh",
    "argocd.argoproj.io/refresh-timestamp",
    "argocd.argoproj.io/hydrate",
    "argocd.argoproj.io/hydrate-timestamp",
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/installation-id",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// The clusters that a selector takes, by name; the local one where there is no selector.
pub(super) fn generate(of: &ClusterGenerator, generation: &Generation<'_>) -> Result<Vec<Parameters>, GenerateError> {
    let selector = of.selector.clone().unwrap_or_default();
    let selects = selector.match_labels.as_ref().is_some_and(|labels| !labels.is_empty())
        || selector.match_expressions.as_ref().is_some_and(|all| !all.is_empty());
    let selector = Selector::read(&selector, Values::OfLabels).map_err(GenerateError::Selector)?;
    let mut by_name: BTreeMap<String, ClusterSecret> = BTreeMap::new();
    for secret in secrets(generation)? {
        let label = |key: &str| secret.labels.get(key).map(|value| Cow::Borrowed(value.as_str()));
        if selector.matches(label) {
            by_name.insert(secret.name.clone(), secret);
        }
    }
    let mut sets = Vec::new();
    for secret in by_name.values() {
        let parameters = parameters(secret, generation.renderer.is_go());
        values::append(of.values.as_ref(), &parameters, generation.renderer)?;
        sets.push(parameters);
    }
    if !selects && by_name.values().all(|secret| secret.server != LOCAL.1) {
        let parameters = common(LOCAL.0, LOCAL.1, "");
        values::append(of.values.as_ref(), &parameters, generation.renderer)?;
        sets.push(parameters);
    }
    if of.flat_list == Some(true) {
        let element = Element::Named("map[string]interface {}");
        let clusters: Vec<Value> = sets.into_iter().map(Value::Map).collect();
        let list = if clusters.is_empty() { List::nil(element) } else { List::of(element, clusters) };
        sets = vec![[(Text::from("clusters"), Value::List(list))].into_iter().collect()];
    }
    Ok(sets)
}

/// The Secrets of clusters in the engine's namespace.
pub(super) fn secrets(generation: &Generation<'_>) -> Result<Vec<ClusterSecret>, GenerateError> {
    let failed = |source| GenerateError::Outside { what: "the clusters cannot be listed".into(), source };
    let mut secrets = generation.outside.clusters().map_err(failed)?;
    secrets.retain(|secret| secret.namespace == generation.settings.namespace);
    Ok(secrets)
}

fn common(name: &str, server: &str, project: &str) -> Parameters {
    let parameters = Map::default();
    set_text(&parameters, "name", name);
    set_text(&parameters, "nameNormalized", normalize(name));
    set_text(&parameters, "server", server);
    set_text(&parameters, "project", project);
    parameters
}

fn parameters(secret: &ClusterSecret, go: bool) -> Parameters {
    let parameters = common(&secret.name, &secret.server, secret.project.as_deref().unwrap_or_default());
    let is_shown = |(key, _): &(&String, &String)| !OWN_ANNOTATIONS.contains(&key.as_str());
    let annotations: Vec<_> = secret.annotations.iter().filter(is_shown).collect();
    if !go {
        for (key, value) in annotations {
            set_text(&parameters, format!("metadata.annotations.{key}"), value.as_str());
        }
        for (key, value) in &secret.labels {
            set_text(&parameters, format!("metadata.labels.{key}"), value.as_str());
        }
        return parameters;
    }
    let texts = |entries: Vec<(&String, &String)>| {
        let entry = |(key, value): (&String, &String)| (Text::from(key.as_str()), Value::text(value.as_str()));
        Value::Map(Map::of_kind(MapKind::Text, entries.into_iter().map(entry).collect()))
    };
    let metadata = Map::default();
    if !secret.annotations.is_empty() {
        metadata.set("annotations".into(), texts(annotations));
    }
    if !secret.labels.is_empty() {
        metadata.set("labels".into(), texts(secret.labels.iter().collect()));
    }
    parameters.set("metadata".into(), Value::Map(metadata));
    parameters
}
