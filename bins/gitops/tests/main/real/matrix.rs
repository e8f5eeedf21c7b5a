//! After a sync nothing differs, whoever else writes to the objects.

use serde_json::json;

use super::{CREATE_NAMESPACE, bench, deployment};

/// Objects whose fields are filled in by defaults, in the forms that people write.
const DEFAULTED: &str = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - name: db
        image: postgres
        ports: [{containerPort: 5432}]
        resources: {requests: {cpu: 0.5, memory: 1024Mi}, limits: {cpu: 1000m}}
        livenessProbe: {httpGet: {path: /, port: 80}}
        env: [{name: A, value: "1"}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
        volumeMounts: [{name: c, mountPath: /c}]
      volumes: [{name: c, configMap: {name: colours}}]
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {user: admin}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: colours}
data: {sky: blue}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 1 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: busybox}]}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: db, port: {number: 80}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 80}]}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: db}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default, namespace: NAMESPACE}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1024Mi}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
"#;

#[test]
fn defaults_are_no_differences() {
    let Some(bench) = bench([("app/all.yaml", DEFAULTED)]) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    bench.run(["sync", &file, "--no-wait"]).exits(0);
    bench.run(["diff", &file]).exits(0);
    bench.run(["sync", &file, "--no-wait"]).exits(0).says("nothing to do");
}

#[test]
fn status_and_fields_of_others_are_no_differences() {
    // The autoscaler owns the replicas: the source does not say them.
    let web = deployment("web", 1).replace("  replicas: 1\n", "");
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: web\nspec:\n  minReplicas: 2\n  maxReplicas: 4\n  \
        scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  metrics:\n  - type: Resource\n    resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}\n";
    let Some(bench) = bench([("app/web.yaml", web.as_str()), ("app/scaler.yaml", scaler)]) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    bench.run(["sync", &file, "--no-wait"]).exits(0);
    for _ in 0..200 {
        if bench.get("deployment", "web").unwrap()["spec"]["replicas"] == 2 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(bench.get("deployment", "web").unwrap()["spec"]["replicas"], 2);
    bench.kubectl(&["annotate", "deployment", "web", "team=shop"]);
    bench.run(["diff", &file]).exits(0);
    bench.run(["sync", &file, "--no-wait"]).exits(0).says("nothing to do");
}

#[test]
fn what_kubectl_applied_is_taken_over_without_a_difference() {
    let web = deployment("web", 1);
    let Some(mut bench) = bench([("app/web.yaml", web.as_str())]) else { return };
    bench.kubectl(&["create", "namespace", &bench.namespace]);
    let manifest = bench.bench.path().join("by-hand.yaml");
    std::fs::write(
        &manifest,
        web.replace("        ports:\n        - containerPort: 8080\n", "        args: [\"a\"]\n"),
    )
    .unwrap();
    bench.kubectl(&["apply", "-f", manifest.to_str().unwrap()]);
    let file = bench.application("");
    bench.run(["sync", &file]).exits(0);
    bench.run(["diff", &file]).exits(0);
    // A field that Git gives up goes, though kubectl wrote it first.
    bench.commit([("app/web.yaml", web.replace("  replicas: 1\n", "").as_str())]);
    bench.run(["sync", &file]).exits(0);
    bench.run(["diff", &file]).exits(0);
}

#[test]
fn what_admission_adds_is_no_difference() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\ndata:\n  sky: blue\n";
    let Some(bench) = bench([("app/config.yaml", config)]) else { return };
    let policy = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "admissionregistration.k8s.io/v1beta1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": bench.namespace},
         "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}]},
            "matchConditions": [{"name": "here", "expression": format!("object.metadata.namespace == '{}'", bench.namespace)}],
            "failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{metadata: Object.metadata{labels: Object.metadata.labels{injected: 'yes'}}}"}}]}},
        {"apiVersion": "admissionregistration.k8s.io/v1beta1", "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": bench.namespace},
         "spec": {"policyName": bench.namespace}}]});
    bench.plane.kubectl_with_input(&["create", "-f", "-"], &policy.to_string()).unwrap();
    bench.kubectl(&["create", "namespace", &bench.namespace]);
    // The policy works once the server has seen it.
    let probed = (0..200).any(|number| {
        let name = format!("probe-{number}");
        bench.kubectl(&["create", "configmap", &name]);
        std::thread::sleep(std::time::Duration::from_millis(100));
        bench.get("configmap", &name).unwrap()["metadata"]["labels"]["injected"] == "yes"
    });
    assert!(probed, "the policy of the test does not work");
    let file = bench.application("");
    bench.run(["sync", &file]).exits(0);
    assert_eq!(bench.get("configmap", "colours").unwrap()["metadata"]["labels"]["injected"], "yes");
    bench.run(["diff", &file]).exits(0);
    bench.run(["sync", &file]).exits(0).says("nothing to do");
}
