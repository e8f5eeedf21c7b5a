//! `vars`: `$(NAME)` in the configured fields, replaced by a field of a resource.

use std::collections::BTreeMap;

use gitops_core::Value;
use serde::Deserialize;

use super::configuration::Configuration;
use super::field_path::{find, scalar, split};
use super::field_spec::Create;
use super::id::effective_namespace;
use super::read::File;
use super::resource::Resource;
use super::resources::Resources;
use crate::{Place, Problem, RenderError};

/// A variable, and where it is defined.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    name: String,
    path: String,
    place: Place,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Definition {
    name: String,
    objref: Reference,
    fieldref: Field,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reference {
    api_version: String,
    group: String,
    version: String,
    kind: String,
    name: String,
    namespace: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Field {
    #[serde(alias = "fieldPath")]
    fieldpath: String,
}

/// Notes which resources the variables of a kustomization read, while these still have the names that it knows.
pub(super) fn define(file: &File, resources: &mut Resources, variables: &mut Vec<Variable>) -> Result<(), RenderError> {
    for (index, value) in file.kustomization.vars.iter().enumerate() {
        let place = file.item("vars", index).place();
        let definition: Definition = serde_path_to_error::deserialize(value.clone())
            .map_err(|error| place.is(Problem::Value(error.into_inner().to_string())))?;
        let found: Vec<usize> = resources
            .iter()
            .enumerate()
            .filter(|(_, resource)| definition.objref.names(resource))
            .map(|(index, _)| index)
            .collect();
        if let [_, _, ..] = found.as_slice() {
            let Reference { kind, name, .. } = &definition.objref;
            let found = found.iter().filter_map(|index| resources.get(*index)).map(|found| found.id().to_string());
            let found = found.collect::<Vec<_>>().join(", ");
            return Err(place.is(Problem::Ambiguous { wanted: format!("{kind} {name}"), found }));
        }
        if let Some(resource) = found.first().and_then(|index| resources.get_mut(*index)) {
            resource.variables.push(definition.name.clone());
        }
        let path = Some(definition.fieldref.fieldpath).filter(|path| !path.is_empty());
        let path = path.unwrap_or_else(|| "metadata.name".into());
        add(variables, Variable { name: definition.name, path, place })?;
    }
    Ok(())
}

/// Adds the variables of a base.
pub(super) fn merge(variables: &mut Vec<Variable>, others: Vec<Variable>) -> Result<(), RenderError> {
    others.into_iter().try_for_each(|other| add(variables, other))
}

fn add(variables: &mut Vec<Variable>, variable: Variable) -> Result<(), RenderError> {
    if let Some(known) = variables.iter().find(|known| known.name == variable.name) {
        let message = format!("the variable `{}` is defined already, at {}", variable.name, known.place);
        return Err(variable.place.is(Problem::Value(message)));
    }
    variables.push(variable);
    Ok(())
}

impl Reference {
    fn names(&self, resource: &Resource) -> bool {
        let api_version = match (self.api_version.as_str(), self.group.as_str()) {
            ("", "") => self.version.clone(),
            ("", group) => format!("{group}/{}", self.version),
            (api_version, _) => api_version.into(),
        };
        let namespace = effective_namespace(&api_version, &self.kind, &self.namespace);
        let mut ids = std::iter::once(resource.id()).chain(resource.former_ids());
        ids.any(|id| {
            let placed = self.namespace.is_empty() && !id.is_cluster_scoped() || id.namespace == namespace;
            id.name == self.name && id.kind == self.kind && id.api_version == api_version && placed
        })
    }
}

/// Writes the values of the variables into the fields that may name them.
pub(super) fn resolve(
    resources: &mut Resources,
    variables: &[Variable],
    configuration: &Configuration,
) -> Result<(), RenderError> {
    if variables.is_empty() {
        return Ok(());
    }
    let mut values = BTreeMap::new();
    for variable in variables {
        let failed = |message: String| variable.place.is(Problem::Value(message));
        let read = |resource: &&Resource| resource.variables.contains(&variable.name);
        let Some(resource) = resources.iter().find(read) else {
            return Err(failed(format!("no resource has the value of the variable `{}`", variable.name)));
        };
        // An index may be written behind a name, as in `containers[0]`.
        let path = split(&variable.path.replace('[', ".[").replace("..[", ".["));
        let path: Vec<String> = path.iter().map(|part| part.trim_matches(['[', ']']).to_owned()).collect();
        let Some(value) = find(&resource.value, &path).filter(|value| scalar(value).is_some()) else {
            return Err(failed(format!("`{}` has no `{}`", resource.id(), variable.path)));
        };
        values.insert(variable.name.clone(), value.clone());
    }
    for resource in resources.iter_mut() {
        let place = Place::from(&resource.origin);
        for field in &configuration.variable_references {
            let failed = |message| place.is(Problem::Value(message));
            field.change(resource, Create::Never, &mut |value| expand_all(value, &values)).map_err(failed)?;
        }
    }
    Ok(())
}

fn expand_all(value: &mut Value, values: &BTreeMap<String, Value>) -> Result<(), String> {
    match value {
        Value::String(text) => *value = expand(text, values),
        Value::Array(items) => {
            for item in items {
                let Value::String(text) = item else { return Err("expected a list of texts".into()) };
                *item = expand(text, values);
            }
        }
        Value::Object(map) => {
            for item in map.values_mut() {
                if let Value::String(text) = item {
                    *item = expand(text, values);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The text with its variables replaced; a text that is one variable becomes its value. `$$` is a dollar sign.
fn expand(text: &str, values: &BTreeMap<String, Value>) -> Value {
    if let Some(name) = text.strip_prefix("$(").and_then(|text| text.strip_suffix(')'))
        && let Some(value) = values.get(name)
    {
        return value.clone();
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            result.push('$');
            rest = after;
            continue;
        }
        match after.strip_prefix('(').and_then(|after| after.split_once(')')) {
            Some((name, after)) => {
                match values.get(name).and_then(scalar) {
                    Some(value) => result.push_str(&value),
                    None => result.extend(["$(", name, ")"]),
                }
                rest = after;
            }
            None => {
                result.push('$');
                rest = after;
            }
        }
    }
    result.push_str(rest);
    result.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_expanded() {
        let values = BTreeMap::from([("A".to_owned(), json!("x")), ("N".to_owned(), json!(80))]);
        assert_eq!(expand("$(N)", &values), json!(80));
        assert_eq!(expand("a-$(A):$(N) $(B) $$(A) $", &values), json!("a-x:80 $(B) $(A) $"));
        assert_eq!(expand("$(open", &values), json!("$(open"));
    }
}
