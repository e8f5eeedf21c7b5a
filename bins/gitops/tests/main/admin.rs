//! What the operator needs in its cluster.

use std::collections::BTreeMap;
use std::path::Path;

use gitops_core::api;
use serde_json::Value;

use crate::workbench::Workbench;

fn documents(text: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_yaml::Deserializer::from_str(text).map(|one| Value::deserialize(one).unwrap()).collect()
}

fn kinds(objects: &[Value]) -> Vec<String> {
    let name = |one: &Value| format!("{}/{}", one["kind"].as_str().unwrap(), one["metadata"]["name"].as_str().unwrap());
    objects.iter().map(name).collect()
}

#[test]
fn the_kinds_are_those_that_the_engine_knows() {
    let run = Workbench::new().run(["admin", "manifests", "--crds-only"]).exits(0);
    let mut known = api::definitions().to_vec();
    known.sort_by_key(|one| one["metadata"]["name"].to_string());
    let mut printed = documents(&run.stdout);
    printed.sort_by_key(|one| one["metadata"]["name"].to_string());
    assert_eq!(printed, known);
}

#[test]
fn the_installation_has_its_rights_and_nothing_of_the_clusters_administration() {
    let bench = Workbench::new();
    let run = bench.run(["admin", "manifests", "--image", "registry.example:5000/gitops:v1"]).exits(0);
    let objects = documents(&run.stdout);
    let names = kinds(&objects);
    for name in ["Namespace/argocd", "Deployment/gitops-controller", "Service/gitops-controller-metrics"] {
        assert!(names.iter().any(|one| one == name), "{name} in {names:?}");
    }
    let one = |name: &str| &objects[names.iter().position(|one| one == name).unwrap()];
    let container = &one("Deployment/gitops-controller")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "registry.example:5000/gitops:v1");
    let rules = objects.iter().filter_map(|one| one["rules"].as_array()).flatten();
    let everything = |rule: &&Value| rule.to_string().contains("\"*\"") || rule.to_string().contains("clusterroles");
    assert_eq!(rules.filter(everything).count(), 0);
    let replicas = documents(&bench.run(["admin", "manifests", "--replicas", "3"]).exits(0).stdout);
    let deployment = &replicas.iter().find(|one| one["kind"] == "Deployment").unwrap()["spec"];
    assert_eq!(
        (&deployment["replicas"], &deployment["strategy"]["type"]),
        (&Value::from(3), &Value::from("RollingUpdate"))
    );
    let arguments = &deployment["template"]["spec"]["containers"][0]["args"];
    assert!(arguments.as_array().unwrap().contains(&Value::from("--replicas-by-lease")), "{arguments}");
    let more = bench.run(["admin", "manifests", "--everything"]).exits(0);
    assert_eq!(documents(&more.stdout).len(), objects.len() + 1);
}

/// What a chart renders to, by kind and name.
fn by_name(text: &str) -> BTreeMap<String, Value> {
    let objects = documents(text);
    kinds(&objects).into_iter().zip(objects).collect()
}

#[test]
fn the_chart_is_the_same_installation() {
    let bench = Workbench::new();
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../install").display().to_string();
    let render = |namespace: &str, values: &[&str]| {
        let chart = ["template", "gitops", &chart, "--include-crds", "--namespace", namespace];
        by_name(&bench.run(chart.iter().chain(values).copied()).exits(0).stdout)
    };
    let print = |arguments: &[&str]| {
        let run = bench.run(["admin", "manifests"].iter().chain(arguments).copied()).exits(0);
        let mut objects = by_name(&run.stdout);
        // A release does not make its own namespace.
        assert!(objects.remove("Namespace/argocd").is_some());
        objects
    };
    for (values, arguments) in [
        (&[][..], &[][..]),
        (&["--set", "image=a.example/b:v1,everything=true"], &["--image", "a.example/b:v1", "--everything"]),
        (&["--set", "replicas=3"], &["--replicas", "3"]),
    ] {
        let (rendered, printed) = (render("argocd", values), print(arguments));
        assert_eq!(rendered.keys().collect::<Vec<_>>(), printed.keys().collect::<Vec<_>>());
        for (name, object) in rendered {
            assert_eq!(object, printed[&name], "{name} with {values:?}");
        }
    }
    let elsewhere = render("elsewhere", &[]);
    let spoken: Vec<_> = elsewhere.values().filter(|one| one["kind"] != "CustomResourceDefinition").collect();
    assert!(spoken.iter().all(|one| !one.to_string().contains("argocd\"")), "{spoken:#?}");
    let refused = bench.run(["template", "gitops", &chart, "--set", "replica=3"]);
    refused.exits(2).says("replica");
}

const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: blue\n";

#[test]
fn what_is_exported_is_brought_back_into_another_cluster() {
    let bench = Workbench::with([("app/settings.yaml", SETTINGS)]);
    let write = |name: &str, text: &str| std::fs::write(bench.path().join(name), text).unwrap();
    let file = bench.application("app", "  syncPolicy:\n    syncOptions: [CreateNamespace=true]\n");
    bench.run(["sync", &file]).exits(0);
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\n  namespace: argocd\n  labels: {argocd.argoproj.io/secret-type: repository}\nstringData: {password: canary}\n";
    write("kept.yaml", secret);
    bench.run(["admin", "import", "--secrets", "kept.yaml"]).exits(0).says("Secret/argocd/shop created");

    let exported = bench.run(["admin", "export"]).exits(0).stdout;
    let names = kinds(&documents(&exported));
    assert!(names.iter().any(|name| name == "Application/web") && !exported.contains("Secret"), "{names:?}");
    assert!(
        names.iter().any(|name| name.starts_with("ConfigMap/") && name.contains("web")),
        "the inventory: {names:?}"
    );
    let whole = bench.run(["admin", "export", "--secrets"]).exits(0).stdout;
    assert!(kinds(&documents(&whole)).iter().any(|name| name == "Secret/shop"));
    assert!(!whole.contains("canary") && whole.contains("Y2FuYXJ5"), "as the cluster keeps it");
    write("backup.yaml", &whole);
    bench.run(["admin", "import", "backup.yaml"]).exits(2).says("Secrets are to be left out");

    let other = ["--data-dir", "other"];
    let run = |arguments: &[&str]| bench.run(other.iter().chain(arguments).copied());
    run(&["admin", "import", "--secrets", "--dry-run", "backup.yaml"]).exits(0).says("created (dry run)");
    run(&["app", "get", "web"]).exits(2);
    run(&["admin", "import", "--secrets", "backup.yaml"]).exits(0).says("Application/argocd/web created");
    assert_eq!(run(&["admin", "export", "--secrets"]).exits(0).stdout, whole, "nothing is lost");
    let again = run(&["admin", "import", "--secrets", "backup.yaml"]).exits(0);
    assert!(again.stdout.lines().all(|line| line.ends_with(" unchanged")), "{}", again.stdout);
    run(&["sync", "web"]).exits(0);
    run(&["diff", "web"]).exits(0);
    run(&["sync", "web"]).exits(0).says("nothing to do");

    write("empty.yaml", "");
    run(&["admin", "import", "empty.yaml"]).exits(0);
    run(&["app", "get", "web"]).exits(0);
    run(&["admin", "import", "--prune", "--dry-run", "empty.yaml"])
        .exits(0)
        .says("Application/argocd/web pruned (dry run)");
    run(&["app", "get", "web"]).exits(0);
}
