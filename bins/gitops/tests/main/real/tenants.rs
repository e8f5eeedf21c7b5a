//! Objects of a tenant are touched under its service account, and never under the engine's own identity.

use serde_json::{Value, json};

use super::{RealBench, bench, deployment};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\ndata:\n  sky: blue\n";

/// An Application of a project that deploys as a service account of its namespace.
fn tenant(bench: &RealBench) -> String {
    let name = bench.namespace.as_str();
    bench.kubectl(&["create", "namespace", name]);
    bench.kubectl(&["create", "serviceaccount", "deployer"]);
    let project = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "story-*"}], "destinationServiceAccounts":
            [{"server": "https://kubernetes.default.svc", "namespace": "story-*", "defaultServiceAccount": "deployer"}]}});
    bench.plane.kubectl_with_input(&["create", "-f", "-"], &project.to_string()).unwrap();
    let file = bench.application("  syncPolicy:\n    automated:\n      prune: true\n");
    let path = bench.bench.path().join(&file);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("project: default", &format!("project: {name}"))).unwrap();
    file
}

#[test]
fn no_call_on_objects_of_a_tenant_is_the_engines_own() {
    let web = deployment("web", 1);
    let Some(mut bench) = bench([("app/web.yaml", web.as_str()), ("app/config.yaml", CONFIG)]) else { return };
    let file = tenant(&bench);
    let account = format!("{}:deployer", bench.namespace);
    bench.kubectl(&["create", "rolebinding", "deployer", "--clusterrole=edit", "--serviceaccount", &account]);
    bench.run(["sync", &file]).exits(0).says("Healthy");
    bench.commit([("app/web.yaml", deployment("web", 2).as_str()), ("app/config.yaml", "")]);
    bench.run(["diff", &file]).exits(1);
    bench.run(["sync", &file]).exits(0);
    bench.run(["sync", &file]).exits(0).says("nothing to do");
    bench.run(["app", "delete", &bench.namespace, "--yes"]).exits(0);
    assert!(bench.get("deployment", "web").is_none());

    let user = format!("system:serviceaccount:{account}");
    let audit = bench.plane.audit().unwrap();
    let ours = audit.iter().filter(|call| {
        call["userAgent"].as_str().is_some_and(|agent| agent.starts_with("gitops/"))
            && call["objectRef"]["namespace"] == bench.namespace.as_str()
    });
    let (own, foreign): (Vec<&Value>, Vec<&Value>) =
        ours.partition(|call| call["impersonatedUser"]["username"] != user.as_str());
    assert!(own.is_empty(), "{} calls under the engine's own identity: {:#}", own.len(), own[0]);
    assert!(foreign.len() >= 8, "{}", foreign.len());
}

#[test]
fn what_the_account_may_not_do_is_refused() {
    let Some(bench) = bench([("app/config.yaml", CONFIG)]) else { return };
    let file = tenant(&bench);
    let run = bench.run(["sync", &file]).says("deployer").says("cannot").says("Role");
    assert_ne!(run.code, 0);
    assert!(bench.get("configmap", "colours").is_none());
}
