//! The further parameters that a generator's `values` give, each a template over the others.

use std::collections::BTreeMap;

use gitops_template::{Map, MapKind, Text, Value};

use super::error::TemplateError;
use super::parameters::{Parameters, set_text};
use super::template::{Missing, Renderer};

/// Adds values. None of them sees another, so that they cannot grow by each other.
pub(super) fn append(
    values: Option<&BTreeMap<String, String>>,
    parameters: &Parameters,
    renderer: &Renderer,
) -> Result<(), TemplateError> {
    let filled = values
        .into_iter()
        .flatten()
        .map(|(key, template)| Ok((key.as_str(), renderer.text(template, parameters, Missing::AsAsked)?)))
        .collect::<Result<Vec<_>, TemplateError>>()?;
    add(filled, parameters, renderer);
    Ok(())
}

/// Adds values as they are.
pub(super) fn append_plain(values: Option<&BTreeMap<String, String>>, parameters: &Parameters, renderer: &Renderer) {
    let plain = values.into_iter().flatten().map(|(key, value)| (key.as_str(), value.clone())).collect();
    add(plain, parameters, renderer);
}

fn add(values: Vec<(&str, String)>, parameters: &Parameters, renderer: &Renderer) {
    if values.is_empty() {
        return;
    }
    if renderer.is_go() {
        let entries = values.into_iter().map(|(key, value)| (Text::from(key), Value::text(value))).collect();
        parameters.set("values".into(), Value::Map(Map::of_kind(MapKind::Text, entries)));
    } else {
        for (key, value) in values {
            set_text(parameters, format!("values.{key}"), value);
        }
    }
}
