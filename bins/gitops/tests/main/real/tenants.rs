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
fn a_dry_run_that_is_not_allowed_is_done_without() {
    let Some(bench) = bench([("app/config.yaml", CONFIG)]) else { return };
    let file = tenant(&bench);
    let account = format!("{}:deployer", bench.namespace);
    bench.kubectl(&["create", "rolebinding", "viewer", "--clusterrole=view", "--serviceaccount", &account]);
    bench.kubectl(&["create", "configmap", "colours", "--from-literal=sky=grey"]);
    let path = bench.bench.path().join(&file);
    let asked = "  namespace: argocd\n  annotations: {argocd.argoproj.io/compare-options: ServerSideDiff=true}\nspec:";
    let text = std::fs::read_to_string(&path).unwrap().replacen("  namespace: argocd\nspec:", asked, 1);
    std::fs::write(&path, text).unwrap();
    bench.run(["diff", &file]).exits(1).says("sky");
    let user = format!("system:serviceaccount:{account}");
    let audit = bench.plane.audit().unwrap();
    let refused = audit.iter().filter(|call| {
        call["impersonatedUser"]["username"] == user.as_str()
            && call["requestURI"].as_str().is_some_and(|uri| uri.contains("dryRun=All"))
            && call["responseStatus"]["code"] == 403
    });
    assert_eq!(refused.count(), 1, "the server was asked, as the account");
}

#[test]
fn a_quota_of_the_tenant_that_is_used_up_is_told_as_one() {
    let Some(bench) = bench([("app/config.yaml", CONFIG)]) else { return };
    let file = tenant(&bench);
    let account = format!("{}:deployer", bench.namespace);
    bench.kubectl(&["create", "rolebinding", "deployer", "--clusterrole=edit", "--serviceaccount", &account]);
    bench.use_up_quota();
    let run = bench.run(["sync", &file]).exits(1).says("colours").says("exceeded quota: few");
    let run = run.says("ResourceQuota raised");
    assert!(!run.stderr.contains("Role ") && !run.stdout.contains("Role "), "no rights are missing: {run:?}");
}

#[test]
fn a_namespace_of_the_tenant_that_ends_is_told_as_one() {
    let Some(bench) = bench([("app/config.yaml", CONFIG)]) else { return };
    let file = tenant(&bench);
    let account = format!("{}:deployer", bench.namespace);
    // Rights that outlive what the namespace holds.
    bench.kubectl(&[
        "create",
        "clusterrolebinding",
        &bench.namespace,
        "--clusterrole=edit",
        "--serviceaccount",
        &account,
    ]);
    bench.end_namespace();
    bench
        .run(["sync", &file])
        .exits(1)
        .says("colours")
        .says("being terminated")
        .says("wait until the namespace is gone");
    bench.let_namespace_go();
}

#[test]
fn what_the_account_may_not_do_is_refused() {
    let Some(bench) = bench([("app/config.yaml", CONFIG)]) else { return };
    let file = tenant(&bench);
    let run = bench.run(["sync", &file]).says("deployer").says("cannot").says("Role");
    assert_ne!(run.code, 0);
    assert!(bench.get("configmap", "colours").is_none());
}
