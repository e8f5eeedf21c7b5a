//! Workloads end up where their real controllers would take them, and owned objects go with their owners.

use std::time::Duration;

use futures::executor::block_on;
use gitops_core::annotations::SIMULATE;
use gitops_core::cluster::{Cluster, Delete, Deleted, Query};
use gitops_core::{GroupVersionKind, Object, Value};
use serde_json::json;

use super::{apply, still};

const WHILE: Duration = Duration::from_secs(60);

fn workload(api_version: &str, kind: &str, spec: Value) -> Value {
    let mut body = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "w", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "w"}}, "template": {"metadata": {"labels": {"app": "w"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    for (key, value) in spec.as_object().unwrap() {
        body["spec"][key] = value.clone();
    }
    body
}

fn job(spec: Value) -> Value {
    let mut job = workload("batch/v1", "Job", spec);
    job["spec"].as_object_mut().unwrap().remove("selector");
    job["spec"]["template"]["spec"]["restartPolicy"] = json!("Never");
    job
}

/// The object after its stand-in had some time.
fn settled(body: Value, time: Duration) -> Option<Object> {
    let cluster = still();
    block_on(async {
        let applied = apply(&cluster, body).await.unwrap();
        cluster.settle(time).await.unwrap();
        cluster.get(&applied.object.reference()).await.unwrap()
    })
}

fn condition(object: &Object, kind: &str) -> Option<Value> {
    let conditions = object.get(&["status", "conditions"])?.as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind).map(|condition| condition["status"].clone())
}

#[test]
fn workloads_become_ready() {
    let cases = [
        (workload("apps/v1", "StatefulSet", json!({"replicas": 3, "serviceName": "s"})), "readyReplicas", json!(3)),
        (workload("apps/v1", "ReplicaSet", json!({"replicas": 2})), "readyReplicas", json!(2)),
        (workload("apps/v1", "Deployment", json!({"replicas": 2})), "updatedReplicas", json!(2)),
        (workload("apps/v1", "DaemonSet", json!({})), "numberReady", json!(1)),
        (job(json!({"completions": 3, "parallelism": 2})), "succeeded", json!(3)),
    ];
    for (body, field, expected) in cases {
        let object = settled(body, WHILE).unwrap();
        assert_eq!(object.get(&["status", field]), Some(&expected), "{object:?}");
        if let Some(observed) = object.get(&["status", "observedGeneration"]) {
            assert_eq!(Some(observed), object.get(&["metadata", "generation"]));
        }
    }
}

#[test]
fn a_change_is_observed_later() {
    let cluster = still();
    block_on(async {
        let body = workload("apps/v1", "StatefulSet", json!({"replicas": 2, "serviceName": "s"}));
        let first = apply(&cluster, body.clone()).await.unwrap().object;
        cluster.settle(WHILE).await.unwrap();
        let mut changed = body;
        changed["spec"]["template"]["spec"]["containers"][0]["image"] = json!("j");
        let now = apply(&cluster, changed).await.unwrap().object;
        assert_ne!(now.get(&["status", "observedGeneration"]), now.get(&["metadata", "generation"]));
        cluster.settle(WHILE * 2).await.unwrap();
        let then = cluster.get(&first.reference()).await.unwrap().unwrap();
        assert_eq!(then.get(&["status", "observedGeneration"]), then.get(&["metadata", "generation"]));
        assert_eq!(then.get(&["status", "updatedReplicas"]), Some(&json!(2)));
        assert_eq!(then.text(&["status", "currentRevision"]), then.text(&["status", "updateRevision"]));
        let pods = Query::all(GroupVersionKind::from_api_version("v1", "Pod"));
        for pod in cluster.list(&pods).await.unwrap().objects {
            assert_eq!(pod.get(&["spec", "containers"]).unwrap()[0]["image"], "j");
        }
    });
}

#[test]
fn jobs_end_and_are_deleted_when_they_lived_long_enough() {
    let complete = settled(job(json!({})), WHILE).unwrap();
    assert_eq!(condition(&complete, "Complete"), Some(json!("True")));
    assert!(complete.text(&["status", "completionTime"]).is_some());
    assert!(settled(job(json!({"ttlSecondsAfterFinished": 100})), WHILE).is_some());
    assert!(settled(job(json!({"ttlSecondsAfterFinished": 20})), WHILE).is_none());
}

#[test]
fn workloads_fail_and_hang_when_they_are_told_to() {
    let told = |mut body: Value, what: &str, on_template: bool| {
        let path = if on_template { "/spec/template/metadata" } else { "/metadata" };
        body.pointer_mut(path).unwrap()["annotations"] = json!({SIMULATE: what});
        settled(body, WHILE).unwrap()
    };
    for on_template in [true, false] {
        assert_eq!(condition(&told(job(json!({})), "fail", on_template), "Failed"), Some(json!("True")));
        let hanging = told(job(json!({})), "hang", on_template);
        assert_eq!(hanging.get(&["status", "active"]), Some(&json!(1)));
        let deployment = workload("apps/v1", "Deployment", json!({}));
        let failed = told(deployment.clone(), "fail", on_template);
        assert_eq!(condition(&failed, "Progressing"), Some(json!("False")));
        let hanging = told(deployment, "hang", on_template);
        assert_eq!(condition(&hanging, "Progressing"), Some(json!("True")));
        assert_eq!(condition(&hanging, "Available"), Some(json!("False")));
    }
    let late = told(job(json!({"activeDeadlineSeconds": 5})), "hang", false);
    assert_eq!(condition(&late, "Failed"), Some(json!("True")));
}

#[test]
fn claims_are_bound_and_load_balancers_have_an_address() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let bound = settled(claim, WHILE).unwrap();
    assert_eq!(bound.text(&["status", "phase"]), Some("Bound"));
    assert_eq!(bound.text(&["status", "capacity", "storage"]), Some("1Gi"));
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"a": "b"}, "ports": [{"port": 80}]}});
    let ready = settled(service, WHILE).unwrap();
    assert!(ready.get(&["status", "loadBalancer", "ingress"]).is_some(), "{ready:?}");
}

#[test]
fn owned_objects_go_with_their_owner_and_contents_with_their_namespace() {
    let cluster = still();
    let pods = Query::all(GroupVersionKind::from_api_version("v1", "Pod"));
    block_on(async {
        let deployment = workload("apps/v1", "Deployment", json!({"replicas": 2}));
        let live = apply(&cluster, deployment.clone()).await.unwrap().object;
        cluster.settle(WHILE).await.unwrap();
        assert_eq!(cluster.list(&pods).await.unwrap().objects.len(), 2);
        let reference = live.reference();
        cluster.delete(Delete::new(&reference, live.uid().unwrap())).await.unwrap();
        cluster.settle(WHILE).await.unwrap();
        assert!(cluster.get(&reference).await.unwrap().is_none());
        assert!(cluster.list(&pods).await.unwrap().objects.is_empty());

        let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
        let space = apply(&cluster, space).await.unwrap().object;
        let mut inside = deployment;
        inside["metadata"]["namespace"] = json!("shop");
        apply(&cluster, inside.clone()).await.unwrap();
        cluster.settle(WHILE).await.unwrap();
        let deleted = cluster.delete(Delete::new(&space.reference(), space.uid().unwrap())).await.unwrap();
        assert!(matches!(deleted, Deleted::Pending(_)));
        inside["metadata"]["name"] = json!("late");
        let refused = apply(&cluster, inside).await.unwrap_err();
        assert_eq!(refused.kind, gitops_core::cluster::ErrorKind::Forbidden);
        cluster.settle(WHILE).await.unwrap();
        assert!(cluster.get(&space.reference()).await.unwrap().is_none());
        assert!(cluster.list(&pods).await.unwrap().objects.is_empty());
    });
}

#[test]
fn budgets_and_autoscalers_follow_what_they_look_at() {
    let cluster = still();
    block_on(async {
        let metadata = json!({"name": "w", "namespace": "default"});
        let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata,
            "spec": {"minAvailable": "50%", "selector": {"matchLabels": {"app": "w"}}}});
        let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata,
            "spec": {"minReplicas": 1, "maxReplicas": 5,
                     "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "w"}}});
        let budget = apply(&cluster, budget).await.unwrap().object.reference();
        let scaler = apply(&cluster, scaler).await.unwrap().object.reference();
        for replicas in [3, 4] {
            apply(&cluster, workload("apps/v1", "Deployment", json!({"replicas": replicas}))).await.unwrap();
            cluster.settle(WHILE).await.unwrap();
            let seen = cluster.get(&budget).await.unwrap().unwrap();
            assert_eq!(seen.get(&["status", "currentHealthy"]), Some(&json!(replicas)), "{seen:?}");
            assert_eq!(seen.get(&["status", "desiredHealthy"]), Some(&json!(2)));
            assert_eq!(condition(&seen, "DisruptionAllowed"), Some(json!("True")));
            let seen = cluster.get(&scaler).await.unwrap().unwrap();
            assert_eq!(seen.get(&["status", "currentReplicas"]), Some(&json!(replicas)), "{seen:?}");
            assert_eq!(condition(&seen, "AbleToScale"), Some(json!("True")));
        }
    });
}
