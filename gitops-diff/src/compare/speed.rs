//! How fast it is: `cargo test --release -p gitops-diff -- --ignored speed --nocapture`.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

use std::time::Instant;

use gitops_merge::schema::Kinds;
use serde_json::json;

use super::*;

/// A Deployment as it is written, and as it is live after a server-side apply and a status write.
fn pair() -> (Object, Object) {
    let desired = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "web", "namespace": "shop", "labels": {"app": "web", "tier": "front"},
            "annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"},
        },
        "spec": {
            "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web", "tier": "front"}, "annotations": {"prometheus.io/scrape": "true"}},
                "spec": {
                    "serviceAccountName": "web",
                    "containers": [{
                        "name": "web", "image": "registry.example.com/shop/web:1.2.3", "args": ["--port", "8080", "--verbose"],
                        "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
                        "env": [
                            {"name": "LOG_LEVEL", "value": "info"}, {"name": "REGION", "value": "eu"},
                            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "web", "key": "token"}}},
                        ],
                        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": 1, "memory": "256Mi"}},
                        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5},
                        "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}, {"name": "tmp", "mountPath": "/tmp"}],
                    }],
                    "volumes": [{"name": "config", "configMap": {"name": "web"}}, {"name": "tmp", "emptyDir": {}}],
                },
            },
        },
    });
    let mut live = desired.clone();
    let spec = &mut live["spec"];
    spec["progressDeadlineSeconds"] = 600.into();
    spec["revisionHistoryLimit"] = 10.into();
    spec["strategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
    let pod = &mut spec["template"]["spec"];
    for (key, value) in
        [("dnsPolicy", "ClusterFirst"), ("restartPolicy", "Always"), ("schedulerName", "default-scheduler")]
    {
        pod[key] = value.into();
    }
    let container = &mut pod["containers"][0];
    container["imagePullPolicy"] = "IfNotPresent".into();
    container["resources"]["limits"]["cpu"] = "1".into();
    container["env"][2]["valueFrom"]["fieldRef"]["apiVersion"] = "v1".into();
    for port in 0..2 {
        container["ports"][port]["protocol"] = "TCP".into();
    }
    live["metadata"]["uid"] = "b30316d3-0965-11e9-9673-ae0a6e5594a2".into();
    live["metadata"]["resourceVersion"] = "51234".into();
    live["status"] =
        json!({"replicas": 3, "readyReplicas": 3, "conditions": [{"type": "Available", "status": "True"}]});
    live["metadata"]["managedFields"] = json!([
        {"manager": "gitops-engine", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": {
            "f:metadata": {"f:annotations": {"f:argocd.argoproj.io/tracking-id": {}}, "f:labels": {"f:app": {}, "f:tier": {}}},
            "f:spec": {
                "f:replicas": {}, "f:selector": {},
                "f:template": {
                    "f:metadata": {"f:labels": {"f:app": {}, "f:tier": {}}, "f:annotations": {"f:prometheus.io/scrape": {}}},
                    "f:spec": {
                        "f:serviceAccountName": {},
                        "f:containers": {"k:{\"name\":\"web\"}": {
                            ".": {}, "f:name": {}, "f:image": {}, "f:args": {},
                            "f:ports": {
                                "k:{\"containerPort\":8080,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:containerPort": {}},
                                "k:{\"containerPort\":9090,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:containerPort": {}},
                            },
                            "f:env": {
                                "k:{\"name\":\"LOG_LEVEL\"}": {".": {}, "f:name": {}, "f:value": {}},
                                "k:{\"name\":\"POD\"}": {".": {}, "f:name": {}, "f:valueFrom": {"f:fieldRef": {}}},
                                "k:{\"name\":\"REGION\"}": {".": {}, "f:name": {}, "f:value": {}},
                                "k:{\"name\":\"TOKEN\"}": {".": {}, "f:name": {}, "f:valueFrom": {"f:secretKeyRef": {}}},
                            },
                            "f:resources": {"f:requests": {"f:cpu": {}, "f:memory": {}}, "f:limits": {"f:cpu": {}, "f:memory": {}}},
                            "f:readinessProbe": {"f:httpGet": {"f:path": {}, "f:port": {}}, "f:periodSeconds": {}},
                            "f:volumeMounts": {
                                "k:{\"mountPath\":\"/etc/web\"}": {".": {}, "f:name": {}, "f:mountPath": {}},
                                "k:{\"mountPath\":\"/tmp\"}": {".": {}, "f:name": {}, "f:mountPath": {}},
                            },
                        }},
                        "f:volumes": {
                            "k:{\"name\":\"config\"}": {".": {}, "f:name": {}, "f:configMap": {"f:name": {}}},
                            "k:{\"name\":\"tmp\"}": {".": {}, "f:name": {}, "f:emptyDir": {}},
                        },
                    },
                },
            },
        }},
        {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "apiVersion": "apps/v1",
         "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {"f:replicas": {}, "f:readyReplicas": {}}}},
    ]);
    (Object::from_value(desired).unwrap(), Object::from_value(live).unwrap())
}

#[test]
#[ignore = "measures"]
fn speed() {
    const ROUNDS: u32 = 50_000;
    let kinds = Kinds::builtin().unwrap();
    let (desired, live) = pair();
    let mut changed = live.clone();
    changed.edit(|body| body["spec"]["replicas"] = 5.into());
    let rules = serde_json::from_value(json!([{"group": "apps", "kind": "*", "jsonPointers": ["/spec/replicas"]}]));
    let rules = crate::normalize::IgnoreRules::compile(&rules.map(|rules: Vec<_>| rules).unwrap()).unwrap();
    let context = DiffContext::new().with_kinds(&kinds);
    for (name, live, context) in [
        ("in sync", &live, context),
        ("one field differs", &changed, context),
        ("one field ignored", &changed, context.with_ignore(&rules)),
        ("in sync, by prediction", &live, context.with_predicted(Some(&live))),
    ] {
        let start = Instant::now();
        let found: usize = (0..ROUNDS).map(|_| diff(&desired, Some(live), &context).unwrap().fields.len()).sum();
        let each = start.elapsed() / ROUNDS;
        println!(
            "{name}: {each:?} each, {:.0} a second, {} differences",
            1.0 / each.as_secs_f64(),
            found / ROUNDS as usize
        );
    }
}

#[test]
fn the_sample_is_in_sync() {
    let kinds = Kinds::builtin().unwrap();
    let (desired, live) = pair();
    let found = diff(&desired, Some(&live), &DiffContext::new().with_kinds(&kinds)).unwrap();
    assert!(found.is_same(), "{found:#?}");
}
