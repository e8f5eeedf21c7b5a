//! Argo CD's example Applications, from a real repository to the embedded cluster.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::workbench::{CREATE_NAMESPACE, Workbench};

/// Where the example Applications lie; none where they are not on this machine.
fn examples() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/real-apps");
    if folder.is_dir() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {}", folder.display());
    println!("skipped: no {}", folder.display());
    None
}

/// One example in a repository of its own, synced.
struct Example {
    bench: Workbench,
    folder: PathBuf,
}

impl Example {
    /// Syncs a folder, with the others that it needs; the sync says these words, one after the other.
    fn synced(name: &str, needs: &[&str], words: &[&str]) -> Option<Self> {
        let folder = examples()?;
        let mut bench = Workbench::new();
        for name in needs.iter().chain(&[name]) {
            bench.repository.copy_directory(&folder.join(name), name).unwrap();
        }
        let file = bench.application(name, CREATE_NAMESPACE);
        let run = bench.run(["sync", &file]).exits(0).says("Succeeded");
        let mut rest = run.stdout.as_str();
        for word in words {
            let told = rest.split_once(word);
            rest = told.unwrap_or_else(|| panic!("`{word}` does not come in its order: {}", run.stdout)).1;
        }
        let example = Self { bench, folder };
        example.has_nothing_to_do();
        Some(example)
    }

    #[track_caller]
    fn has_nothing_to_do(&self) {
        let before = self.bench.objects();
        self.bench.run(["diff", "web"]).exits(0);
        self.bench.run(["sync", "web"]).exits(0).says("nothing to do");
        let moved =
            |(id, version): &(&String, &String)| !id.contains("Application/") && before.get(*id) != Some(version);
        let after = self.bench.objects();
        assert_eq!(after.iter().filter(moved).collect::<Vec<_>>(), [], "the second sync writes no object");
    }

    /// A hand edit of a field shows, and the next sync reverts it.
    #[track_caller]
    fn reverts(&self, (api_version, kind, name): (&str, &str, &str), field: &[&str], value: Value) {
        let live = || self.bench.live(api_version, kind, name).unwrap().get(field).cloned();
        let before = live();
        let mut object =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}});
        let place = field.iter().fold(&mut object, |place, key| &mut place[*key]);
        *place = value.clone();
        self.bench.edit(object);
        assert_eq!(live(), Some(value));
        let path = field.join(".");
        self.bench.run(["diff", "web", "--exit-code"]).exits(1).says(&path).says("somebody");
        self.bench.run(["app", "get", "web", "--refresh"]).exits(0).says("OutOfSync");
        self.bench.run(["sync", "web"]).exits(0).says("drifted");
        assert_eq!(live(), before);
        self.has_nothing_to_do();
    }

    /// What Git no longer has is kept and reported, and pruned where that is asked for.
    #[track_caller]
    fn prunes(&self, (api_version, kind, name): (&str, &str, &str)) {
        let live = || self.bench.live(api_version, kind, name);
        self.bench.run(["sync", "web"]).exits(0).says(&format!("kept {kind}/shop/{name}"));
        assert!(live().is_some(), "nothing is pruned without prune");
        self.bench.run(["app", "get", "web"]).exits(0).says("OutOfSync");
        self.bench.run(["sync", "web", "--prune"]).exits(0).says("pruned");
        assert!(live().is_none());
        self.has_nothing_to_do();
    }

    /// Commits a file of the example with one text in place of another.
    fn change(&mut self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.folder.join(path)).unwrap();
        assert!(text.contains(from), "{text}");
        self.bench.repository.commit([(path, text.replace(from, to).as_str())]).unwrap();
    }
}

#[test]
fn guestbook() {
    let Some(mut example) = Example::synced("guestbook", &[], &[]) else { return };
    example.reverts(("apps/v1", "Deployment", "guestbook-ui"), &["spec", "replicas"], json!(7));
    example.bench.repository.remove(["guestbook/guestbook-ui-svc.yaml"]).unwrap();
    example.prunes(("v1", "Service", "guestbook-ui"));
    assert!(example.bench.live("apps/v1", "Deployment", "guestbook-ui").is_some());
}

#[test]
fn kustomize_guestbook() {
    let Some(mut example) = Example::synced("kustomize-guestbook", &[], &[]) else { return };
    example.reverts(("v1", "Service", "kustomize-guestbook-ui"), &["spec", "selector", "app"], json!("other"));
    example.change("kustomize-guestbook/kustomization.yaml", "- guestbook-ui-svc.yaml", "");
    example.prunes(("v1", "Service", "kustomize-guestbook-ui"));
}

#[test]
fn sync_waves() {
    let words =
        ["PreSync", "upgrade-sql-schema", "Sync wave 0", "backend", "wave 1", "maint-page-up", "wave 2", "frontend"];
    let Some(mut example) = Example::synced("sync-waves", &[], &words) else { return };
    example.reverts(("v1", "Service", "frontend"), &["spec", "selector", "tier"], json!("other"));
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: backend";
    example.change("sync-waves/manifests.yaml", service, &service.replace("backend", "moved"));
    example.prunes(("v1", "Service", "backend"));
}

#[test]
fn pre_post_sync() {
    let words = ["PreSync", "before", "Sync wave 0", "guestbook", "PostSync", "after"];
    let Some(mut example) = Example::synced("pre-post-sync", &["kustomize-guestbook"], &words) else { return };
    let name = "pre-post-sync-kustomize-guestbook-ui";
    example.reverts(("apps/v1", "Deployment", name), &["spec", "revisionHistoryLimit"], json!(9));
    example.change("kustomize-guestbook/kustomization.yaml", "- guestbook-ui-svc.yaml", "");
    example.prunes(("v1", "Service", name));
}

#[test]
fn sock_shop() {
    let Some(mut example) = Example::synced("sock-shop", &[], &[]) else { return };
    example.reverts(("apps/v1", "Deployment", "front-end"), &["spec", "replicas"], json!(4));
    example.change("sock-shop/kustomization.yaml", "  - base/orders-db-svc.yaml\n", "");
    example.bench.repository.remove(["sock-shop/base/orders-db-svc.yaml"]).unwrap();
    example.prunes(("v1", "Service", "orders-db"));
}

#[test]
fn jsonnet_guestbook() {
    let Some(mut example) = Example::synced("jsonnet-guestbook", &[], &[]) else { return };
    let name = "jsonnet-guestbook-ui";
    example.reverts(("apps/v1", "Deployment", name), &["spec", "replicas"], json!(5));
    let service = "\"kind\": \"Service\",\n      \"metadata\": {\n         \"name\": ";
    let moved = format!("{service}\"moved-\" + ");
    example.change("jsonnet-guestbook/guestbook-ui.jsonnet", service, &moved);
    example.prunes(("v1", "Service", name));
}

#[test]
fn helm_guestbook() {
    let Some(mut example) = Example::synced("helm-guestbook", &[], &[]) else { return };
    let name = "web-helm-guestbook";
    example.reverts(("apps/v1", "Deployment", name), &["spec", "revisionHistoryLimit"], json!(9));
    example.bench.repository.remove(["helm-guestbook/templates/service.yaml"]).unwrap();
    example.prunes(("v1", "Service", name));
}

#[test]
fn helm_hooks() {
    let words =
        ["PreSync", "upgrade-sql-schema", "maint-page-up", "Sync wave 0", "frontend", "PostSync", "maint-page-down"];
    let Some(example) = Example::synced("helm-hooks", &[], &words) else { return };
    example.reverts(("apps/v1", "ReplicaSet", "frontend"), &["spec", "replicas"], json!(4));
}

/// The chart that the example asks for, at its version, from a repository on this machine that an AppProject allows.
#[test]
fn helm_dependency() {
    let Some(folder) = examples() else { return };
    let mut bench = Workbench::new();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-{{ .Chart.Name }}}\ndata: {tag: {{ \
                    .Values.image.tag }}}\n";
    let chart = "apiVersion: v1\nname: wordpress\nversion: 9.0.3\n";
    let files = [("Chart.yaml", chart.as_bytes()), ("templates/config.yaml", template.as_bytes())];
    let mut charts = gitops_fixtures::ChartRepository::new().unwrap();
    charts.add("wordpress", "9.0.3", &gitops_core::tree::pack("wordpress", files).unwrap());
    bench.repository.copy_directory(&folder.join("helm-dependency"), "helm-dependency").unwrap();
    let text = fs::read_to_string(folder.join("helm-dependency/Chart.yaml")).unwrap();
    let text = text.replace("https://charts.helm.sh/stable", &charts.url());
    bench.repository.commit([("helm-dependency/Chart.yaml", text.as_str())]).unwrap();
    let file = bench.application("helm-dependency", CREATE_NAMESPACE);
    let run = bench.run(["sync", &file]).says("sourceRepos");
    assert_ne!(run.code, 0, "{run:?}");
    bench.edit(json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": "argocd"},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }));
    bench.run(["sync", &file]).exits(0).says("Succeeded");
    let live = bench.live("v1", "ConfigMap", "web-wordpress").unwrap();
    assert_eq!(live.text(&["data", "tag"]), Some("invalid"));
}
