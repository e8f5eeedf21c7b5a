//! `gitops preview`: what a range of commits would change.

use std::fs;

use gitops_fixtures::app_of_apps;

use crate::workbench::{Run, Workbench};

fn application(name: &str, source: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: \
         default\n  source: {{repoURL: ., {source}}}\n  destination: {{server: 'https://kubernetes.default.svc', namespace: shop}}\n"
    )
}

fn config(name: &str, colour: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{colour: {colour}}}\n")
}

/// A root over two Applications, a third that a tag holds, and a set; then a commit that changes one of them.
fn bench() -> Workbench {
    let mut bench = Workbench::new();
    let files = [
        ("root.yaml", application("root", "path: apps")),
        ("apps/web.yaml", application("web", "path: web, targetRevision: main")),
        ("apps/db.yaml", application("db", "path: db")),
        ("pinned.yaml", application("pinned", "path: web, targetRevision: v1")),
        (
            "apps/set.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all}\nspec: {generators: [{clusters: {}}]}\n".to_owned(),
        ),
        ("web/config.yaml", config("web", "blue")),
        ("db/config.yaml", config("db", "grey")),
        (
            "db/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: canary-one}\n".to_owned(),
        ),
    ];
    let first = bench.repository.commit(files.iter().map(|(path, text)| (*path, text.as_str()))).unwrap();
    bench.repository.tag("v1", first.id).unwrap();
    bench
}

fn preview(bench: &Workbench, more: &[&str]) -> Run {
    let repository = bench.repository.path().display().to_string();
    bench.run(["preview", "HEAD~1..HEAD", "--repository", &repository].iter().chain(more))
}

#[test]
fn a_change_shows_in_the_applications_that_it_touches() {
    let mut bench = bench();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: canary-two}\n";
    let (web, extra) = (config("web", "red"), config("extra", "new"));
    bench
        .repository
        .commit([("web/config.yaml", web.as_str()), ("web/extra.yaml", &extra), ("db/secret.yaml", secret)])
        .unwrap();
    let run = preview(&bench, &[]).exits(0);
    let words = "4 Applications: 2 changed, 0 added, 0 removed, 2 unchanged; 1 ApplicationSet was not fully expanded";
    let run = run.says(words).says("argocd/web (changed): 1 to create, 1 to update, 0 to delete");
    let run = run.says("--- base/ConfigMap/web").says("-blue\n+red\n").says("[secret, changed]");
    let run = run.says("apps/set.yaml:1: the ApplicationSet `all` was not fully expanded");
    assert!(!run.stdout.contains("canary") && !run.stdout.contains("argocd/pinned ("), "{}", run.stdout);
    preview(&bench, &["--exit-code"]).exits(1);
    let json = preview(&bench, &["-o", "json"]).exits(0).json();
    let renders = |name: &str| {
        let all = json["applications"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["renders"].clone()
    };
    assert_eq!((renders("web"), renders("pinned"), renders("root")), (2.into(), 1.into(), 1.into()));
    let markdown = preview(&bench, &["-o", "markdown"]).exits(0).stdout;
    assert!(markdown.contains("```diff\n") && markdown.contains("<details>"), "{markdown}");
    preview(&bench, &["-o", "html", "--out", "page.html"]).exits(0);
    let page = fs::read_to_string(bench.path().join("page.html")).unwrap();
    assert!(page.contains("argocd/web") && !page.contains("<script") && !page.contains("http://"), "{page}");
    assert!(!bench.data().join("cluster.db").exists(), "a preview needs no cluster");
    // What was remembered gives the same.
    assert_eq!(preview(&bench, &["-o", "json"]).exits(0).json(), json);
}

#[test]
fn applications_come_go_move_and_fail() {
    let mut bench = bench();
    let (moved, added) = (application("web", "path: db"), application("new", "path: web"));
    let changes = [
        ("apps/web.yaml", moved.as_str()),
        ("apps/new.yaml", &added),
        ("db/broken.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n"),
    ];
    bench.repository.commit(changes).unwrap();
    let run = preview(&bench, &[]).exits(2);
    let run = run.says("argocd/new (added): 1 to create").says("argocd/root (changed): 1 to create, 1 to update");
    run.says("argocd/db (failed)").says("does not render at head: cannot render `.`: db/broken.yaml:4");
    bench.repository.remove(["db/broken.yaml", "apps/db.yaml"]).unwrap();
    let run = preview(&bench, &["--exit-code"]);
    run.exits(1).says("argocd/db").says("does not render at base");
    bench.repository.remove(["apps/new.yaml"]).unwrap();
    preview(&bench, &[]).exits(0).says("argocd/new (removed): 0 to create, 0 to update, 1 to delete");
    preview(&bench, &["--path", "web"]).exits(0).says("0 Applications");
    let repository = bench.repository.path().display().to_string();
    bench.run(["preview", "nothing..HEAD", "--repository", &repository]).exits(2).says("`nothing` names no branch");
    bench.run(["preview", "a...b", "--repository", &repository]).exits(2).says("three dots");
}

#[test]
fn an_app_of_apps_of_charts_is_rendered_once_where_nothing_changes() {
    let mut bench = Workbench::new();
    let files = app_of_apps(20);
    bench.repository.commit(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))).unwrap();
    let values = files.iter().find(|(path, _)| path == "charts/app-0007/values.yaml").unwrap().1.clone();
    let changed = values.replace("nginx,", "caddy,");
    bench.repository.commit([("charts/app-0007/values.yaml", changed.as_str())]).unwrap();
    let run = preview(&bench, &["-o", "json"]).exits(0);
    let applications = run.json()["applications"].as_array().unwrap().clone();
    assert_eq!(applications.len(), 21);
    for one in applications {
        let touched = one["name"] == "app-0007";
        assert_eq!(one["renders"], if touched { 2 } else { 1 }, "{one}");
        assert_eq!(one["change"], if touched { "changed" } else { "same" }, "{one}");
    }
    preview(&bench, &[]).exits(0).says("-nginx:1.27\n+caddy:1.27\n");
}

#[test]
fn sets_are_expanded_at_both_commits() {
    let mut bench = Workbench::new();
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all}\nspec:\n  generators:\n  - git: \
               {repoURL: ., revision: HEAD, directories: [{path: services/*}]}\n  template:\n    metadata: {name: \
               '{{path.basename}}'}\n    spec:\n      project: default\n      source: {repoURL: ., path: '{{path}}'}\n      \
               destination: {name: in-cluster, namespace: shop}\n";
    let (web, db) = (config("web", "blue"), config("db", "grey"));
    bench.repository.commit([("sets/all.yaml", set), ("services/web/a.yaml", &web)]).unwrap();
    bench.repository.commit([("services/db/a.yaml", db.as_str())]).unwrap();
    let run = preview(&bench, &[]).exits(0);
    run.says("2 Applications: 0 changed, 1 added, 0 removed, 1 unchanged\n").says("argocd/db (added)");
}
