//! The recorded results of Helm's engine, where they lie beside the project: those that need no chart.

use std::path::Path;

use serde_json::Value as Json;

use super::support::render_over;

/// What only a chart has, and what needs a source of keys.
const OF_CHARTS: [&str; 12] = [
    ".Chart",
    ".Files",
    ".Capabilities",
    ".Release",
    ".Template",
    ".Subcharts",
    "include",
    "template",
    "genCA",
    "genSelf",
    "genSigned",
    "genPrivateKey",
];

#[test]
fn templates_write_what_helm_wrote() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/helm/engine");
    let Ok(vectors) = std::fs::read_to_string(folder.join("vectors.jsonl")) else { return };
    let values = std::fs::read(folder.join("fixture/values.yaml")).unwrap();
    let mut values = gitops_yaml::read_first(&values, &gitops_yaml::Limits::default()).unwrap();
    without_nulls(&mut values);
    let data = serde_json::json!({ "Values": values });
    let (mut checked, mut wrong) = (0, Vec::new());
    for line in vectors.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let template = case["template"].as_str().unwrap_or_default();
        let whole = [".Values }}", ".Values)", ".Values |", "$ ", " . ", "{{ . }}", "(.)", ".Values \""];
        let of_chart = OF_CHARTS.iter().chain(&whole).any(|name| template.contains(name));
        let (Some(expected), None, false) = (case["expected"].as_str(), case.get("values"), of_chart) else { continue };
        checked += 1;
        let found = render_over(template, &data).map(|out| out.replace("<no value>", ""));
        if found.as_deref() != Ok(expected) {
            wrong.push(format!("{template}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(checked > 2_000, "only {checked} vectors were checked");
    assert!(wrong.is_empty(), "{} of {checked} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn without_nulls(value: &mut Json) {
    if let Json::Object(map) = value {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(without_nulls);
    }
}
