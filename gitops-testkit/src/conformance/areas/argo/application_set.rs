//! ApplicationSets: what their generators give, and the Applications that are made of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use gitops_controller::appset::{ClusterSecret, Definition, Outside, OutsideError, Settings, generate};
use gitops_core::Tree;
use gitops_core::tree::MemoryTree;
use serde_json::{Value, json};

use super::list;

/// The namespace that Argo CD ran in when the cases were recorded.
const NAMESPACE: &str = "argocd";

/// The repositories and clusters of a case.
struct World {
    repositories: BTreeMap<String, Arc<MemoryTree>>,
    clusters: Vec<ClusterSecret>,
}

impl Outside for World {
    fn tree(&self, repository: &str, _: &str) -> Result<Arc<dyn Tree>, OutsideError> {
        let found = self.repositories.get(repository).cloned();
        found
            .map(|tree| tree as Arc<dyn Tree>)
            .ok_or_else(|| OutsideError::Failed(format!("no repository {repository}")))
    }

    fn clusters(&self) -> Result<Vec<ClusterSecret>, OutsideError> {
        Ok(self.clusters.clone())
    }
}

pub(super) fn check(case: &Value) -> Result<(), String> {
    let set = Definition::read(case.get("applicationSet").unwrap_or(&Value::Null), NAMESPACE);
    let set = set.map_err(|error| error.to_string())?;
    let expansion = generate(&set, &world(case), &Settings::new(NAMESPACE));
    let expected = case.get("expected").ok_or("the case expects nothing")?;
    let in_order = case.get("unordered") != Some(&Value::Bool(true));
    let listed: Vec<&Value> = list(expected, "generators").collect();
    if listed.len() != expansion.generators.len() {
        return Err(format!("expected {} generators, found {}", listed.len(), expansion.generators.len()));
    }
    for (index, (expected, found)) in listed.into_iter().zip(&expansion.generators).enumerate() {
        let place = format!("generator {index}");
        same_error(&place, expected.get("error"), found.error.as_ref().map(error_chain))?;
        let parameters = found.parameters.iter().map(|set| plain(&Value::Object(set.clone())));
        // Go writes a set without parameters as null where nothing was ever put into it.
        let sets = list(expected, "params").map(|set| if set.is_null() { json!({}) } else { plain(set) });
        same(&place, sets.collect(), parameters.collect(), in_order)?;
    }
    let problems = expansion.problems();
    let first = problems.first();
    same_error("set", expected.get("error"), first.map(|(_, message)| message.clone()))?;
    let reason = expected.get("reason").and_then(Value::as_str);
    if reason != first.map(|(reason, _)| reason.as_str()) {
        return Err(format!("expected the reason {reason:?}, found {first:?}"));
    }
    let applications = expansion.applications().map(|application| {
        let value = serde_json::to_value(application).map_err(|error| error.to_string())?;
        Ok(json!({ "metadata": value.get("metadata"), "spec": value.get("spec") }))
    });
    let applications = applications.collect::<Result<Vec<_>, String>>()?;
    same("applications", list(expected, "applications").cloned().collect(), applications, in_order)
}

fn world(case: &Value) -> World {
    let repositories = case.get("repos").and_then(Value::as_object).into_iter().flatten();
    let repositories = repositories.map(|(address, files)| {
        let files = files.as_object().into_iter().flatten();
        let tree = files.fold(MemoryTree::new(), |tree, (path, text)| {
            tree.with_file(path, text.as_str().unwrap_or_default().to_owned())
        });
        (address.clone(), Arc::new(tree))
    });
    World {
        repositories: repositories.collect(),
        clusters: list(case, "clusterSecrets").filter_map(ClusterSecret::read).collect(),
    }
}

/// Errors are compared by whether there are any.
fn same_error(place: &str, expected: Option<&Value>, found: Option<String>) -> Result<(), String> {
    match (expected.and_then(Value::as_str), found) {
        (Some(expected), None) => Err(format!("{place}: expected the error {expected:?}, found none")),
        (None, Some(found)) => Err(format!("{place}: expected no error, found {found:?}")),
        _ => Ok(()),
    }
}

fn error_chain(error: &gitops_controller::appset::GenerateError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}

fn same(place: &str, expected: Vec<Value>, found: Vec<Value>, in_order: bool) -> Result<(), String> {
    let text = |values: Vec<Value>| {
        let mut texts: Vec<String> = values.iter().map(Value::to_string).collect();
        if !in_order {
            texts.sort();
        }
        texts
    };
    let (expected, found) = (text(expected), text(found));
    if expected.len() != found.len() {
        return Err(format!("{place}: expected {} values, found {}: {found:?}", expected.len(), found.len()));
    }
    match expected.iter().zip(&found).find(|(expected, found)| expected != found) {
        Some((expected, found)) => Err(format!("{place}: expected {expected}, found {found}")),
        None => Ok(()),
    }
}

/// A value with whole numbers in one form: parameters are floats, which JSON of Go writes without a fraction.
fn plain(value: &Value) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < EXACT => json!(float as i64),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}
