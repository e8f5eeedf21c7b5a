//! Plans that went stale, and plans as data.

use gitops_apply::execute::OutcomePhase;
use gitops_apply::plan::ApplyPlan;
use gitops_apply::{gate, plan::PlanSource};
use gitops_core::Clock as _;
use serde_json::{Value, json};

use crate::support::*;

fn config(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data})
}

/// Plans a change of `a`, lets `meanwhile` happen, and executes the plan.
fn after(meanwhile: impl FnOnce(&Fake)) -> (Fake, Done) {
    let cluster = Fake::default();
    must(&cluster, &App::new(vec![config("a", &json!({"k": "1", "l": "1"}))]));
    let app = App::new(vec![config("a", &json!({"k": "2", "l": "1"})), config("new", &json!({}))]);
    let seen = run(&cluster, look(&cluster, &app)).unwrap().ok().unwrap();
    let plan = make_plan(&seen, &app).unwrap();
    meanwhile(&cluster);
    let done = run(&cluster, execute(&cluster, seen, plan)).unwrap();
    (cluster, done)
}

#[test]
fn an_object_that_moved_goes_on_only_with_the_planned_change() {
    let (_, done) = after(|cluster| cluster.put(config("a", &json!({"other": "x"}))));
    assert_eq!(done.outcome.phase, OutcomePhase::Succeeded, "{}", done.outcome.message);

    let (cluster, done) = after(|cluster| cluster.put(config("a", &json!({"l": "3"}))));
    assert_eq!(done.outcome.phase, OutcomePhase::Failed);
    assert!(done.outcome.message.contains(".data.l") && done.outcome.message.contains("/ConfigMap/a"));
    let kept = cluster.objects().into_iter().find(|object| object.name() == "a").unwrap();
    assert_eq!(kept.text(&["data", "l"]), Some("3"));

    let (_, done) = after(|cluster| cluster.remove("a"));
    assert!(done.outcome.message.contains("/ConfigMap/a"), "{}", done.outcome.message);

    let (cluster, done) = after(|cluster| cluster.put(config("new", &json!({"theirs": "1"}))));
    assert!(done.outcome.message.contains("/ConfigMap/new: it appeared"), "{}", done.outcome.message);
    let theirs = cluster.objects().into_iter().find(|object| object.name() == "new").unwrap();
    assert_eq!(theirs.annotation("argocd.argoproj.io/tracking-id"), None);
}

#[test]
fn a_stale_plan_is_refused_by_what_moved() {
    let cluster = Fake::default();
    let app = App::new(vec![config("a", &json!({}))]);
    let seen = run(&cluster, look(&cluster, &app)).unwrap().ok().unwrap();
    let plan = make_plan(&seen, &app).unwrap();
    let refused = |change: &dyn Fn(&mut PlanSource)| {
        let mut policy = policy(&seen);
        let mut current = seen.source.clone();
        change(&mut current);
        policy.current = Some(current);
        gate(plan.clone(), &policy, cluster.now()).unwrap_err().to_string()
    };
    let words = refused(&|current| current.revisions[0].commit = "f".repeat(40));
    assert!(words.contains("moved from commit") && words.contains(&"f".repeat(40)), "{words}");
    let words = refused(&|current| current.digest = "other".into());
    assert!(words.contains("renders to something else") || words.contains("render to something else"), "{words}");
    let mut elsewhere = policy(&seen);
    elsewhere.cluster = "another".into();
    let words = gate(plan.clone(), &elsewhere, cluster.now()).unwrap_err().to_string();
    assert!(words.contains("`another`"), "{words}");
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let cluster = Fake::default();
    let mut objects: Vec<Value> =
        (0..40).map(|name| config(&format!("c{name}"), &json!({"n": name.to_string()}))).collect();
    must(&cluster, &App::new(objects[..10].to_vec()));
    let bytes = |objects: &[Value]| {
        let app = App::new(objects.to_vec());
        let mut seen = run(&cluster, look(&cluster, &app)).unwrap().ok().unwrap();
        seen.source = source(&[]);
        serde_json::to_string(&make_plan(&seen, &app).unwrap()).unwrap()
    };
    let first = bytes(&objects);
    for turn in 0..100 {
        let length = objects.len();
        objects.rotate_left(7);
        objects.swap(turn % length, (turn * 13 + 5) % length);
        assert_eq!(bytes(&objects), first);
    }
    let back: ApplyPlan = serde_json::from_str(&first).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), first);
}
