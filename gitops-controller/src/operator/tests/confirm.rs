//! Looks at Applications that are as they were found before.

use std::time::Duration;

use gitops_core::annotations::REFRESH;
use gitops_core::api::{AppProject, Application};
use gitops_core::cluster::{Verb, Write};
use gitops_core::{Object, Value};
use jiff::SignedDuration;
use serde_json::json;

use super::{Bench, settings};
use crate::project::Projects;

impl Bench {
    fn confirmed(&self) -> u64 {
        self.counted("gitops_looks_confirmed_total")
    }

    /// Asks for a refresh, and waits until it is answered and nothing more follows; whether it compared nothing.
    async fn is_confirmed(&self, refresh: &str) -> bool {
        let before = self.confirmed();
        self.patch(json!({"annotations": {REFRESH: refresh}})).await;
        self.until("answered", |application| application.metadata.annotation(REFRESH).is_none()).await;
        self.settled().await;
        self.confirmed() > before
    }

    async fn revision(&self) -> String {
        self.application().await.status.unwrap().sync.unwrap().revision.unwrap()
    }

    async fn merge(&self, part: Value) {
        let mut patch = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "web", "namespace": "argocd"},
        });
        patch.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        let patch = Object::from_value(patch).unwrap();
        self.cluster.write(Write::new(&patch, Verb::MergePatch, "somebody")).await.unwrap();
    }

    /// Waits until refreshes are confirmed.
    async fn stands(&self) {
        for _ in 0..10 {
            if self.is_confirmed("normal").await {
                return;
            }
        }
        panic!("it never stood: {:?}", self.application().await);
    }
}

fn healthy(application: &Application) -> bool {
    let health = application.status.as_ref().and_then(|status| status.health.as_ref()?.status.as_ref());
    health.is_some_and(|health| health.as_str() == "Healthy")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_touches_another_path_is_noted_and_nothing_is_compared() {
    let mut bench = Bench::polling(SignedDuration::from_hours(1)).await;
    bench.has(Some("blue")).await;
    bench.stands().await;
    let (before, renders) = (bench.application().await, bench.counted("gitops_renders_total"));
    let commit = bench.repository.commit([("other/settings.yaml", "a: 1\n")]).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(bench.is_confirmed("normal").await);
    assert_eq!((bench.revision().await, bench.counted("gitops_renders_total")), (commit.id.to_string(), renders));
    let (after, mut expected) = (bench.application().await, before);
    let (new, status) = (after.status.as_ref().unwrap(), expected.status.as_mut().unwrap());
    assert!(new.reconciled_at > status.reconciled_at);
    status.reconciled_at = new.reconciled_at;
    status.sync.as_mut().unwrap().revision = Some(commit.id.to_string());
    assert_eq!(after.status, expected.status, "and nothing else of it changed");
    bench.repository.commit([("app/settings.yaml", settings("green").as_str())]).unwrap();
    assert!(!bench.is_confirmed("normal").await);
    bench.has(Some("green")).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_application_depends_on_is_compared_anew_where_it_changed() {
    let mut bench = Bench::polling(SignedDuration::from_hours(1)).await;
    bench.has(Some("blue")).await;
    bench.stands().await;
    assert!(!bench.is_confirmed("hard").await, "who asks so wants nothing that was remembered");
    bench.stands().await;

    bench.edit("red").await;
    bench.has(Some("blue")).await;
    bench.stands().await;
    // A field that nobody wants: the object is another one and still as it should be.
    bench.write(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}, "data": {"more": "x"}})).await;
    bench.settled().await;
    bench.stands().await;

    bench.merge(json!({"status": {"health": {"status": "Degraded"}}})).await;
    assert!(!bench.is_confirmed("normal").await, "somebody changed what it says");
    bench.until("said right", healthy).await;
    bench.stands().await;

    bench.merge(json!({"spec": {"source": {"path": "elsewhere"}}})).await;
    bench.settled().await;
    let conditions = bench.application().await.status.unwrap().conditions.unwrap_or_default();
    assert!(conditions.iter().any(|one| one.condition_type.as_str() == "ComparisonError"), "{conditions:?}");
    assert!(!bench.is_confirmed("normal").await);
    bench.merge(json!({"spec": {"source": {"path": "app"}}})).await;
    bench.settled().await;
    bench.stands().await;

    let restricted: AppProject = serde_json::from_value(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default", "namespace": "argocd"},
        "spec": {"sourceRepos": ["https://other.example/*"], "destinations": [{"server": "*", "namespace": "*"}]},
    }))
    .unwrap();
    Projects::default().apply(bench.cluster.as_ref(), &restricted).await.unwrap();
    bench.settled().await;
    let before = bench.confirmed();
    bench.patch(json!({"annotations": {REFRESH: "normal"}})).await;
    bench.settled().await;
    assert_eq!(bench.confirmed(), before, "its project allows it no more");
    bench.repository.commit([("app/settings.yaml", settings("green").as_str())]).unwrap();
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_not_confirmed() {
    let bench = Bench::polling(SignedDuration::from_hours(1)).await;
    bench.has(Some("blue")).await;
    bench.stands().await;
    // Nobody heals it, so that it stays as somebody left it.
    bench.merge(json!({"spec": {"syncPolicy": {"automated": {"selfHeal": false}}}})).await;
    bench.settled().await;
    bench.stands().await;
    let id = gitops_core::ObjectId::new("", "ConfigMap", Some("shop"), "settings").at_version("v1");
    let live = bench.cluster.get(&id).await.unwrap().unwrap();
    bench.cluster.delete(gitops_core::cluster::Delete::new(&id, live.uid().unwrap())).await.unwrap();
    bench.settled().await;
    assert!(!bench.is_confirmed("normal").await);
    assert_eq!(bench.application().await.status.unwrap().sync.unwrap().status.as_str(), "OutOfSync");
    assert!(!bench.is_confirmed("normal").await, "an Application that differs is compared each time");
    bench.end().await;
}
