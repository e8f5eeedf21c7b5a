//! `gitops appset`: Applications of ApplicationSets.

use std::fs;

use crate::workbench::Workbench;

fn set(name: &str, generators: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  goTemplate: \
         true\n  goTemplateOptions: [missingkey=error]\n  generators:\n{generators}  template:\n    metadata:\n      name: '{{{{ \
         .path.basename }}}}'\n    spec:\n      project: default\n      source: {{repoURL: 'https://git.example/shop.git', path: \
         '{{{{ .path.path }}}}'}}\n      destination: {{server: 'https://kubernetes.default.svc', namespace: shop}}\n{more}"
    )
}

const DIRECTORIES: &str =
    "  - git: {repoURL: 'https://git.example/shop.git', revision: HEAD, directories: [{path: apps/*}]}\n";

fn bench() -> Workbench {
    Workbench::with([("apps/web/a.yaml", ""), ("apps/db/a.yaml", ""), ("other/a.yaml", "")])
}

/// The argument that puts the repository in place of its address.
fn mapping(bench: &Workbench) -> String {
    format!("--repo-path=https://git.example/shop={}", bench.repository.path().display())
}

#[test]
fn applications_are_made_of_the_folders_of_a_repository() {
    let bench = bench();
    fs::write(bench.path().join("set.yaml"), set("shop", DIRECTORIES, "")).unwrap();
    let mapping = mapping(&bench);
    let run = |more: &[&str]| bench.run(["appset", "generate", "set.yaml", &mapping].iter().chain(more));
    assert_eq!(run(&["-o", "name"]).exits(0).stdout, "argocd/db\nargocd/web\n");
    let json = run(&["-o", "json"]).exits(0).json();
    assert_eq!(json[1]["spec"]["source"]["path"], "apps/web");
    assert_eq!(json[1]["metadata"]["finalizers"][0], "resources-finalizer.argocd.argoproj.io");
    run(&[]).exits(0).says("kind: Application\n").says("\n---\napiVersion:").says("path: apps/web\n");
    run(&["-o", "table"]).exits(0).says("NAME").says("apps/db");
    assert!(!bench.data().join("cluster.db").exists(), "an expansion needs no cluster");
}

#[test]
fn what_cannot_be_made_is_said_and_leaves_the_rest() {
    let bench = bench();
    let clusters = "  - clusters: {}\n";
    let unknown = "  - git: {repoURL: 'https://git.example/shop.git', revision: nope, directories: [{path: apps/*}]}\n";
    fs::write(bench.path().join("set.yaml"), set("shop", &format!("{DIRECTORIES}{clusters}{unknown}"), "")).unwrap();
    let run = bench.run(["appset", "generate", "set.yaml", "-o", "name", &mapping(&bench)]).exits(1);
    assert_eq!(run.stdout, "argocd/db\nargocd/web\n");
    run.says("spec.generators[1]: the clusters cannot be listed: no clusters are given").says("spec.generators[2]");
    bench.run(["appset", "generate", "none.yaml"]).exits(2).says("none.yaml");
    fs::write(bench.path().join("other.yaml"), "kind: ConfigMap\n").unwrap();
    bench.run(["appset", "generate", "other.yaml"]).exits(2).says("defines no ApplicationSet");
    bench.run(["appset", "generate", "set.yaml", "--repo-path", "x"]).exits(2).says("expected an address");
}

#[test]
fn clusters_come_from_a_file_and_their_credentials_stay_there() {
    let bench = bench();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: one\n  namespace: argocd\n  labels: \
                  {argocd.argoproj.io/secret-type: cluster, env: prod}\nstringData: {name: one, server: 'https://one', config: \
                  canary}\n";
    fs::write(bench.path().join("clusters.yaml"), secret).unwrap();
    let generators = "  - matrix:\n      generators:\n      - clusters: {selector: {matchLabels: {env: prod}}}\n      - git: \
                      {repoURL: 'https://git.example/shop.git', revision: HEAD, directories: [{path: apps/w*}]}\n";
    let text = set("shop", generators, "").replace("https://kubernetes.default.svc", "{{ .server }}");
    fs::write(bench.path().join("set.yaml"), text).unwrap();
    let run = bench.run(["appset", "generate", "set.yaml", "--clusters", "clusters.yaml", &mapping(&bench)]).exits(0);
    let run = run.says("server: https://one\n");
    assert!(!run.stdout.contains("canary") && !run.stderr.contains("canary"));
}

#[test]
fn the_difference_to_the_cluster_is_shown() {
    let bench = bench();
    fs::write(bench.path().join("set.yaml"), set("shop", DIRECTORIES, "")).unwrap();
    let mapping = mapping(&bench);
    let diff = |file: &str| bench.run(["appset", "diff", file, &mapping]);
    diff("set.yaml").exits(1).says("argoproj.io/Application").says("web");
    let json = bench.run(["appset", "diff", "set.yaml", "-o", "json", &mapping]).exits(1).stdout;
    assert!(json.contains("\"db\""), "{json}");
    for name in ["web", "db"] {
        let one = bench.run(["appset", "generate", "set.yaml", "-o", "json", &mapping]).json();
        let one = one.as_array().unwrap().iter().find(|one| one["metadata"]["name"] == name).unwrap().clone();
        fs::write(bench.path().join("one.yaml"), one.to_string()).unwrap();
        bench.run(["app", "create", "-f", "one.yaml"]).exits(0);
    }
    diff("set.yaml").exits(0);
    let patch = "  templatePatch: |\n    metadata: {labels: {team: a}}\n";
    fs::write(bench.path().join("patched.yaml"), set("shop", DIRECTORIES, patch)).unwrap();
    diff("patched.yaml").exits(1).says("+").says("team: a");
}
