//! The list generator.

use gitops_core::Value as Json;
use gitops_core::api::ListGenerator;
use gitops_template::{Map, Value};
use gitops_yaml::Limits;

use super::error::GenerateError;
use super::generator::Generation;
use super::parameters::{Parameters, of_json, set_text};

/// The elements, and those of `elementsYaml`.
pub(super) fn generate(list: &ListGenerator, generation: &Generation<'_>) -> Result<Vec<Parameters>, GenerateError> {
    let mut sets = Vec::new();
    for (index, element) in list.elements.iter().flatten().enumerate() {
        let place = format!("elements[{index}]");
        let element = match element {
            Json::Null => Map::default(),
            Json::Object(element) => of_json(element),
            _ => return Err(GenerateError::Field(format!("{place}: expected a mapping"))),
        };
        sets.push(if generation.renderer.is_go() { element } else { texts(&element, &place)? });
    }
    if let Some(yaml) = list.elements_yaml.as_deref().filter(|yaml| !yaml.is_empty()) {
        let wrong = |message| GenerateError::Field(format!("elementsYaml: {message}"));
        let elements = gitops_yaml::read_first(yaml.as_bytes(), &Limits::default()).map_err(wrong)?;
        sets.extend(maps(&elements).ok_or_else(|| wrong("expected a list of mappings".into()))?);
    }
    Ok(sets)
}

/// A list of maps, or null.
pub(super) fn maps(list: &Json) -> Option<Vec<Parameters>> {
    let map = |item: &Json| match item {
        Json::Null => Some(Map::default()),
        Json::Object(map) => Some(of_json(map)),
        _ => None,
    };
    match list {
        Json::Null => Some(Vec::new()),
        Json::Array(items) => items.iter().map(map).collect(),
        _ => None,
    }
}

/// Without Go's templates everything is a text, but for one map of texts under `values`.
fn texts(element: &Parameters, place: &str) -> Result<Parameters, GenerateError> {
    let parameters = Map::default();
    let not_text = |key: &str| GenerateError::Field(format!("{place}.{key}: expected a text"));
    for (key, value) in element.entries() {
        match value {
            Value::Text(text) => set_text(&parameters, key, text),
            Value::Map(values) if *key == *b"values" => {
                for (name, value) in values.entries() {
                    let name = format!("values.{name}");
                    match value {
                        Value::Text(text) => set_text(&parameters, name, text),
                        _ => return Err(not_text(&name)),
                    }
                }
            }
            _ => return Err(not_text(&key.to_str())),
        }
    }
    Ok(parameters)
}
