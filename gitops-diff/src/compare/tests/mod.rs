mod gone;

use gitops_merge::schema::Kinds;
use serde_json::json;

use super::*;
use crate::normalize::IgnoreRules;

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

fn kinds() -> Kinds {
    Kinds::builtin().unwrap()
}

fn deployment(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
}

fn differ(desired: Value, live: Value) -> ObjectDiff {
    let kinds = kinds();
    diff(&object(desired), Some(&object(live)), &DiffContext::new().with_kinds(&kinds)).unwrap()
}

fn texts(diff: &ObjectDiff) -> Vec<String> {
    let change = |field: &FieldDiff| match field.change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed => '~',
    };
    diff.fields.iter().map(|field| format!("{}{}", change(field), field.path)).collect()
}

#[test]
fn defaults_order_and_sidecars_do_not_differ() {
    let desired = deployment(json!({
        "replicas": 2,
        "template": {"spec": {"containers": [
            {"name": "web", "image": "nginx", "resources": {"limits": {"cpu": "1000m"}}, "ports": [{"containerPort": 80}]},
            {"name": "log", "image": "fluent", "env": []},
        ], "hostNetwork": false, "nodeName": null}},
    }));
    let live = deployment(json!({
        "replicas": 2.0, "revisionHistoryLimit": 10,
        "template": {"spec": {"containers": [
            {"name": "injected", "image": "proxy"},
            {"name": "log", "image": "fluent", "imagePullPolicy": "Always"},
            {"name": "web", "image": "nginx", "resources": {"limits": {"cpu": 1}}, "ports": [{"containerPort": 80, "protocol": "TCP"}]},
        ], "restartPolicy": "Always"}},
    }));
    let diff = differ(desired, live);
    assert!(diff.is_same(), "{:?}", texts(&diff));
}

#[test]
fn known_fields_are_compared_in_their_canonical_form() {
    let kinds = kinds();
    let mut known = crate::normalize::KnownTypes::new();
    known.add("x.io", "Widget", "spec.size", "core/Quantity", &kinds).unwrap();
    known.add("x.io", "Widget", "spec.pod", "core/v1/PodSpec", &kinds).unwrap();
    let widget = |spec: Value| {
        let metadata = json!({"name": "w", "namespace": "shop"});
        object(json!({"apiVersion": "x.io/v1", "kind": "Widget", "metadata": metadata, "spec": spec}))
    };
    let pod = |cpu: Value| json!({"containers": [{"name": "a", "resources": {"limits": {"cpu": cpu}}}]});
    let desired = widget(json!({"size": "1024Mi", "pod": pod(json!("1000m"))}));
    let live = widget(json!({"size": "1Gi", "pod": pod(json!(1))}));
    let context = DiffContext::new().with_kinds(&kinds);
    let found = diff(&desired, Some(&live), &context.with_known(&known)).unwrap();
    assert!(found.is_same(), "{:?}", texts(&found));
    assert!(!diff(&desired, Some(&live), &context).unwrap().is_same(), "without them the words count");
    let other = widget(json!({"size": "2Gi", "pod": pod(json!(1))}));
    let found = diff(&desired, Some(&other), &context.with_known(&known)).unwrap();
    assert_eq!(texts(&found), ["~.spec.size"]);
}

#[test]
fn a_status_counts_where_that_is_asked_for() {
    let kinds = kinds();
    let with = |kind: &str, phase: &str| {
        let status = json!({"phase": phase, "seen": 1});
        let metadata = json!({"name": "w"});
        object(json!({"apiVersion": "x.io/v1", "kind": kind, "metadata": metadata, "status": status}))
    };
    let differs = |kind: &str, status: crate::StatusDifferences| {
        let mut context = DiffContext::new().with_kinds(&kinds);
        context.status = status;
        texts(&diff(&with(kind, "a"), Some(&with(kind, "b")), &context).unwrap())
    };
    use crate::StatusDifferences::{Counted, Ignored, IgnoredOfDefinitions};
    let definition = "CustomResourceDefinition";
    assert!(differs("Widget", Ignored).is_empty());
    assert_eq!(differs("Widget", IgnoredOfDefinitions), ["~.status.phase"]);
    assert!(differs(definition, IgnoredOfDefinitions).is_empty());
    assert_eq!(differs(definition, Counted), ["~.status.phase"]);
}

#[test]
fn what_differs_says_where_and_why() {
    let desired = deployment(json!({
        "replicas": 5, "paused": true,
        "template": {"spec": {"containers": [{"name": "web", "image": "nginx:2"}]}},
    }));
    let mut live = deployment(json!({
        "replicas": 3, "minReadySeconds": 7,
        "template": {"spec": {"containers": [{"name": "side", "image": "x"}, {"name": "web", "image": "nginx:1", "tty": true}]}},
    }));
    live["metadata"]["managedFields"] = json!([
        {"manager": "gitops-engine", "operation": "Apply", "fieldsV1": {"f:spec": {
            "f:minReadySeconds": {}, "f:replicas": {},
            "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:tty": {}}}}}}}},
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {
            "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {"f:image": {}}}}}}}},
    ]);
    let diff = differ(desired, live);
    assert_eq!(
        texts(&diff),
        [
            "+.spec.paused",
            "~.spec.replicas",
            r#"~.spec.template.spec.containers[name="web"].image"#,
            "-.spec.minReadySeconds",
            r#"-.spec.template.spec.containers[name="web"].tty"#,
        ]
    );
    let reasons: Vec<_> = diff.fields.iter().map(|field| field.reason.clone()).collect();
    let drifted = Reason::Drifted { managers: vec!["kubectl-edit".into()] };
    let gone = Reason::NoLongerInSource;
    assert_eq!(reasons, [Reason::Missing, Reason::ChangedInSource, drifted, gone.clone(), gone]);
    assert_eq!(diff.fields[2].path.pointer, "/spec/template/spec/containers/1/image");
    assert_eq!(diff.fields[2].owner.as_deref(), Some("kubectl-edit"));
}

#[test]
fn secrets_only_say_that_they_differ() {
    let secret = |data: Value, string_data: Value| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data, "stringData": string_data});
    let same = differ(secret(json!({}), json!({"a": "canary"})), secret(json!({"a": "Y2FuYXJ5"}), Value::Null));
    assert!(same.is_same());
    let diff =
        differ(secret(json!({"a": "bmV3"}), json!({"b": "x"})), secret(json!({"a": "b2xk", "c": "eA=="}), Value::Null));
    assert_eq!(texts(&diff), ["~.data.a", "+.data.b"]);
    assert_eq!(diff.fields[0].old, Some(Shown::Secret));
}

#[test]
fn rules_leave_fields_out() {
    let rules = serde_json::from_value(json!([
        {"group": "*", "kind": "Dep*", "jsonPointers": ["/spec/replicas", "/spec/nope/x"]},
        {"group": "ap?s", "kind": "*", "jqPathExpressions": [
            ".spec.template.spec.containers[] | select(.name == \"web\") | .image",
            ".spec.template.spec.containers[0].env[] | select(.name == \"A\")",
        ]},
        {"group": "apps", "kind": "*", "managedFieldsManagers": ["scaler"]},
        {"group": "apps", "kind": "Deployment", "name": "other", "jsonPointers": ["/spec/paused"]},
    ]));
    let rules: Vec<gitops_core::api::ResourceIgnoreDifferences> = rules.unwrap();
    let rules = IgnoreRules::compile(&rules).unwrap();
    let spec = |image: &str, env: Value, seconds: u32| json!({"minReadySeconds": seconds, "template": {"spec": {"containers": [{"name": "web", "image": image, "env": env}]}}});
    let mut desired = deployment(spec("a", json!([{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]), 1));
    desired["spec"]["replicas"] = 5.into();
    desired["spec"]["paused"] = true.into();
    let mut live = deployment(spec("b", json!([{"name": "B", "value": "1"}]), 2));
    live["spec"]["replicas"] = 3.into();
    live["metadata"]["managedFields"] = json!([
        {"manager": "scaler", "operation": "Update", "fieldsV1": {"f:spec": {"f:minReadySeconds": {}}}},
    ]);
    let (kinds, desired, live) = (kinds(), object(desired), object(live));
    let context = DiffContext::new().with_kinds(&kinds).with_ignore(&rules);
    let diff = diff(&desired, Some(&live), &context).unwrap();
    assert!(diff.warnings.is_empty(), "{:?}", diff.warnings);
    assert_eq!(texts(&diff), ["+.spec.paused"]);
}

#[test]
fn a_prediction_is_what_the_live_object_is_compared_to() {
    let (kinds, desired) = (kinds(), object(deployment(json!({"replicas": 5}))));
    let live = object(deployment(json!({"replicas": 3, "paused": true})));
    let predicted = object(deployment(json!({"replicas": 5, "revisionHistoryLimit": 10})));
    let mut context = DiffContext::new().with_kinds(&kinds).with_predicted(Some(&predicted));
    assert_eq!(texts(&diff(&desired, Some(&live), &context).unwrap()), ["~.spec.replicas"]);
    context.server_changes = true;
    let all = diff(&desired, Some(&live), &context).unwrap();
    assert_eq!(texts(&all), ["~.spec.replicas", "+.spec.revisionHistoryLimit", "-.spec.paused"]);
}

#[test]
fn a_new_object_lists_its_fields() {
    let new = object(deployment(json!({"replicas": 5})));
    let diff = diff(&new, None, &DiffContext::new()).unwrap();
    assert_eq!((diff.kind, texts(&diff)), (DiffKind::Create, vec!["+.spec".to_owned()]));
    assert_eq!(texts(&deletion(&new)), ["-.spec"]);
}

#[test]
fn budgets_and_strangers_are_errors() {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let desired = object(json!({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "a"}, "spec": deep}));
    let mut context = DiffContext::new();
    context.budget.depth = 50;
    assert!(matches!(diff(&desired, Some(&desired), &context), Err(DiffError::TooDeep { limit: 50, .. })));
    let other = object(json!({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "b"}}));
    let error = diff(&desired, Some(&other), &DiffContext::new()).unwrap_err();
    assert_eq!(error.to_string(), "`x/X/a`: cannot be compared to another object, `x/X/b`");
}

#[test]
fn what_the_server_fills_into_whole_values_does_not_differ() {
    let stateful = |claim: Value, env: Value| {
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {
            "volumeClaimTemplates": [claim], "template": {"spec": {"containers": [{"name": "db", "env": [env]}]}},
        }})
    };
    let desired = stateful(
        json!({"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1024Mi"}}}}),
        json!({"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}),
    );
    let live = |class: Value| {
        stateful(
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "creationTimestamp": null},
                "spec": {"resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem", "storageClassName": class},
                "status": {"phase": "Pending"}}),
            json!({"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}}),
        )
    };
    assert_eq!(texts(&differ(desired.clone(), live(Value::Null))), Vec::<String>::new());
    let differs = differ(desired, live("slow".into()));
    assert_eq!(texts(&differs), ["-.spec.volumeClaimTemplates[0].spec.storageClassName"]);
}

#[test]
fn metadata_is_known_of_unknown_kinds() {
    let widget = |finalizers: Value| {
        json!({"apiVersion": "x/v1", "kind": "Widget", "metadata": {"name": "w", "finalizers": finalizers, "labels": {}},
            "spec": {"resources": {"limits": {"cpu": 1}}, "list": [1, 2.0]}})
    };
    let mut live = widget(json!(["b", "a"]));
    live["metadata"].as_object_mut().unwrap().remove("labels");
    live["spec"]["resources"]["limits"]["cpu"] = "1000m".into();
    assert!(differ(widget(json!(["a"])), live).is_same());
}

#[test]
fn long_lists_in_another_order_are_matched() {
    let env = |order: &mut dyn Iterator<Item = usize>| -> Value {
        order.map(|n| json!({"name": format!("N{n}"), "value": n.to_string()})).collect()
    };
    let with = |env: Value| deployment(json!({"template": {"spec": {"containers": [{"name": "a", "env": env}]}}}));
    let (desired, live) = (with(env(&mut (0..5_000))), with(env(&mut (0..5_000).rev())));
    assert!(differ(desired, live).is_same());
}

#[test]
fn long_sets_in_another_order_are_matched() {
    let object = |names: Vec<Value>| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "w", "finalizers": names}});
    let names =
        |range: &mut dyn Iterator<Item = usize>| range.map(|n| Value::from(format!("n{n}"))).collect::<Vec<_>>();
    assert!(differ(object(names(&mut (0..5_000))), object(names(&mut (0..5_001).rev()))).is_same());
    let more = differ(object(names(&mut (0..5_001))), object(names(&mut (0..5_000).rev())));
    assert_eq!(texts(&more), [r#"+.metadata.finalizers[="n5000"]"#]);
}

#[test]
fn more_differences_than_the_budget_are_counted() {
    let data = |value: &str| -> Value {
        let data: gitops_core::Map = (0..20).map(|n| (n.to_string(), Value::from(value))).collect();
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data})
    };
    let mut context = DiffContext::new();
    context.budget.fields = 3;
    let found = diff(&object(data("a")), Some(&object(data("b"))), &context).unwrap();
    assert_eq!(
        (found.fields.len(), found.warnings.as_slice()),
        (3, &["17 more differences are not listed".to_owned()][..])
    );
}

#[test]
fn a_merge_made_here_takes_away_what_it_applied_whoever_owns_it() {
    let kinds = kinds();
    let (desired, live) =
        (object(deployment(json!({"replicas": 5}))), object(deployment(json!({"replicas": 3, "paused": true}))));
    let context = DiffContext::new().with_kinds(&kinds);
    let found = diff(&desired, Some(&live), &context.with_merged(Some(&desired))).unwrap();
    assert_eq!(texts(&found), ["~.spec.replicas", "-.spec.paused"]);
    assert_eq!(found.fields[1].reason, Reason::NoLongerInSource);
}
