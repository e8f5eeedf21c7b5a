//! What the engine owns and the source lacks.

use super::*;

#[test]
fn what_others_own_as_well_stays() {
    let mut live = deployment(json!({"template": {"spec": {"containers": [
        {"name": "a", "image": "x", "tty": true}, {"name": "b", "image": "y"},
    ]}}}));
    let ours = json!({".": {}, "f:name": {}, "f:image": {}, "f:tty": {}});
    live["metadata"]["managedFields"] = json!([
        {"manager": "gitops-engine", "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"a\"}": ours, "k:{\"name\":\"b\"}": {".": {}, "f:name": {}, "f:image": {}},
        }}}}}},
        {"manager": "other", "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}},
        }}}}}},
    ]);
    let gone = differ(deployment(json!({"template": {"spec": {"containers": []}}})), live);
    let containers = ".spec.template.spec.containers";
    assert_eq!(texts(&gone), [format!(r#"-{containers}[name="a"].tty"#), format!(r#"-{containers}[name="b"]"#)]);
    assert!(gone.fields.iter().all(|field| field.reason == Reason::NoLongerInSource));
}

#[test]
fn an_item_goes_with_the_fields_that_others_own_in_it() {
    let mut live = deployment(json!({"template": {"spec": {"containers": [
        {"name": "a", "image": "x"}, {"name": "b", "image": "y"},
    ]}}}));
    let ours = json!({".": {}, "f:name": {}});
    live["metadata"]["managedFields"] = json!([
        {"manager": "gitops-engine", "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"a\"}": ours, "k:{\"name\":\"b\"}": ours,
        }}}}}},
        {"manager": "other", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"a\"}": {"f:image": {}}, "k:{\"name\":\"b\"}": {".": {}, "f:image": {}},
        }}}}}},
    ]);
    let gone = differ(deployment(json!({"template": {"spec": {"containers": []}}})), live);
    assert_eq!(texts(&gone), [r#"-.spec.template.spec.containers[name="a"]"#]);
}

#[test]
fn what_the_source_gives_up_of_a_created_object_goes_and_what_was_filled_in_stays() {
    let kinds = kinds();
    let container = |env: Value| json!({"name": "web", "image": "nginx", "env": env});
    let deployment = |labels: Value, container: Value| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": labels},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {
                "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]},
            }},
        })
    };
    let both = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    let mut live = deployment(json!({"app": "web", "tier": "front"}), container(both));
    let kind = kinds.get("apps/v1", "Deployment").unwrap();
    gitops_merge::defaults::fill(kind, &mut live);
    live["metadata"]["managedFields"] = json!([{
        "manager": "gitops-engine", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {"f:labels": {".": {}, "f:app": {}, "f:tier": {}}},
            "f:spec": {
                "f:progressDeadlineSeconds": {}, "f:replicas": {}, "f:revisionHistoryLimit": {}, "f:selector": {},
                "f:strategy": {"f:type": {}, "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}}},
                "f:template": {"f:spec": {
                    "f:dnsPolicy": {}, "f:restartPolicy": {},
                    "f:containers": {"k:{\"name\":\"web\"}": {
                        ".": {}, "f:name": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:terminationMessagePath": {},
                        "f:env": {
                            ".": {}, "k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}},
                            "k:{\"name\":\"B\"}": {".": {}, "f:name": {}, "f:value": {}},
                        },
                    }},
                }},
            },
        },
    }]);
    let desired = deployment(json!({"app": "web"}), container(json!([{"name": "A", "value": "1"}])));
    let (desired, live) = (Object::from_value(desired).unwrap(), Object::from_value(live).unwrap());
    let context = DiffContext::new().with_kinds(&kinds);
    let found = diff(&desired, Some(&live), &context).unwrap();
    let gone: Vec<_> = found.fields.iter().map(|field| (field.path.text.as_str(), field.change)).collect();
    assert_eq!(
        gone,
        [
            (".metadata.labels.tier", Change::Removed),
            (".spec.template.spec.containers[name=\"web\"].env[name=\"B\"]", Change::Removed),
        ]
    );
}

#[test]
fn what_a_predecessor_wrote_and_the_source_lacks_goes() {
    let (kinds, predecessors) = (kinds(), ["kubectl-client-side-apply".to_owned()]);
    let desired = object(deployment(json!({"replicas": 2})));
    let mut live = deployment(json!({"replicas": 2, "paused": true, "minReadySeconds": 5, "revisionHistoryLimit": 10}));
    let fields =
        json!({"f:spec": {"f:replicas": {}, "f:paused": {}, "f:minReadySeconds": {}, "f:revisionHistoryLimit": {}}});
    live["metadata"]["managedFields"] = json!([
        {"manager": "gitops-engine", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:paused": {}}}},
        {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": fields},
        {"manager": "tuner", "operation": "Update", "fieldsV1": {"f:spec": {"f:minReadySeconds": {}}}},
    ]);
    let live = object(live);
    let context = DiffContext::new().with_kinds(&kinds);
    assert!(diff(&desired, Some(&live), &context).unwrap().is_same(), "kubectl owns it as well");
    let found = diff(&desired, Some(&live), &context.with_predecessors(&predecessors)).unwrap();
    assert_eq!(texts(&found), ["-.spec.paused"], "once, and neither what another owns nor what the server filled in");
    assert_eq!(found.fields[0].reason, Reason::NoLongerInSource);
    assert_eq!(crate::taken_over(&live, "gitops-engine", &predecessors), predecessors);
}

/// An object with `managedFields`: whose, by which operation, what.
fn owned(mut object: Value, owners: &[(&str, &str, Value)]) -> Value {
    let entry = |(manager, operation, fields): &(&str, &str, Value)| json!({"manager": manager, "operation": operation, "apiVersion": object["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": fields});
    let entries = owners.iter().map(entry).collect();
    object["metadata"]["managedFields"] = Value::Array(entries);
    object
}

#[test]
fn who_owns_that_there_are_labels_owns_none_of_them() {
    let live = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"a": "1", "b": "2"}},
    });
    let ours = json!({"f:metadata": {"f:labels": {"f:a": {}, "f:b": {}}}});
    let all = json!({"f:metadata": {"f:labels": {}}});
    let one = json!({"f:metadata": {"f:labels": {"f:b": {}}}});
    let live = owned(live, &[("gitops-engine", "Apply", ours), ("other", "Apply", all), ("another", "Update", one)]);
    let desired = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "shop"}});
    assert_eq!(texts(&differ(desired, live)), ["-.metadata.labels.a"]);
}

#[test]
fn what_is_given_up_and_filled_in_again_does_not_differ() {
    let service = |spec: Value| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec,
        })
    };
    for (operation, affinity, expected) in [
        ("Apply", "None", [].as_slice()),
        ("Apply", "ClientIP", &["-.spec.sessionAffinity"]),
        ("Update", "None", &[]),
        ("Update", "ClientIP", &["-.spec.sessionAffinity"]),
    ] {
        let live = service(json!({
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}], "sessionAffinity": affinity,
        }));
        let ours = json!({"f:spec": {"f:sessionAffinity": {}, "f:ports": {
            "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}},
        }}});
        let live = owned(live, &[("gitops-engine", operation, ours)]);
        let zero = service(json!({"ports": [{"port": 80, "targetPort": 0}]}));
        for desired in [service(json!({"ports": [{"port": 80}]})), zero] {
            assert_eq!(texts(&differ(desired, live.clone())), expected, "{operation} {affinity}");
        }
    }
}

#[test]
fn a_key_of_a_secret_goes_with_its_owner_in_data() {
    let secret = |data: Value| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web", "namespace": "shop"}, "data": data});
    for (ours, others, expected) in [
        (json!({"f:data": {"f:a": {}}}), json!({"f:data": {}}), ["-.data.a"].as_slice()),
        (json!({"f:data": {"f:a": {}}}), json!({"f:stringData": {"f:a": {}}}), &["-.data.a"]),
        (json!({"f:data": {"f:a": {}}}), json!({"f:data": {"f:a": {}}}), &[]),
        (json!({"f:stringData": {"f:a": {}}}), json!({}), &[]),
    ] {
        let live = owned(secret(json!({"a": "YQ=="})), &[("gitops-engine", "Apply", ours), ("other", "Apply", others)]);
        assert_eq!(texts(&differ(secret(json!({})), live)), expected);
    }
}
