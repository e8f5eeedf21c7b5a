//! Saved plans: what is carried out is what was planned, or it is refused.

use std::fs;

use serde_json::json;

use crate::workbench::{CONFIG, CREATE_NAMESPACE, Workbench};

fn planned() -> Workbench {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["plan", &file, "--out", "plan.json"]).exits(0).says("colours");
    assert!(bench.live("v1", "ConfigMap", "colours").is_none(), "a plan writes nothing");
    bench
}

#[test]
fn a_saved_plan_is_carried_out_once() {
    let bench = planned();
    bench.run(["apply", "plan.json"]).exits(0).says("Succeeded");
    assert!(bench.live("v1", "ConfigMap", "colours").is_some());
    bench.run(["sync", "web"]).exits(0).says("nothing to do");
    bench.run(["apply", "plan.json"]).exits(1);
}

#[test]
fn a_plan_is_refused_once_its_branch_moved() {
    let mut bench = planned();
    bench.repository.commit([("app/config.yaml", CONFIG.replace("blue", "grey").as_str())]).unwrap();
    bench.run(["apply", "plan.json"]).exits(1).says("commit");
    assert!(bench.live("v1", "ConfigMap", "colours").is_none());
}

#[test]
fn a_plan_is_refused_where_its_commit_renders_to_something_else() {
    let bench = planned();
    let file = bench.application("app", &format!("{CREATE_NAMESPACE}    - ServerSideApply=true\n"));
    let text = fs::read_to_string(bench.path().join(&file)).unwrap();
    let filtered = text.replace("path: app\n", "path: app\n    directory: {exclude: '*'}\n");
    fs::write(bench.path().join(&file), filtered).unwrap();
    bench.run(["app", "create", "--file", &file, "--upsert"]).exits(0);
    let before = bench.objects();
    bench.run(["apply", "plan.json"]).exits(1).says("render to something else");
    assert_eq!(bench.objects(), before, "nothing is written");
}

#[test]
fn a_plan_is_refused_where_objects_are_marked_in_another_way() {
    let bench = planned();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}});
    let metadata = json!({"name": "argocd-cm", "namespace": "argocd"});
    let data = json!({"application.resourceTrackingMethod": "label"});
    bench.edit(namespace);
    bench.edit(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}));
    bench.run(["apply", "plan.json"]).exits(1).says("mark an application's objects in another way");
    assert!(bench.live("v1", "ConfigMap", "colours").is_none());
}

#[test]
fn a_plan_is_refused_where_a_live_object_moved() {
    let mut bench = planned();
    bench.run(["sync", "web"]).exits(0);
    bench.repository.commit([("app/config.yaml", CONFIG.replace("blue", "grey").as_str())]).unwrap();
    bench.run(["plan", "web", "--out", "plan.json"]).exits(0);
    bench.edit(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "colours", "namespace": "shop"},
        "data": {"sky": "green"},
    }));
    bench.run(["apply", "plan.json"]).exits(1).says("colours");
    let live = bench.live("v1", "ConfigMap", "colours").unwrap();
    assert_eq!(live.get(&["data", "sky"]), Some(&json!("green")), "what moved is not overwritten");
}

#[test]
fn a_plan_that_was_changed_by_hand_is_refused() {
    let bench = planned();
    let file = bench.path().join("plan.json");
    let text = fs::read_to_string(&file).unwrap().replace("\"colours\"", "\"tastes\"");
    fs::write(&file, text).unwrap();
    let refused = bench.run(["apply", "plan.json"]);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(bench.live("v1", "ConfigMap", "tastes").is_none());
    fs::write(&file, "{").unwrap();
    bench.run(["apply", "plan.json"]).exits(2).says("plan.json");
}

#[test]
fn a_plan_keeps_to_its_schema_and_its_pictures_stand_alone() {
    let bench = planned();
    let schema = gitops_apply::plan::json_schema();
    let plan = bench.run(["plan", "web", "-o", "json"]).exits(0).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&plan).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!validator.is_valid(&json!({"version": 1})), "the schema refuses what is no plan");
    let dot = bench.run(["plan", "web", "-o", "dot"]).exits(0).stdout;
    assert!(dot.starts_with("digraph") && dot.contains("colours"), "{dot}");
    let difference = bench.run(["diff", "web", "-o", "html"]).exits(1).stdout;
    assert!(difference.contains("colours") && !difference.contains("http://") && !difference.contains("https://"));
    let page = bench.run(["plan", "web", "-o", "html"]).exits(0).stdout;
    assert!(page.contains("class=\"flow\"") && page.contains("colours"));
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!page.contains(outside), "the page needs something from elsewhere: {outside}");
    }
}
