//! The built-in kinds' cases, recorded from Argo CD.

use super::*;

#[test]
#[expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "the recorded cases are read from a file")]
fn recorded_cases() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance/argo/health/builtin.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        assert!(std::env::var("CI").is_err(), "{path} is missing");
        return println!("skipped: {path} is missing");
    };
    let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut failures = Vec::new();
    let cases = cases["cases"].as_array().unwrap();
    for case in cases {
        // Some cases are a status alone: an object has a name.
        let mut object = case["object"].clone();
        let metadata = &mut object["metadata"];
        if metadata["name"].as_str().is_none_or(str::is_empty) {
            metadata["name"] = "nameless".into();
        }
        let found = builtin(&Object::from_value(object).unwrap());
        let found = found.map(|health| (health.status.to_string(), health.message));
        let wanted = case["expected"].as_object().map(|wanted| {
            (wanted["status"].as_str().unwrap().to_owned(), wanted["message"].as_str().unwrap_or_default().to_owned())
        });
        // Go's words for broken JSON are Go's.
        let broken_json = wanted.as_ref().is_some_and(|(_, words)| words.contains("invalid character"));
        if found != wanted && !broken_json {
            failures.push(format!("{}: expected {wanted:?}, found {found:?}", case["id"]));
        }
    }
    assert!(failures.is_empty(), "{} of {} fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn every_status_is_known_by_its_name() {
    for status in HealthStatus::ALL {
        assert_eq!(HealthStatus::named(status.name()), Some(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.name());
    }
    assert_eq!(HealthStatus::named("healthy"), None);
}
