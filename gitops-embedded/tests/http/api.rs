//! Discovery, reads, pages, patches and refusals, one request at a time.

use gitops_embedded::{EmbeddedCluster, Options};
use serde_json::{Value, json};

const JSON: &str = "application/json";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn cluster() -> EmbeddedCluster {
    EmbeddedCluster::in_memory(&Options::new().without_controllers()).unwrap()
}

fn get(cluster: &EmbeddedCluster, path: &str) -> Value {
    let (code, body) = cluster.request("GET", path, "", b"");
    assert_eq!(code, 200, "{path}: {body}");
    body
}

fn send(cluster: &EmbeddedCluster, (method, path, kind): (&str, &str, &str), body: &Value) -> (u16, Value) {
    cluster.request(method, path, kind, body.to_string().as_bytes())
}

fn create(cluster: &EmbeddedCluster, name: &str, label: &str) {
    let metadata = json!({"name": name, "labels": {"l": label}});
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}});
    assert_eq!(send(cluster, ("POST", MAPS, JSON), &body).0, 201);
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}

#[test]
fn what_is_served_is_discovered() {
    let cluster = cluster();
    assert_eq!(get(&cluster, "/version")["gitVersion"], "v1.34.2");
    assert_eq!(get(&cluster, "/api")["versions"], json!(["v1"]));
    let groups = get(&cluster, "/apis");
    for group in ["apps", "argoproj.io", "apiextensions.k8s.io"] {
        assert!(groups["groups"].as_array().unwrap().iter().any(|known| known["name"] == group), "{group}");
    }
    let resources = get(&cluster, "/apis/apps/v1")["resources"].clone();
    let names: Vec<&str> = resources.as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    for name in ["deployments", "deployments/status", "deployments/scale"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert_eq!(cluster.request("GET", "/apis/none/v1/things", "", b"").0, 404);
    assert_eq!(cluster.request("GET", "/api/v1/pods?watch=true", "", b"").0, 400);
}

#[test]
fn listings_are_selected_and_come_in_pages() {
    let cluster = cluster();
    for number in 0..5 {
        create(&cluster, &format!("m{number}"), if number % 2 == 0 { "even" } else { "odd" });
    }
    assert_eq!(names(&get(&cluster, &format!("{MAPS}?labelSelector=l%3Deven"))), ["m0", "m2", "m4"]);
    assert_eq!(names(&get(&cluster, &format!("{MAPS}?labelSelector=l%20in%20(odd)%2Cx!%3Dy"))), ["m1", "m3"]);
    assert_eq!(names(&get(&cluster, &format!("{MAPS}?fieldSelector=metadata.name%3Dm3"))), ["m3"]);
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = get(&cluster, &format!("{MAPS}?limit=2&continue={after}"));
        assert!(names(&page).len() <= 2);
        seen.extend(names(&page).into_iter().map(str::to_owned));
        after = page["metadata"]["continue"].as_str().unwrap_or_default().replace('=', "%3D").replace('+', "%2B");
        if after.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["m0", "m1", "m2", "m3", "m4"]);
}

#[test]
fn every_kind_of_patch_is_taken() {
    let cluster = cluster();
    create(&cluster, "p", "x");
    let one = format!("{MAPS}/p");
    let data = |kind: &str, body: Value, query: &str| {
        let (code, object) = send(&cluster, ("PATCH", &format!("{one}{query}"), kind), &body);
        assert!(code < 300, "{kind}: {object}");
        object["data"].clone()
    };
    assert_eq!(data("application/merge-patch+json", json!({"data": {"b": "2"}}), ""), json!({"a": "1", "b": "2"}));
    let patch = json!([{"op": "remove", "path": "/data/a"}]);
    assert_eq!(data("application/json-patch+json", patch, ""), json!({"b": "2"}));
    let strategic = data("application/strategic-merge-patch+json", json!({"data": {"c": "3"}}), "");
    assert_eq!(strategic, json!({"b": "2", "c": "3"}));
    let yaml = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p}\ndata: {d: '4'}\n";
    let path = format!("{one}?fieldManager=me");
    let (code, object) = cluster.request("PATCH", &path, "application/apply-patch+yaml", yaml);
    assert_eq!((code, &object["data"]["d"]), (200, &json!("4")));
    let dry = data("application/merge-patch+json", json!({"data": {"e": "5"}}), "?dryRun=All");
    assert_eq!(dry["e"], "5");
    assert!(get(&cluster, &one)["data"].get("e").is_none());
    assert_eq!(send(&cluster, ("PATCH", &one, "application/x-unknown"), &json!({})).0, 415);
    let unnamed = cluster.request("PATCH", &one, "application/apply-patch+yaml", yaml);
    assert!(unnamed.0 >= 400, "{unnamed:?}");
}

#[test]
fn refusals_are_statuses() {
    let cluster = cluster();
    create(&cluster, "r", "x");
    let absent = cluster.request("GET", &format!("{MAPS}/absent"), "", b"");
    assert_eq!(absent.0, 404);
    assert_eq!((&absent.1["kind"], &absent.1["reason"]), (&json!("Status"), &json!("NotFound")));
    assert_eq!(absent.1["details"]["name"], "absent");
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "r"}});
    let (code, status) = send(&cluster, ("POST", MAPS, JSON), &body);
    assert_eq!((code, &status["reason"]), (409, &json!("AlreadyExists")));
    for bad in ["{", "[]", "\"text\"", "{\"apiVersion\": 1}"] {
        let (code, status) = cluster.request("POST", MAPS, JSON, bad.as_bytes());
        assert!((400..500).contains(&code) && status["kind"] == "Status", "{bad}: {code} {status}");
    }
    let stale = json!({"preconditions": {"uid": "another"}});
    assert_eq!(send(&cluster, ("DELETE", &format!("{MAPS}/r"), JSON), &stale).0, 409);
    let gone = send(&cluster, ("DELETE", &format!("{MAPS}/r"), JSON), &json!({}));
    assert_eq!((gone.0, &gone.1["status"]), (200, &json!("Success")));
    let huge = format!("{{\"data\": \"{}\"}}", "x".repeat(4 << 20));
    assert_eq!(cluster.request("POST", MAPS, JSON, huge.as_bytes()).0, 413);
}
