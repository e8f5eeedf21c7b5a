//! A second cluster, of which a Secret tells.

use gitops_fixtures::testbed::{self, ControlPlane};
use gitops_fixtures::{TestRepository, WebServer};
use serde_json::{Value, json};

use crate::bench::{Bench, INSTALLED, Operator, bench, until};
use crate::ground::{ground, settings};

/// The namespace on the second cluster.
const THERE: &str = "shop";

/// Who the operator is there.
const ACCOUNT: &str = "deployer";

/// A token of a service account that may do everything there.
fn token(there: &ControlPlane) -> String {
    let bind = format!("--serviceaccount={THERE}:{ACCOUNT}");
    there.kubectl(&["create", "serviceaccount", "--namespace", THERE, ACCOUNT]).unwrap();
    there.kubectl(&["create", "clusterrolebinding", ACCOUNT, "--clusterrole=cluster-admin", &bind]).unwrap();
    there.kubectl(&["create", "token", "--namespace", THERE, ACCOUNT]).unwrap().trim().to_owned()
}

/// A Secret that tells of a cluster, and of who is to call it.
fn secret((name, namespace): (&str, &str), there: &ControlPlane, mut config: Value) -> Value {
    let kubeconfig = std::fs::read_to_string(there.kubeconfig()).unwrap();
    let part = |key: &str, end: char| kubeconfig.split_once(key).unwrap().1.split(end).next().unwrap().to_owned();
    config["tlsClientConfig"] = json!({"caData": part("certificate-authority-data: ", '}')});
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace, "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
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
    let secret = secret((&bench.name, "argocd"), &there, json!({"bearerToken": token(&there)}));
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

/// Azure cannot run here: a server of the test stands in for it, and gives a token that the second cluster's real API server knows.
#[test]
fn a_cluster_is_called_with_an_account_of_a_cloud_where_that_is_allowed() {
    let Some(ground) = ground("clouds") else { return };
    let there = ControlPlane::without_controllers(testbed::Assets::find().unwrap()).unwrap();
    there.kubectl(&["create", "namespace", THERE]).unwrap();
    let entra = WebServer::start().unwrap();
    let answer = json!({"access_token": token(&there), "expires_in": 3599, "token_type": "Bearer"});
    entra.set("tenant/oauth2/v2.0/token", 200, answer.to_string().as_bytes());
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("federated");
    std::fs::write(&file, "federated").unwrap();
    let variables =
        json!({"AAD_LOGIN_METHOD": "workloadidentity", "AZURE_CLIENT_ID": "client", "AZURE_TENANT_ID": "tenant"});
    let program = json!({"command": "argocd-k8s-auth", "args": ["azure"], "env": variables,
        "apiVersion": "client.authentication.k8s.io/v1beta1"});
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("app/settings.yaml", settings("blue").as_str())]).unwrap();
    let mut application = ground.application("app", &repository.url());
    application["spec"]["destination"] = json!({"name": "cloudy", "namespace": THERE});
    ground.apply([secret(("cloudy", "clouds"), &there, json!({"execProviderConfig": program})), application]);
    let start = |arguments: &[&str]| {
        let environment =
            vec![("AZURE_AUTHORITY_HOST", entra.url("")), ("AZURE_FEDERATED_TOKEN_FILE", file.display().to_string())];
        let arguments = [&["--namespace", "clouds", "--poll", "3600"][..], arguments].concat();
        Operator::start_in(environment, ground.plane, INSTALLED, &arguments)
    };
    let mut others = start(&["--allow-cloud-identity", "aws", "--allow-credential-program", "argocd-k8s-auth"]);
    let said = || ground.statuses()["app"]["conditions"].to_string();
    until("it says what would allow it", || said().contains("`--allow-cloud-identity azure`"));
    assert_eq!((entra.asked().len(), colour(&there)), (0, String::new()));
    others.kill();
    let allowed = start(&["--allow-cloud-identity", "azure"]);
    until("it is deployed", || colour(&there) == "blue");
    paint(&there, "red");
    until("it is put right", || colour(&there) == "blue");
    assert_eq!(entra.asked().len(), 1, "one token serves until it ends");
    let sent = String::from_utf8(entra.sent("tenant/oauth2/v2.0/token")).unwrap();
    assert!(sent.contains("client_assertion=federated") && sent.contains("client_id=client"), "{sent}");
    assert!(!allowed.said().contains("eyJ"), "a token is in the log");
}
