//! What the operator needs in its cluster.

use gitops_core::api;
use serde_json::Value;

use crate::workbench::Workbench;

fn documents(text: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_yaml::Deserializer::from_str(text).map(|one| Value::deserialize(one).unwrap()).collect()
}

fn kinds(objects: &[Value]) -> Vec<String> {
    let name = |one: &Value| format!("{}/{}", one["kind"].as_str().unwrap(), one["metadata"]["name"].as_str().unwrap());
    objects.iter().map(name).collect()
}

#[test]
fn the_kinds_are_those_that_the_engine_knows() {
    let run = Workbench::new().run(["admin", "manifests", "--crds-only"]).exits(0);
    let mut known = api::definitions().to_vec();
    known.sort_by_key(|one| one["metadata"]["name"].to_string());
    let mut printed = documents(&run.stdout);
    printed.sort_by_key(|one| one["metadata"]["name"].to_string());
    assert_eq!(printed, known);
}

#[test]
fn the_installation_has_its_rights_and_nothing_of_the_clusters_administration() {
    let bench = Workbench::new();
    let run = bench.run(["admin", "manifests", "--image", "registry.example:5000/gitops:v1"]).exits(0);
    let objects = documents(&run.stdout);
    let names = kinds(&objects);
    for name in ["Namespace/argocd", "Deployment/gitops-controller", "Service/gitops-controller-metrics"] {
        assert!(names.iter().any(|one| one == name), "{name} in {names:?}");
    }
    let one = |name: &str| &objects[names.iter().position(|one| one == name).unwrap()];
    let container = &one("Deployment/gitops-controller")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "registry.example:5000/gitops:v1");
    let rules = objects.iter().filter_map(|one| one["rules"].as_array()).flatten();
    let everything = |rule: &&Value| rule.to_string().contains("\"*\"") || rule.to_string().contains("clusterroles");
    assert_eq!(rules.filter(everything).count(), 0);
    let more = bench.run(["admin", "manifests", "--everything"]).exits(0);
    assert_eq!(documents(&more.stdout).len(), objects.len() + 1);
}
