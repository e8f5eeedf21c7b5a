//! Sequences of writes that were recorded on a kube-apiserver have the recorded answers here.

use std::path::Path;

use gitops_embedded::{EmbeddedCluster, Options};
use serde_json::{Map, Value, json};

/// Least share of cases that pass, in percent.
const LEAST: usize = 99;
const NAMESPACE: &str = "ssa-11";

#[test]
fn recorded_writes_give_the_recorded_answers() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance/cluster/ssa"));
    if !folder.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is not there", folder.display());
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let cluster = EmbeddedCluster::in_memory(&Options::new().without_controllers()).unwrap();
    let send = |method: &str, path: &str, body: &Value| {
        let (code, answer) = cluster.request(method, path, "application/json", body.to_string().as_bytes());
        assert!(code < 300, "{code} {answer}");
    };
    let definition: Value = serde_json::from_str(&read("crd.json")).unwrap();
    send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    send("POST", "/api/v1/namespaces", &namespace);
    let cases = read("cases.jsonl");
    let (mut total, mut passed) = (0, 0);
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        total += 1;
        match replay(&cluster, &case) {
            None => passed += 1,
            Some(why) => println!("{}: {why}", case["id"]),
        }
    }
    println!("{passed} of {total} recorded cases have the recorded answers over HTTP");
    assert!(passed * 100 >= total * LEAST);
}

/// Where a case's objects are, by what is discovered.
fn path(cluster: &EmbeddedCluster, api_version: &str, kind: &str) -> String {
    let root = if api_version.contains('/') { "apis" } else { "api" };
    let (_, resources) = cluster.request("GET", &format!("/{root}/{api_version}"), "", b"");
    let resources = resources["resources"].as_array().unwrap();
    let named = |one: &&Value| one["kind"] == kind && !one["name"].as_str().unwrap().contains('/');
    let resource = resources.iter().find(named).unwrap();
    format!("/{root}/{api_version}/namespaces/{NAMESPACE}/{}", resource["name"].as_str().unwrap())
}

/// The first difference.
fn replay(cluster: &EmbeddedCluster, case: &Value) -> Option<String> {
    let steps = case["steps"].as_array().unwrap();
    let api_version = steps.iter().find_map(|step| step["body"]["apiVersion"].as_str()).unwrap();
    let all = path(cluster, api_version, case["kind"].as_str().unwrap());
    let one = format!("{all}/x");
    let mut difference = None;
    for (index, step) in steps.iter().enumerate() {
        let (code, answer) = send(cluster, &one, step);
        let place = |why: String| format!("step {index} {}: {why}", step["op"]);
        difference = difference.or_else(|| compare(step, code, &answer).map(place));
    }
    clear(cluster, &one);
    difference
}

fn send(cluster: &EmbeddedCluster, one: &str, step: &Value) -> (u16, Value) {
    let operation = step["op"].as_str().unwrap();
    if operation == "delete" {
        return cluster.request("DELETE", one, "application/json", b"{}");
    }
    let mut body = step["body"].clone();
    let mut query = format!("?fieldManager={}", step["manager"].as_str().unwrap());
    if step["force"] == true {
        query.push_str("&force=true");
    }
    if operation.starts_with("dry-run-") {
        query.push_str("&dryRun=All");
    }
    let (method, part, kind) = match operation.trim_start_matches("dry-run-") {
        "apply" => ("PATCH", "", "application/apply-patch+yaml"),
        "merge-patch" => ("PATCH", "", "application/merge-patch+json"),
        "status-merge-patch" => ("PATCH", "/status", "application/merge-patch+json"),
        "update" => {
            // Updates were recorded with the version that was read before.
            let (code, live) = cluster.request("GET", one, "", b"");
            if code == 200 {
                body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
            }
            ("PUT", "", "application/json")
        }
        other => unreachable!("unknown operation {other}"),
    };
    cluster.request(method, &format!("{one}{part}{query}"), kind, body.to_string().as_bytes())
}

/// Takes away what a case leaves, whatever holds it.
fn clear(cluster: &EmbeddedCluster, one: &str) {
    let free = json!({"metadata": {"finalizers": null}}).to_string();
    cluster.request("PATCH", one, "application/merge-patch+json", free.as_bytes());
    cluster.request("DELETE", one, "application/json", b"{\"propagationPolicy\": \"Background\"}");
    assert_eq!(cluster.request("GET", one, "", b"").0, 404);
}

fn compare(step: &Value, code: u16, answer: &Value) -> Option<String> {
    if u64::from(code) != step["code"].as_u64().unwrap() {
        return Some(format!("code {code} for {}: {}", step["code"], answer["message"]));
    }
    if code >= 300 {
        let sorted = |causes: Vec<Value>| {
            let mut texts: Vec<String> = causes.iter().map(Value::to_string).collect();
            texts.sort();
            texts
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let causes = list(&answer["details"]["causes"]);
        let causes = causes.iter().map(|cause| json!([cause["field"], cause["reason"], cause["message"]])).collect();
        let (got, wanted) = (sorted(causes), sorted(list(&step["causes"])));
        let reason = |value: &Value| value["reason"].as_str().unwrap_or_default().to_owned();
        let same = reason(answer) == reason(step) && got == wanted;
        return (!same).then(|| format!("{} {got:?} for {} {wanted:?}", answer["reason"], step["reason"]));
    }
    let expected = step.get("object")?;
    let (got, wanted) = (masked(answer), masked(expected));
    (got != wanted).then(|| format!("{got} for {wanted}"))
}

/// An object without what differs from run to run.
fn masked(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return object };
    let mask = |metadata: &mut Map<String, Value>, field: &str| {
        if let Some(value) = metadata.get_mut(field) {
            *value = json!("*");
        }
    };
    for field in ["uid", "creationTimestamp", "deletionTimestamp", "resourceVersion", "namespace"] {
        mask(metadata, field);
    }
    if let Some(entries) = metadata.get_mut("managedFields").and_then(Value::as_array_mut) {
        for entry in entries.iter_mut() {
            entry["time"] = json!("*");
        }
        entries.sort_by_key(Value::to_string);
    }
    object
}
