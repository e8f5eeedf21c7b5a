//! The plugin generator: a service that is asked for parameters.

use gitops_core::Value as Json;
use gitops_core::api::PluginGenerator;
use gitops_template::{Map, Value};
use serde_json::Map as JsonMap;

use super::error::GenerateError;
use super::generator::Generation;
use super::parameters::{Parameters, flatten, of_json, set_text};
use super::values;

/// What the service answers, with what it was asked under `generator.input.parameters`.
pub(super) fn generate(of: &PluginGenerator, generation: &Generation<'_>) -> Result<Vec<Parameters>, GenerateError> {
    let asked = of.input.as_ref().and_then(|input| input.parameters.clone()).unwrap_or_default();
    let asked: JsonMap<String, Json> = asked.into_iter().collect();
    let name = &of.config_map_ref.name;
    let failed = |source| GenerateError::Outside { what: format!("the plugin of `{name}` does not answer"), source };
    let mut sets = Vec::new();
    for answer in generation.outside.plugin(name, &asked).map_err(failed)? {
        generation.admit(sets.len() + 1)?;
        let answer = of_json(&answer);
        let parameters = if generation.renderer.is_go() {
            answer
        } else {
            let flat = Map::default();
            flatten(&answer).into_iter().for_each(|(key, text)| set_text(&flat, key, text));
            flat
        };
        parameters.set("generator".into(), within("input", within("parameters", Value::Map(of_json(&asked)))));
        values::append(of.values.as_ref(), &parameters, generation.renderer)?;
        sets.push(parameters);
    }
    Ok(sets)
}

fn within(name: &str, value: Value) -> Value {
    Value::Map([(name.into(), value)].into_iter().collect())
}
