//! A second cluster, of which a Secret tells.

use gitops_fixtures::testbed::{self, ControlPlane};
use serde_json::{Value, json};

use crate::bench::{Bench, bench, until};
use crate::ground::settings;

/// The namespace on the second cluster.
const THERE: &str = "shop";

/// Who the operator is there.
const ACCOUNT: &str = "deployer";

/// A Secret that tells of a cluster, with a token of a service account that may do everything there.
fn secret(name: &str, there: &ControlPlane) -> Value {
    let kubeconfig = std::fs::read_to_string(there.kubeconfig()).unwrap();
    let part = |key: &str, end: char| kubeconfig.split_once(key).unwrap().1.split(end).next().unwrap().to_owned();
    let bind = format!("--serviceaccount={THERE}:{ACCOUNT}");
    there.kubectl(&["create", "serviceaccount", "--namespace", THERE, ACCOUNT]).unwrap();
    there.kubectl(&["create", "clusterrolebinding", ACCOUNT, "--clusterrole=cluster-admin", &bind]).unwrap();
    let token = there.kubectl(&["create", "token", "--namespace", THERE, ACCOUNT]).unwrap();
    let config = json!({
        "bearerToken": token.trim(),
        "tlsClientConfig": {"caData": part("certificate-authority-data: ", '}')},
    });
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": name, "namespace": "argocd", "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
        "stringData": {"name": name, "server": part("server: \"", '"'), "config": config.to_string()},
    })
}

fn colour(there: &ControlPlane) -> String {
    let output = "jsonpath={.data.colour}";
    let words = ["get", "--namespace", THERE, "configmap/settings", "--ignore-not-found", "-o", output];
    there.kubectl(&words).unwrap_or_default()
}

fn paint(there: &ControlPlane, colour: &str) {
    let patch = json!({"data": {"colour": colour}}).to_string();
    there.kubectl(&["patch", "--namespace", THERE, "configmap/settings", "--type=merge", "-p", &patch]).unwrap();
}

/// What the Application says is wrong.
fn says(bench: &Bench) -> String {
    bench.field("/status/conditions").as_array().into_iter().flatten().map(|one| format!("{one}\n")).collect()
}

#[test]
fn another_cluster_is_deployed_to_as_its_secret_says() {
    let Some(mut bench) = bench([("app/settings.yaml", settings("blue").as_str())]) else { return };
    let there = ControlPlane::without_controllers(testbed::Assets::find().unwrap()).unwrap();
    there.kubectl(&["create", "namespace", THERE]).unwrap();
    let secret = secret(&bench.name, &there);
    bench.plane.kubectl_with_input(&["apply", "-f", "-"], &secret.to_string()).unwrap();
    bench.define("app", &json!({"destination": {"name": bench.name, "namespace": THERE}}));
    bench.reach("it is deployed", || colour(&there) == "blue");
    bench.reach("it is synced", || bench.field("/status/sync/status") == "Synced");
    assert!(bench.kubectl(&["get", "configmap/settings"]).is_err(), "it is not on the cluster of the Applications");

    paint(&there, "red");
    bench.reach("it is put right", || colour(&there) == "blue");
    bench.repository.commit([("app/settings.yaml", settings("green").as_str())]).unwrap();
    bench.refresh();
    bench.reach("a commit is deployed", || colour(&there) == "green");

    there.stop_api_server().unwrap();
    bench.repository.commit([("app/settings.yaml", settings("white").as_str())]).unwrap();
    bench.refresh();
    bench.reach("it says that the cluster is gone", || says(&bench).contains("ComparisonError"));
    eprintln!("{}", says(&bench));
    there.start_api_server().unwrap();
    bench.reach("what was committed meanwhile is deployed", || colour(&there) == "white");
    bench.reach("nothing is wrong any more", || bench.field("/status/conditions").is_null());

    // Without rights, it says so, and does not go on with anybody else's.
    there.kubectl(&["delete", "clusterrolebinding", ACCOUNT]).unwrap();
    let may = format!("--as=system:serviceaccount:{THERE}:{ACCOUNT}");
    until("the rights are gone", || {
        there.kubectl(&["auth", "can-i", "patch", "configmaps", "-n", THERE, &may]).is_err()
    });
    bench.repository.commit([("app/settings.yaml", settings("black").as_str())]).unwrap();
    bench.refresh();
    bench.reach("it says what the account may not do", || says(&bench).contains("forbidden"));
    assert_eq!(colour(&there), "white");
}
