//! Argo CD's own results, where they lie beside the checkout.

// A helper of tests is a test to clippy only inside of one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use gitops_core::api::ResourceIgnoreDifferences;
use gitops_core::{Object, Value};
use gitops_diff::normalize::{IgnoreRules, normalized};
use gitops_diff::{DiffContext, diff};
use gitops_merge::schema::Kinds;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance/argo/diff");

/// The cases of a file; none where the folder is not there, which is an error in CI.
#[allow(clippy::disallowed_methods, clippy::disallowed_macros)]
fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(FOLDER).join(file);
    match std::fs::read(&path) {
        Ok(bytes) => {
            let document: Value = serde_json::from_slice(&bytes).unwrap();
            document["cases"].as_array().unwrap().clone()
        }
        Err(_) if std::env::var_os("CI").is_some_and(|value| value == "true") => {
            panic!("{}: not there", path.display())
        }
        Err(_) => {
            println!("skipped: {} is not there", path.display());
            Vec::new()
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn rules(case: &Value) -> Result<IgnoreRules, gitops_diff::normalize::RuleError> {
    let rules: Vec<ResourceIgnoreDifferences> =
        serde_json::from_value(case["ignoreDifferences"].clone()).unwrap_or_default();
    IgnoreRules::compile(&rules)
}

#[test]
#[allow(clippy::disallowed_macros)]
fn ignored_fields_are_those_that_argo_cd_takes_out() {
    let cases = cases("normalize.json");
    let (mut tried, mut failed) = (0, Vec::new());
    for case in cases.iter().filter(|case| is_empty(&case["overrides"]) && !is_empty(&case["ignoreDifferences"])) {
        tried += 1;
        let id = case["id"].as_str().unwrap();
        let expected = &case["expected"]["normalized"];
        let object = Object::from_value(case["object"].clone()).unwrap();
        match rules(case) {
            Err(_) if expected.is_null() => {}
            Err(error) => failed.push(format!("{id}: {error}")),
            Ok(rules) => {
                let (found, _) = normalized(&object, &rules);
                if expected.as_object() != Some(found.body()) {
                    failed.push(format!("{id}: differs"));
                }
            }
        }
    }
    println!("{} of {tried} objects are normalized as Argo CD does", tried - failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
#[allow(clippy::disallowed_macros)]
fn what_is_modified_to_argo_cd() {
    let kinds = Kinds::builtin().unwrap();
    let (mut tried, mut same) = (0, 0);
    for case in cases("diff.json").iter().filter(|case| is_empty(&case["overrides"])) {
        let id = case["id"].as_str().unwrap();
        let (Ok(desired), Ok(live)) =
            (Object::from_value(case["desired"].clone()), Object::from_value(case["live"].clone()))
        else {
            continue;
        };
        tried += 1;
        let predicted = match &case["predictedLive"] {
            Value::String(text) => Object::from_value(serde_json::from_str(text).unwrap()).ok(),
            other => Object::from_value(other.clone()).ok(),
        };
        let rules = rules(case).unwrap();
        let mut context = DiffContext::new().with_kinds(&kinds).with_ignore(&rules).with_predicted(predicted.as_ref());
        context.manager = "argocd-controller";
        context.server_changes = case["includeMutationWebhook"] == true;
        context.ignore_aggregated_rules = case["ignoreAggregatedRoles"] == true;
        let found = diff(&desired, Some(&live), &context);
        let modified = case["expected"]["modified"].as_bool().unwrap();
        match found {
            Ok(found) if found.is_same() != modified => same += 1,
            Ok(found) => {
                let fields: Vec<_> = found.fields.iter().map(|field| field.path.text.as_str()).collect();
                println!("{id}: Argo CD says modified: {modified}, found {fields:?}");
            }
            Err(error) => println!("{id}: {error}"),
        }
    }
    println!("{same} of {tried} objects are modified where Argo CD says so");
    // The rest follows rules that server-side apply does not have: three-way merges by the last-applied annotation,
    // and the order of lists with keys.
    assert!(same * 10 >= tried * 9, "{same} of {tried}");
}
