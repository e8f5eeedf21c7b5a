//! Definitions of Applications: what keeps them, and what leaves them alone.

use std::fs;

use serde_json::json;

use crate::workbench::{CONFIG, CREATE_NAMESPACE, Workbench};

#[test]
fn looking_writes_nothing() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["app", "list"]).exits(0);
    bench.run(["render", &file]).exits(0);
    let before = bench.objects();
    bench.run(["render", &file]).exits(0);
    bench.run(["plan", &file]).exits(0).says("colours");
    bench.run(["diff", &file]).exits(1).says("colours");
    bench.run(["sync", &file, "--dry-run"]).exits(0).says("colours");
    assert_eq!(bench.objects(), before);
    bench.run(["app", "get", "web"]).exits(2).says("no application `web`");
}

#[test]
fn a_definition_that_does_not_work_leaves_the_one_that_does() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    let text = fs::read_to_string(bench.path().join(&file)).unwrap();
    let before = bench.objects();
    for (from, to, words) in [
        ("path: app", "path: apq", "apq"),
        ("targetRevision: HEAD", "targetRevision: nowhere", "nowhere"),
        ("kubernetes.default.svc", "elsewhere.example", "elsewhere.example"),
        (bench.repository.url().as_str(), "file:///nowhere/at/all", "/nowhere/at/all"),
    ] {
        fs::write(bench.path().join("broken.yaml"), text.replace(from, to)).unwrap();
        bench.run(["sync", "broken.yaml"]).exits(2).says(words);
    }
    assert_eq!(bench.objects(), before, "nothing is written");
    bench.run(["sync", "web"]).exits(0).says("nothing to do");
}

#[test]
fn a_quarantine_outlives_its_application_being_defined_again() {
    let mut bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    bench.repository.commit([("app/config.yaml", CONFIG.replace("blue", "grey").as_str())]).unwrap();
    bench.run(["sync", &file]).exits(0);
    bench.run(["app", "rollback", "web", "0"]).exits(0);
    bench.run(["sync", &file]).exits(1).says("quarantine");
    bench.run(["app", "create", "--file", &file, "--upsert"]).exits(0);
    bench.run(["sync", &file]).exits(1).says("quarantine");
    bench.run(["app", "get", "web"]).exits(0).says("Quarantined:");
    let live = bench.live("v1", "ConfigMap", "colours").unwrap();
    assert_eq!(live.get(&["data", "sky"]), Some(&json!("blue")));
    bench.run(["app", "rollback", "web", "7"]).exits(2).says("no id 7").says("gitops app history");
}

#[test]
fn nothing_is_done_that_would_not_be_on_record() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["app", "list"]).exits(0);
    bench.run(["render", &file]).exits(0);
    let before = bench.objects();
    fs::create_dir(bench.data().join("audit.jsonl")).unwrap();
    bench.run(["sync", &file]).exits(2).says("audit.jsonl");
    assert_eq!(bench.objects(), before);
    fs::remove_dir(bench.data().join("audit.jsonl")).unwrap();
    bench.run(["sync", &file]).exits(0);
    let before = bench.objects();
    fs::remove_file(bench.data().join("audit.jsonl")).unwrap();
    fs::create_dir(bench.data().join("audit.jsonl")).unwrap();
    bench.run(["app", "delete", "web", "--yes"]).exits(2).says("audit.jsonl");
    assert_eq!(bench.objects(), before);
}
