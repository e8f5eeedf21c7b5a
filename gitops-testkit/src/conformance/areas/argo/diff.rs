//! Comparison of desired and live objects in Argo CD's normal form.

use gitops_core::api::ResourceIgnoreDifferences;
use gitops_core::{Map, Value};
use gitops_diff::normalize::{IgnoreRules, KnownTypes, RuleError};
use gitops_diff::predict::{Prediction, normalize, predict};
use gitops_merge::schema::Kinds;
use serde_json::json;

/// The field manager under which Argo CD applies.
const MANAGER: &str = "argocd-controller";

/// What a case configures: the application's rules and the system's.
struct Settings {
    kinds: Kinds,
    rules: Result<IgnoreRules, RuleError>,
    known: KnownTypes,
}

impl Settings {
    fn read(case: &Value) -> Result<Self, String> {
        let kinds = Kinds::builtin().map_err(|error| error.to_string())?;
        let mut known = KnownTypes::new();
        let options = gitops_yaml::Options::new(gitops_yaml::Resolver::Sigs);
        let mut rules: Vec<ResourceIgnoreDifferences> = match case.get("ignoreDifferences") {
            Some(Value::Array(rules)) => {
                serde_json::from_value(Value::Array(rules.clone())).map_err(|error| error.to_string())?
            }
            _ => Vec::new(),
        };
        for (key, settings) in case.get("overrides").and_then(Value::as_object).into_iter().flatten() {
            let (group, kind) = key.split_once('/').unwrap_or(("", key));
            if let Some(text) = settings.get("ignoreDifferences").and_then(Value::as_str) {
                let mut rule = gitops_yaml::read_one(text.as_bytes(), &options).map_err(|error| error.to_string())?;
                rule["group"] = json!(group);
                rule["kind"] = json!(kind);
                rules.push(serde_json::from_value(rule).map_err(|error| error.to_string())?);
            }
            for field in super::list(settings, "knownTypeFields") {
                let text = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default();
                // One that is not known is left out, as in Argo CD.
                let _ = known.add(group, kind, text("field"), text("type"), &kinds);
            }
        }
        Ok(Self { kinds, rules: IgnoreRules::compile(&rules), known })
    }
}

fn flag(case: &Value, name: &str) -> bool {
    case.get(name).and_then(Value::as_bool) == Some(true)
}

fn body<'a>(case: &'a Value, name: &str) -> Option<&'a Map> {
    case.get(name).and_then(Value::as_object)
}

pub(super) fn check(case: &Value) -> Result<(), String> {
    let settings = Settings::read(case)?;
    let expected = case.get("expected").ok_or("the case expects nothing")?;
    let rules = settings.rules.map_err(|error| error.to_string())?;
    let mut with = Prediction::new(&settings.kinds, &rules, &settings.known, MANAGER);
    with.ignore_aggregated_rules = flag(case, "ignoreAggregatedRoles");
    with.webhook_changes = flag(case, "includeMutationWebhook");
    with.dry_run = case.get("predictedLive").filter(|_| flag(case, "serverSideDiff"));
    let found = predict(body(case, "desired"), body(case, "live"), &with).map_err(|error| error.to_string())?;
    let side = |name: &str| expected.get(name).cloned().unwrap_or_default();
    same("predictedLive", &side("predictedLive"), &found.predicted_live)?;
    same("normalizedLive", &side("normalizedLive"), &found.normalized_live)?;
    super::equal(&flag(expected, "modified"), &found.modified)
}

pub(super) fn check_normal_form(case: &Value) -> Result<(), String> {
    let settings = Settings::read(case)?;
    let expected = case.get("expected").ok_or("the case expects nothing")?;
    let refused = expected.get("error").and_then(Value::as_str).is_some_and(|error| !error.is_empty());
    let mut object = body(case, "object").cloned().ok_or("the case has no object")?;
    let normalized = match &settings.rules {
        Ok(rules) => {
            let with = Prediction::new(&settings.kinds, rules, &settings.known, MANAGER);
            normalize(&mut object, &with).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    match normalized {
        Ok(()) if refused => Err("Argo CD refuses this, and it was taken".into()),
        // Argo CD's words for it are those of Go's libraries.
        Err(_) if refused => Ok(()),
        Ok(()) => same("normalized", expected.get("normalized").unwrap_or(&Value::Null), &Value::Object(object)),
        Err(error) => Err(error),
    }
}

/// The first place where two values differ, numbers by their value.
fn same(path: &str, expected: &Value, found: &Value) -> Result<(), String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let keys: std::collections::BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
            for key in keys {
                let path = format!("{path}/{key}");
                match (expected.get(key), found.get(key)) {
                    (Some(expected), Some(found)) => same(&path, expected, found)?,
                    (expected, found) => return Err(format!("{path}: expected {expected:?}, found {found:?}")),
                }
            }
            Ok(())
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let mut items = expected.iter().zip(found).enumerate();
            items.try_for_each(|(index, (expected, found))| same(&format!("{path}/{index}"), expected, found))
        }
        (Value::Number(expected), Value::Number(found)) if expected.as_f64() == found.as_f64() => Ok(()),
        _ if expected == found => Ok(()),
        _ => Err(format!("{path}: expected {expected}, found {found}")),
    }
}
