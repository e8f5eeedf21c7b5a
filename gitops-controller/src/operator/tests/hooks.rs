//! Hooks of syncs and of deletions.

use std::time::Duration;

use gitops_core::api::Application;
use gitops_core::cluster::{Delete, Verb, Write};
use gitops_core::{Object, ObjectId};
use serde_json::json;

use super::{Bench, settings};

#[tokio::test(flavor = "multi_thread")]
async fn hooks_of_a_deletion_hold_an_application_until_they_have_run() {
    let mut bench = Bench::new().await;
    bench.has(Some("blue")).await;
    let hook = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bye\n  annotations: {argocd.argoproj.io/hook: PostDelete, argocd.argoproj.io/hook-delete-policy: HookFailed}\n";
    bench.repository.commit([("app/hook.yaml", hook), ("app/settings.yaml", settings("green").as_str())]).unwrap();
    let post = ["post-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io/cleanup"];
    let held = |application: &Application| post.iter().all(|one| application.metadata.has_finalizer(one));
    bench.until("held by its hook", held).await;
    bench.has(Some("green")).await;
    assert!(!bench.is_there("bye").await);
    // Without the finalizer of its resources these stay, and the hook runs all the same.
    bench.patch(json!({"finalizers": post})).await;
    bench.delete().await;
    let reference = ObjectId::new("argoproj.io", "Application", Some("argocd"), "web").at_version("v1alpha1");
    for _ in 0..1_500 {
        if bench.cluster.get(&reference).await.unwrap().is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(bench.cluster.get(&reference).await.unwrap().is_none());
    assert!(bench.is_there("bye").await && bench.is_there("settings").await);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_are_there_are_listed_for_as_long_as_they_are() {
    let mut bench = Bench::new().await;
    let hook = |name: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  {name}: note\n  annotations: {{argocd.argoproj.io/hook: PreSync}}\n"
        )
    };
    let (named, made, red) = (hook("name"), hook("generateName"), settings("red"));
    // Hooks alone are nothing to sync for, so they would never run where the first commit was synced already.
    let with =
        [("app/named.yaml", named.as_str()), ("app/made.yaml", made.as_str()), ("app/settings.yaml", red.as_str())];
    bench.repository.commit(with).unwrap();
    let listed = |application: &Application| {
        let resources = application.status.iter().flat_map(|status| status.resources.iter().flatten()).cloned();
        let hooks = resources.filter(|one| one.is_hook() && one.status.is_none());
        hooks.map(|one| (one.name.unwrap_or_default(), one.requires_pruning)).collect::<Vec<_>>()
    };
    let both = |application: &Application| matches!(&listed(application)[..], [(named, Some(true)), (made, None)] if named == "note" && made.starts_with("note"));
    bench.until("listed", both).await;
    let synced = |application: &Application| {
        let status = application.status.as_ref().and_then(|status| status.sync.as_ref());
        status.is_some_and(|sync| sync.status.as_str() == "Synced")
    };
    // What the sources have no more is there all the same, and nothing to be put right.
    let green = settings("green");
    let without = [("app/named.yaml", ""), ("app/made.yaml", ""), ("app/settings.yaml", green.as_str())];
    bench.repository.commit(without).unwrap();
    bench.has(Some("green")).await;
    bench.until("listed and synced", |application| both(application) && synced(application)).await;
    let id = ObjectId::new("", "ConfigMap", Some("shop"), "note").at_version("v1");
    let left = bench.cluster.get(&id).await.unwrap().unwrap();
    let released = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note", "namespace": "shop", "finalizers": null},
    });
    bench
        .cluster
        .write(Write::new(&Object::from_value(released).unwrap(), Verb::MergePatch, "somebody"))
        .await
        .unwrap();
    bench.cluster.delete(Delete::new(&id, left.uid().unwrap())).await.unwrap();
    bench.until("not listed", |application| listed(application).len() == 1).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_are_gone_hold_nothing() {
    let mut bench = Bench::new().await;
    let hook = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bye\n  annotations: {argocd.argoproj.io/hook: PreDelete}\n";
    bench.repository.commit([("app/hook.yaml", hook)]).unwrap();
    let pre = "pre-delete-finalizer.argocd.argoproj.io";
    bench.until("held by its hook", |application| application.metadata.has_finalizer(pre)).await;
    bench.repository.commit([("app/hook.yaml", "")]).unwrap();
    bench.until("let go", |application| !application.metadata.has_finalizer(pre)).await;
    bench.delete().await;
    bench.has(None).await;
    assert!(!bench.is_there("bye").await);
    bench.end().await;
}
