//! The cluster decision resource generator: clusters that the status of other objects names.

use std::borrow::Cow;

use gitops_core::Value as Json;
use gitops_core::api::DuckTypeGenerator;
use gitops_template::{FromJson, Map, from_json, print_value};

use super::clusters::{LOCAL, secrets};
use super::error::GenerateError;
use super::generator::Generation;
use super::outside::DecisionQuery;
use super::parameters::{Parameters, set_text};
use super::selector::{Selector, Values};
use super::values;

/// The clusters that are known and that an object's decisions name.
pub(super) fn generate(of: &DuckTypeGenerator, generation: &Generation<'_>) -> Result<Vec<Parameters>, GenerateError> {
    let outside = |what: String| move |source| GenerateError::Outside { what, source };
    let wrong = |message: String| GenerateError::Field(message);
    let mut clusters: Vec<(String, String)> =
        secrets(generation)?.into_iter().map(|secret| (secret.name, secret.server)).collect();
    if clusters.iter().all(|(_, server)| server != LOCAL.1) {
        clusters.push((LOCAL.0.to_owned(), LOCAL.1.to_owned()));
    }
    let name = &of.config_map_ref;
    let failed = outside(format!("the ConfigMap `{name}` cannot be read"));
    let config = generation.outside.config_map(name).map_err(failed)?;
    let setting = |key: &str| config.get(key).map(String::as_str).filter(|text| !text.is_empty());
    let api_version =
        setting("apiVersion").and_then(|text| text.split_once('/')).filter(|(group, _)| !group.is_empty());
    let Some(((group, version), resource)) = api_version.zip(setting("kind")) else {
        return Err(wrong(format!("the ConfigMap `{name}` needs `apiVersion` with a group, and `kind`")));
    };
    let objects = of.name.clone().filter(|name| !name.is_empty());
    let is_given = |selector: &gitops_core::api::LabelSelector| {
        selector.match_labels.is_some() || selector.match_expressions.is_some()
    };
    let labels = of.label_selector.clone().filter(is_given);
    if objects.is_some() == labels.is_some() {
        return Err(wrong("either `name` or `labelSelector` must be given".into()));
    }
    let selector = labels.as_ref().map(|labels| Selector::read(labels, Values::OfLabels)).transpose();
    let selector = selector.map_err(GenerateError::Selector)?;
    let query = DecisionQuery {
        group: group.into(),
        version: version.into(),
        resource: resource.into(),
        name: objects,
        selector: labels,
    };
    let mut resources =
        generation.outside.decisions(&query).map_err(outside(format!("the `{resource}` cannot be listed")))?;
    resources.retain(|object| {
        let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str);
        let named = query.name.as_deref().is_none_or(|name| text("/metadata/name") == Some(name));
        let label = |key: &str| object.pointer("/metadata/labels")?.get(key)?.as_str().map(Cow::Borrowed);
        named && selector.as_ref().is_none_or(|selector| selector.matches(label))
    });
    if resources.is_empty() {
        return Err(wrong(format!("no `{resource}` was found")));
    }
    let Some(key) = setting("matchKey") else {
        return Err(wrong(format!("the ConfigMap `{name}` has no `matchKey`")));
    };
    let list = setting("statusListKey").unwrap_or("clusters");
    let decisions = resources.iter().filter_map(|object| object.get("status")?.get(list)?.as_array()).flatten();
    let mut sets = Vec::new();
    for decision in decisions.filter_map(Json::as_object) {
        let text = |value: &Json| print_value(&from_json(value, FromJson::Integers));
        let wanted = decision.get(key).map(text);
        let Some((name, server)) = clusters.iter().find(|(name, _)| Some(name) == wanted.as_ref()) else { continue };
        generation.admit(sets.len() + 1)?;
        let parameters = Map::default();
        set_text(&parameters, "name", name.as_str());
        set_text(&parameters, "server", server.as_str());
        for (key, value) in decision {
            set_text(&parameters, key.as_str(), text(value));
        }
        values::append_plain(of.values.as_ref(), &parameters, generation.renderer);
        sets.push(parameters);
    }
    Ok(sets)
}
