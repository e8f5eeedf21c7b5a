//! Changes of the settings of the control plane.

use std::time::Duration;

use gitops_core::cluster::{Delete, Verb, Write};
use gitops_core::{Object, ObjectId};
use gitops_fixtures::{GitBehaviour, GitServer};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Bench;

/// For so long nothing more may happen.
const QUIET: Duration = Duration::from_millis(700);

impl Bench {
    /// How often something was counted, whatever its labels.
    pub(super) fn counted(&self, name: &str) -> u64 {
        let text = self.metrics.text();
        let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    fn looks(&self) -> u64 {
        self.counted("argocd_app_reconcile_count")
    }

    /// Waits until nothing is looked at any more; how many looks there were, and questions to repositories.
    pub(super) async fn settled(&self) -> (u64, u64) {
        loop {
            let before = self.looks();
            tokio::time::sleep(QUIET).await;
            if before == self.looks() {
                return (before, self.counted("argocd_git_request_total"));
            }
        }
    }

    /// Lets the Application have its repository from a server, which is asked.
    async fn serve(&self) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(self.repository.path().join(".git"), root.path().join("x.git")).unwrap();
        let server = GitServer::start(root.path(), GitBehaviour::default()).unwrap();
        let source = json!({"source": {"repoURL": server.url("x.git")}});
        let patch = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "web", "namespace": "argocd"},
            "spec": source,
        });
        let patch = Object::from_value(patch).unwrap();
        self.cluster.write(Write::new(&patch, Verb::MergePatch, "somebody")).await.unwrap();
        root
    }

    pub(super) async fn set(&self, data: Value) {
        let metadata = json!({"name": "argocd-cm", "namespace": "argocd"});
        self.write(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_settings_is_looked_at_once_and_asks_no_repository() {
    let bench = Bench::polling(SignedDuration::from_hours(1)).await;
    bench.has(Some("blue")).await;
    let _served = bench.serve().await;
    let (looks, questions) = bench.settled().await;
    assert!(questions > 0, "the repository was asked");
    bench.set(json!({"url": "https://a.example"})).await;
    assert_eq!(bench.settled().await, (looks, questions), "nobody reads that");
    let rule = "resource.customizations.ignoreDifferences.ConfigMap";
    let ignored = json!({"url": "https://b.example", rule: "jsonPointers: [/data/colour]"});
    bench.set(ignored.clone()).await;
    assert_eq!(bench.settled().await, (looks + 1, questions), "a rule");
    bench.set(ignored).await;
    assert_eq!(bench.settled().await, (looks + 1, questions), "the same again");
    bench.edit("red").await;
    let (looks, _) = bench.settled().await;
    assert_eq!(bench.colour().await.as_deref(), Some("red"), "it does not count");

    let id = ObjectId::new("", "ConfigMap", Some("argocd"), "argocd-cm").at_version("v1");
    let live = bench.cluster.get(&id).await.unwrap().unwrap();
    bench.cluster.delete(Delete::new(&id, live.uid().unwrap())).await.unwrap();
    bench.has(Some("blue")).await;
    let (after, asked) = bench.settled().await;
    assert!(after > looks, "{after} looks after {looks}");
    assert_eq!(asked, questions);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_what_is_ignored_is_not_looked_at() {
    let bench = Bench::polling(SignedDuration::from_hours(1)).await;
    bench.has(Some("blue")).await;
    let rule = |kind: &str| format!("resource.customizations.{kind}.ConfigMap");
    let note = async |text: &str| {
        let metadata = json!({"name": "settings", "namespace": "shop"});
        bench
            .write(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"note": text}}))
            .await;
    };
    let mut known = bench.settled().await.0;
    let mut more = async || {
        let now = bench.settled().await.0;
        now - std::mem::replace(&mut known, now)
    };
    note("a").await;
    assert!(more().await > 0, "every field counts");

    bench.set(json!({rule("ignoreResourceUpdates"): "jsonPointers: [/data/note]"})).await;
    assert_eq!(more().await, 1, "the settings");
    // It was last seen by other rules.
    note("b").await;
    more().await;
    note("c").await;
    assert_eq!(more().await, 0);
    bench.edit("red").await;
    bench.has(Some("blue")).await;
    assert!(more().await > 0, "another field");

    let differences = json!({rule("ignoreDifferences"): "jqPathExpressions: [.data.note]"});
    bench.set(differences.clone()).await;
    note("d").await;
    more().await;
    note("e").await;
    assert_eq!(more().await, 0, "what is no difference is no change");
    let mut apart = differences;
    apart["resource.compareoptions"] = "ignoreDifferencesOnResourceUpdates: false".into();
    bench.set(apart).await;
    note("f").await;
    more().await;
    note("g").await;
    assert!(more().await > 0, "but where the settings say so");
    bench.end().await;
}
