//! What the cluster refuses is told with its cause, its object and the next step.

use gitops_fixtures::testbed::{Fault, Proxy};

use super::{CREATE_NAMESPACE, bench, deployment};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\ndata:\n  sky: blue\n";

#[test]
fn a_missing_namespace_and_an_immutable_field() {
    let web = deployment("web", 1);
    let Some(mut bench) = bench([("app/web.yaml", web.as_str())]) else { return };
    let file = bench.application("");
    bench.run(["sync", &file]).exits(1).says("web").says("CreateNamespace=true");
    bench.kubectl(&["create", "namespace", &bench.namespace]);
    bench.run(["sync", &file]).exits(0);
    bench.commit([("app/web.yaml", web.replace("app: web", "app: other").as_str())]);
    bench.run(["sync", &file]).exits(1).says("spec.selector").says("immutable").says("Replace=true");
}

#[test]
fn a_quota_that_is_used_up() {
    let Some(bench) = bench([("app/config.yaml", CONFIG)]) else { return };
    bench.kubectl(&["create", "namespace", &bench.namespace]);
    bench.use_up_quota();
    let file = bench.application("");
    bench.run(["sync", &file]).exits(1).says("colours").says("exceeded quota: few").says("ResourceQuota raised");
}

#[test]
fn a_namespace_that_ends() {
    let Some(bench) = bench([("app/config.yaml", CONFIG)]) else { return };
    bench.kubectl(&["create", "namespace", &bench.namespace]);
    bench.end_namespace();
    let file = bench.application("");
    bench
        .run(["sync", &file])
        .exits(1)
        .says("colours")
        .says("being terminated")
        .says("wait until the namespace is gone");
    bench.let_namespace_go();
}

#[test]
fn a_kind_that_nobody_serves() {
    let nothing = "apiVersion: nobody.example.com/v1\nkind: Nothing\nmetadata:\n  name: first\n";
    let Some(bench) = bench([("app/nothing.yaml", nothing)]) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    let run = bench.run(["sync", &file]).says("Nothing").says("first").says("CustomResourceDefinition");
    assert_ne!(run.code, 0);
}

#[test]
fn a_field_of_somebody_else_is_taken_over_and_said() {
    let Some(bench) = bench([("app/config.yaml", CONFIG)]) else { return };
    bench.kubectl(&["create", "namespace", &bench.namespace]);
    let file = bench.application("");
    bench.run(["sync", &file]).exits(0);
    let other = CONFIG.replace("blue", "grey");
    let arguments =
        ["apply", "--server-side", "--force-conflicts", "--field-manager=painter", "-n", &bench.namespace, "-f", "-"];
    bench.plane.kubectl_with_input(&arguments, &other).unwrap();
    bench.run(["diff", &file]).exits(1).says("painter");
    bench.run(["sync", &file]).exits(0);
    assert_eq!(bench.get("configmap", "colours").unwrap()["data"]["sky"], "blue");
}

#[test]
fn an_api_server_that_is_gone() {
    let Some(bench) = bench([("app/config.yaml", CONFIG)]) else { return };
    let file = bench.application("");
    let proxy = Proxy::start(bench.plane, |_, _| Fault::Refuse).unwrap();
    let kubeconfig = bench.bench.path().join("kubeconfig");
    proxy.write_kubeconfig(bench.plane, &kubeconfig).unwrap();
    let bench = bench.through(kubeconfig);
    bench.run(["sync", &file]).exits(2).says("cannot be reached").says("whether the API server");
    drop(proxy);
    bench.run(["sync", &file]).exits(2).says("cannot be reached").says("refused").says("whether the API server");
}
