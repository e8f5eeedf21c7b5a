//! The stories of everyday use, end to end.

use super::{CREATE_NAMESPACE, bench, deployment};
use crate::workbench::finish;

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n  ports:\n  - port: 80\n    targetPort: 8080\n";

#[test]
fn a_web_application_is_created_scaled_and_healed() {
    let three = deployment("web", 3);
    let Some(mut bench) = bench([("app/deployment.yaml", three.as_str()), ("app/service.yaml", SERVICE)]) else {
        return;
    };
    let file = bench.application(CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0).says("Synced").says("Healthy");
    assert_eq!(bench.get("deployment", "web").unwrap()["status"]["readyReplicas"], 3);
    bench.run(["sync", &file]).exits(0).says("nothing to do");
    bench.run(["diff", &file]).exits(0);

    let five = deployment("web", 5);
    bench.commit([("app/deployment.yaml", five.as_str())]);
    bench.run(["diff", &file]).exits(1).says("replicas");
    bench.run(["sync", &file]).exits(0);
    assert_eq!(bench.get("deployment", "web").unwrap()["status"]["readyReplicas"], 5);

    bench.kubectl(&["scale", "deployment/web", "--replicas=10"]);
    bench.run(["diff", &file]).exits(1).says("kubectl");
    bench.run(["sync", &file]).exits(0);
    assert_eq!(bench.get("deployment", "web").unwrap()["spec"]["replicas"], 5);
    bench.run(["diff", &file]).exits(0);
}

#[test]
fn what_git_no_longer_has_is_deleted() {
    let one = deployment("web", 1);
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\ndata:\n  sky: blue\n";
    let Some(mut bench) = bench([("app/deployment.yaml", one.as_str()), ("app/config.yaml", config)]) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    bench.kubectl(&["create", "configmap", "foreign"]);
    bench.commit([("app/config.yaml", "")]);
    bench.run(["sync", &file]).exits(0);
    assert!(bench.get("configmap", "colours").is_none());
    assert!(bench.get("configmap", "foreign").is_some() && bench.get("deployment", "web").is_some());
}

#[test]
fn the_tutorial_comes_in_waves() {
    let waves = include_str!("../../../../../examples/tutorial/apps/database/waves.yaml");
    let hooks = include_str!("../../../../../examples/tutorial/apps/database/hooks.yaml");
    let (waves, hooks) = (waves.replace("database", "NAMESPACE"), hooks.replace("database", "NAMESPACE"));
    let Some(bench) = bench([("app/waves.yaml", waves.as_str()), ("app/hooks.yaml", hooks.as_str())]) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0).says("Healthy");
    let made = bench.changes();
    let place = |resource: &str, name: &str| {
        let found = made.iter().position(|(verb, kind, held)| verb != "delete" && kind == resource && held == name);
        found.unwrap_or_else(|| panic!("{resource} {name} is not in {made:?}"))
    };
    let order = [
        place("jobs", "db-migration"),
        place("secrets", "db-credentials"),
        place("statefulsets", "postgres"),
        place("deployments", "db-web"),
        place("jobs", "smoke-test"),
    ];
    assert!(order.is_sorted(), "{order:?} in {made:?}");
    let first = bench.get("job", "db-migration").unwrap();
    assert_eq!(first["status"]["succeeded"], 1);
    // The one hook is deleted when it succeeded, the other before it is created again.
    assert!(bench.get("job", "smoke-test").is_none());
    let mut bench = bench;
    bench.commit([("app/waves.yaml", waves.replace("replicas: 2", "replicas: 3").as_str())]);
    bench.run(["sync", &file]).exits(0);
    let second = bench.get("job", "db-migration").unwrap();
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
    assert_eq!(bench.get("deployment", "db-web").unwrap()["status"]["readyReplicas"], 3);
}

fn hook(name: &str, phase: &str, annotations: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations:\n    argocd.argoproj.io/hook: {phase}\nspec:\n  \
         backoffLimit: 0\n  template:\n    metadata:\n      annotations: {{{annotations}}}\n    spec:\n      restartPolicy: Never\n      \
         containers:\n      - name: main\n        image: busybox\n"
    )
}

#[test]
fn a_hook_that_fails_stops_the_sync() {
    let (before, after) = (hook("before", "PreSync", "gitops.engine/simulate: fail"), hook("clean-up", "SyncFail", ""));
    let web = deployment("web", 1);
    let files = [("app/a.yaml", before.as_str()), ("app/b.yaml", after.as_str()), ("app/web.yaml", web.as_str())];
    let Some(bench) = bench(files) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(1).says("before");
    assert!(bench.get("deployment", "web").is_none());
    assert_eq!(bench.get("job", "clean-up").unwrap()["status"]["succeeded"], 1);
    assert_eq!(bench.get("job", "before").unwrap()["status"]["failed"], 1);
}

#[test]
fn waves_lie_two_seconds_apart() {
    let wave = |name: &str, wave: u32| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  annotations: {{argocd.argoproj.io/sync-wave: \"{wave}\"}}\n"
        )
    };
    let (first, second) = (wave("first", 0), wave("second", 1));
    let Some(bench) = bench([("app/a.yaml", first.as_str()), ("app/b.yaml", second.as_str())]) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    let mut command = bench.command();
    finish(command.env_remove("ARGOCD_SYNC_WAVE_DELAY").args(["sync", &file])).exits(0);
    let audit = bench.plane.audit().unwrap();
    let written = |name: &str| -> jiff::Timestamp {
        let found = audit.iter().find(|call| {
            let object = &call["objectRef"];
            object["namespace"] == bench.namespace.as_str()
                && object["name"] == name
                && call["responseStatus"]["code"] == 201
        });
        found.unwrap()["requestReceivedTimestamp"].as_str().unwrap().parse().unwrap()
    };
    let apart = written("second").duration_since(written("first"));
    assert!(apart.as_secs() >= 2, "{apart:?}");
}

#[test]
fn a_load_balancer_is_progressing_until_it_has_an_address() {
    let service = SERVICE.replace("spec:\n", "spec:\n  type: LoadBalancer\n");
    let Some(bench) = bench([("app/service.yaml", service.as_str())]) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    bench.run(["sync", &file, "--no-wait"]).exits(0).says("Progressing");
    let address = r#"{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.7"}]}}}"#;
    bench.kubectl(&["patch", "service", "web", "--subresource=status", "--type=merge", "-p", address]);
    bench.run(["sync", &file]).exits(0).says("Healthy");
    bench.run(["diff", &file]).exits(0);
}

#[test]
fn a_definition_comes_before_its_objects() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: gadgets.NAMESPACE.example.com\nspec:\n  \
        group: NAMESPACE.example.com\n  scope: Namespaced\n  names: {kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList}\n  versions:\n  \
        - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        x-kubernetes-preserve-unknown-fields: true\n";
    let gadget = "apiVersion: NAMESPACE.example.com/v1\nkind: Gadget\nmetadata:\n  name: first\nspec:\n  size: 1\n";
    let Some(bench) = bench([("app/definition.yaml", definition), ("app/gadget.yaml", gadget)]) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    let kind = format!("gadgets.{}.example.com", bench.namespace);
    assert_eq!(bench.get(&kind, "first").unwrap()["spec"]["size"], 1);
    bench.run(["diff", &file]).exits(0);
}
