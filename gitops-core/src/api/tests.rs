//! Real objects survive being read and written back.

#![allow(clippy::disallowed_methods, reason = "tests read the recorded objects")]
#![allow(clippy::disallowed_macros, reason = "a skipped test says so")]

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

/// The recorded cases beside the checkout, where they are.
pub(crate) fn recorded(folder: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance")).join(folder);
    if path.exists() {
        return Some(path);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

fn json_files(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            files.push((path, value));
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

/// Every mapping below `value` that `wanted` accepts.
fn gather<'a>(value: &'a Value, wanted: &dyn Fn(Option<&str>, &Value) -> bool, found: &mut Vec<&'a Value>) {
    fn walk<'a>(
        key: Option<&str>,
        value: &'a Value,
        wanted: &dyn Fn(Option<&str>, &Value) -> bool,
        found: &mut Vec<&'a Value>,
    ) {
        if value.is_object() && wanted(key, value) {
            found.push(value);
        }
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(Some(key), value, wanted, found)),
            Value::Array(list) => list.iter().for_each(|value| walk(key, value, wanted, found)),
            _ => {}
        }
    }
    walk(None, value, wanted, found);
}

fn round_trip<T: DeserializeOwned + Serialize + Schema>(place: &str, value: &Value) {
    let typed: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{place}: {error}"));
    assert_eq!(&serde_json::to_value(&typed).unwrap(), value, "{place}");
    let unknown: Vec<String> = typed.unknown_fields().iter().map(ToString::to_string).collect();
    assert!(unknown.is_empty(), "{place}: unknown fields {unknown:?}");
}

fn round_trip_all<T: DeserializeOwned + Serialize + Schema>(
    folder: &str,
    wanted: &dyn Fn(Option<&str>, &Value) -> bool,
    at_least: usize,
) {
    let Some(folder) = recorded(folder) else { return };
    let mut count = 0;
    for (path, value) in json_files(&folder) {
        let mut found = Vec::new();
        gather(&value, wanted, &mut found);
        for object in found {
            round_trip::<T>(&format!("{} object {count}", path.display()), object);
            count += 1;
        }
    }
    assert!(count >= at_least, "{count} objects in {}", folder.display());
}

fn is_kind(value: &Value, kind: &str) -> bool {
    value["apiVersion"] == API_VERSION && value["kind"] == kind && value.get("spec").is_some()
}

#[test]
fn applications_that_a_controller_wrote_round_trip() {
    round_trip_all::<Application>("argo/status-examples", &|_, value| is_kind(value, APPLICATION_KIND), 15);
}

#[test]
fn generated_applications_round_trip() {
    let wanted = |key: Option<&str>, value: &Value| key == Some("applications") && value.get("spec").is_some();
    round_trip_all::<Application>("argo/applicationset", &wanted, 100);
}

#[test]
fn application_sets_round_trip() {
    round_trip_all::<ApplicationSet>("argo/applicationset", &|_, value| is_kind(value, APPLICATION_SET_KIND), 100);
}

#[test]
fn projects_round_trip() {
    let wanted = |key: Option<&str>, value: &Value| key == Some("project") && value.get("spec").is_some();
    round_trip_all::<AppProject>("argo/projects", &wanted, 50);
}

#[test]
fn absent_empty_and_unknown_fields_stay_what_they_are() {
    let value = json!({
        "apiVersion": API_VERSION,
        "kind": "Application",
        "metadata": {"name": "web", "annotations": {}, "labels": {"a.b/c": ""}, "zone": 1},
        "spec": {
            "project": "",
            "destination": {"namespace": "", "region": {"name": "north"}},
            "sources": [{"repoURL": "", "helm": {"valuesObject": {"deep": [1, 2.5, null, true]}, "fast": true}}],
            "syncPolicy": {"automated": {}, "syncOptions": [], "retry": {"limit": -1}},
            "info": []
        },
        "operation": {"retry": {}},
        "extra": [null, {"a": 9_007_199_254_740_993_u64}]
    });
    let application: Application = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&application).unwrap(), value);
    let unknown: Vec<String> = application.unknown_fields().iter().map(ToString::to_string).collect();
    assert_eq!(unknown, ["metadata.zone", "spec.destination.region", "spec.sources[0].helm.fast", "extra"]);
}

#[test]
fn null_is_absent() {
    let value = json!({
        "metadata": {"name": "web", "creationTimestamp": null},
        "spec": {"project": "p", "destination": {}, "syncPolicy": {"automated": null}},
        "status": null
    });
    let application: Application = serde_json::from_value(value).unwrap();
    assert!(application.status.is_none());
    assert!(application.automated().is_none());
}

#[test]
fn sources_come_in_one_list() {
    let mut spec = ApplicationSpec::default();
    assert!(spec.sources().is_empty());
    spec.source = Some(ApplicationSource::new("https://one"));
    assert_eq!(spec.sources()[0].repo_url, "https://one");
    spec.sources = Some(Vec::new());
    assert_eq!(spec.sources()[0].repo_url, "https://one");
    spec.sources = Some(vec![ApplicationSource::new("https://two"), ApplicationSource::new("https://three")]);
    assert_eq!(spec.sources().len(), 2);
    assert!(spec.has_multiple_sources());
    let hydrator = json!({
        "drySource": {"repoURL": "https://dry", "targetRevision": "main", "path": "app"},
        "syncSource": {"targetBranch": "env/prod", "path": "out"}
    });
    spec.source_hydrator = Some(serde_json::from_value(hydrator).unwrap());
    let sources = spec.sources();
    assert_eq!(sources[0].repo_url, "https://dry");
    assert_eq!(sources[0].target_revision(), Some("env/prod"));
}

#[test]
fn automated_is_on_unless_switched_off() {
    let automated = |text: &str| -> bool {
        let policy: SyncPolicy = serde_json::from_str(text).unwrap();
        policy.is_automated()
    };
    assert!(automated(r#"{"automated": {}}"#));
    assert!(automated(r#"{"automated": {"enabled": true}}"#));
    assert!(!automated(r#"{"automated": {"enabled": false, "prune": true}}"#));
    assert!(!automated("{}"));
}

#[test]
fn sync_options_are_compared_word_for_word() {
    let options: SyncOptions = ["CreateNamespace=true", "Prune=confirm", "Prune=false"].into_iter().collect();
    assert!(options.is_true("CreateNamespace"));
    assert_eq!(options.value("Prune"), Some("confirm"));
    assert!(options.is_false("Prune"));
    assert!(!options.has("Prune"));
    assert_eq!(options.value("Pru"), None);
}

#[test]
fn times_keep_their_text() {
    let time: Time = serde_json::from_str("\"2026-11-23T07:05:20Z\"").unwrap();
    assert_eq!(serde_json::to_string(&time).unwrap(), "\"2026-11-23T07:05:20Z\"");
    for bad in ["\"yesterday\"", "\"2026-11-23\"", "\"2026-11-23 07:05:20Z\"", "5"] {
        assert!(serde_json::from_str::<Time>(bad).is_err(), "{bad}");
    }
}

/// Every field of a definition is a field of ours with the same name, type and necessity, and the other way round.
fn compare(place: &str, ours: &Value, definitions: &Value, theirs: &Value, differences: &mut Vec<String>) {
    let mut ours = ours;
    loop {
        let alternative = ours["anyOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null"));
        if let Some(name) = ours["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
            ours = &definitions[name];
        } else if let (Some(inner), None) = (alternative, ours.get("x-kubernetes-int-or-string")) {
            ours = inner;
        } else {
            break;
        }
    }
    let open = ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"];
    if ours == &Value::Bool(true) || open.iter().any(|key| theirs[key] == true) || place.ends_with(".metadata") {
        return;
    }
    let kind = ours["type"].as_array().and_then(|all| all.iter().find(|one| *one != "null")).unwrap_or(&ours["type"]);
    // What the definition leaves open below its second level is typed here.
    let is_typed_here = theirs.get("properties").is_none() && ours.get("properties").is_some();
    if !is_typed_here && (kind != &theirs["type"] || ours["format"] != theirs["format"]) {
        differences.push(format!("{place}: {kind} instead of {}", theirs["type"]));
    }
    if let (Some(properties), Some(own)) = (theirs["properties"].as_object(), ours["properties"].as_object()) {
        for key in own.keys().filter(|key| !properties.contains_key(*key)) {
            differences.push(format!("{place}.{key}: not in the definition"));
        }
        for (key, value) in properties {
            match own.get(key) {
                Some(own) => compare(&format!("{place}.{key}"), own, definitions, value, differences),
                None => differences.push(format!("{place}.{key}: missing")),
            }
        }
        let names = |schema: &Value| -> std::collections::BTreeSet<String> {
            schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        };
        if names(ours) != names(theirs) {
            differences.push(format!("{place}: requires {:?} instead of {:?}", names(ours), names(theirs)));
        }
    } else if theirs["type"] == "array" {
        compare(&format!("{place}[]"), &ours["items"], definitions, &theirs["items"], differences);
    } else if theirs["additionalProperties"].is_object() {
        let (own, their) = (&ours["additionalProperties"], &theirs["additionalProperties"]);
        compare(&format!("{place}.*"), own, definitions, their, differences);
    }
}

#[test]
fn the_schemas_are_those_of_the_custom_resource_definitions() {
    let Some(folder) = recorded("kustomize/real/argoproj+argo-cd/tree/manifests/crds") else { return };
    let schemas = [
        ("application", schemars::schema_for!(Application)),
        ("appproject", schemars::schema_for!(AppProject)),
        ("applicationset", schemars::schema_for!(ApplicationSet)),
    ];
    for (name, ours) in schemas {
        let text = std::fs::read(folder.join(format!("{name}-crd.yaml"))).unwrap();
        let definition = gitops_yaml::read_one(&text, &gitops_yaml::Options::new(gitops_yaml::Resolver::Sigs)).unwrap();
        let theirs = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        assert!(theirs.is_object(), "{name}");
        let ours = serde_json::to_value(ours).unwrap();
        let mut differences = Vec::new();
        compare(name, &ours, &ours["$defs"], theirs, &mut differences);
        assert!(differences.is_empty(), "{differences:#?}");
    }
}
