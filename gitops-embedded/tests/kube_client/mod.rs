//! A kube-rs client on the cluster in this process.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use gitops_embedded::{EmbeddedCluster, Options};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{
    Api, DeleteParams, DynamicObject, EvictParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams,
    PropagationPolicy, WatchEvent, WatchParams,
};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, Discovery, ResourceExt as _};
use serde_json::json;

fn cluster() -> EmbeddedCluster {
    let mut options = Options::new();
    options.step = Duration::from_millis(10);
    EmbeddedCluster::in_memory(&options).unwrap()
}

fn client() -> Client {
    Client::new(cluster(), "default")
}

fn map(name: &str, value: &str) -> ConfigMap {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    ConfigMap { metadata, data: Some(BTreeMap::from([("k".to_owned(), value.to_owned())])), ..ConfigMap::default() }
}

fn value(map: &ConfigMap) -> &str {
    &map.data.as_ref().unwrap()["k"]
}

#[tokio::test]
async fn objects_are_written_and_read() {
    let maps: Api<ConfigMap> = Api::default_namespaced(client());
    let post = PostParams { field_manager: Some("tests".into()), ..PostParams::default() };
    let created = maps.create(&post, &map("a", "1")).await.unwrap();
    assert_eq!(created.managed_fields()[0].manager.as_deref(), Some("tests"));
    let mut changed = maps.get("a").await.unwrap();
    changed.data = map("a", "2").data;
    let replaced = maps.replace("a", &post, &changed).await.unwrap();
    assert_eq!(value(&replaced), "2");
    let stale = maps.replace("a", &post, &created).await.unwrap_err();
    assert!(matches!(&stale, kube::Error::Api(status) if status.is_conflict()), "{stale}");
    let forced = PatchParams::apply("other").force();
    let apply = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "3"}});
    let refused = maps.patch("a", &PatchParams::apply("other"), &Patch::Apply(&apply)).await.unwrap_err();
    assert!(matches!(&refused, kube::Error::Api(status) if status.is_conflict()), "{refused}");
    assert_eq!(value(&maps.patch("a", &forced, &Patch::Apply(&apply)).await.unwrap()), "3");
    let next = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "4"}});
    let dry = maps.patch("a", &forced.clone().dry_run(), &Patch::Apply(&next)).await.unwrap();
    assert_eq!(value(&dry), "4");
    assert_eq!(value(&maps.get("a").await.unwrap()), "3");
    let plain = PatchParams::default();
    assert_eq!(value(&maps.patch("a", &plain, &Patch::Merge(json!({"data": {"k": "5"}}))).await.unwrap()), "5");
    assert_eq!(value(&maps.patch("a", &plain, &Patch::Strategic(json!({"data": {"k": "6"}}))).await.unwrap()), "6");
    let operations = serde_json::from_value(json!([{"op": "replace", "path": "/data/k", "value": "7"}])).unwrap();
    assert_eq!(value(&maps.patch("a", &plain, &Patch::<()>::Json(operations)).await.unwrap()), "7");
    let deleted = maps.delete("a", &DeleteParams::default()).await.unwrap();
    assert!(deleted.is_right(), "a ConfigMap is answered by a status");
    assert!(maps.get_opt("a").await.unwrap().is_none());
    let missing = maps.get("a").await.unwrap_err();
    assert!(
        matches!(&missing, kube::Error::Api(status) if status.message == "configmaps \"a\" not found"),
        "{missing}"
    );
}

#[tokio::test]
async fn listings_have_pages_and_selectors() {
    let maps: Api<ConfigMap> = Api::default_namespaced(client());
    for number in 0..7 {
        let mut one = map(&format!("m{number}"), "1");
        one.labels_mut().insert("odd".into(), (number % 2 == 1).to_string());
        maps.create(&PostParams::default(), &one).await.unwrap();
    }
    let names = |list: kube::api::ObjectList<ConfigMap>| list.iter().map(|one| one.name_any()).collect::<Vec<_>>();
    let mut page = maps.list(&ListParams::default().limit(3)).await.unwrap();
    let mut seen = Vec::new();
    loop {
        let next = page.metadata.continue_.clone();
        seen.extend(names(page));
        let Some(next) = next.filter(|next| !next.is_empty()) else { break };
        page = maps.list(&ListParams::default().limit(3).continue_token(&next)).await.unwrap();
    }
    assert_eq!(seen, ["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
    let odd = maps.list(&ListParams::default().labels("odd in (true)")).await.unwrap();
    assert_eq!(names(odd), ["m1", "m3", "m5"]);
    let one = maps.list(&ListParams::default().fields("metadata.name=m2")).await.unwrap();
    assert_eq!(names(one), ["m2"]);
    let metadata = maps.list_metadata(&ListParams::default().labels("odd=false")).await.unwrap();
    assert_eq!(metadata.items.len(), 4);
    maps.delete_collection(&DeleteParams::default(), &ListParams::default().labels("odd=true")).await.unwrap();
    assert_eq!(maps.list(&ListParams::default()).await.unwrap().items.len(), 4);
}

#[tokio::test]
async fn watches_go_on_after_a_listing() {
    let maps: Api<ConfigMap> = Api::default_namespaced(client());
    maps.create(&PostParams::default(), &map("before", "1")).await.unwrap();
    let start = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let mut watch = maps.watch(&WatchParams::default().timeout(60), &start).await.unwrap().boxed();
    maps.create(&PostParams::default(), &map("a", "1")).await.unwrap();
    maps.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": "2"}}))).await.unwrap();
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    for expected in ["added", "modified", "deleted"] {
        let seen = match watch.try_next().await.unwrap().unwrap() {
            WatchEvent::Added(one) if one.name_any() == "a" => "added",
            WatchEvent::Modified(one) if value(&one) == "2" => "modified",
            WatchEvent::Deleted(one) if one.name_any() == "a" => "deleted",
            other => panic!("{other:?}"),
        };
        assert_eq!(seen, expected);
    }
    let old = maps.watch(&WatchParams::default(), "9999999").await.unwrap().boxed().try_next().await.unwrap();
    assert!(matches!(old, Some(WatchEvent::Error(status)) if status.code == 410));
    let mut short = maps.watch(&WatchParams::default().timeout(1), &start).await.unwrap().boxed();
    let ended = tokio::time::timeout(Duration::from_secs(20), async { while short.next().await.is_some() {} });
    ended.await.expect("a watch ends when its time is over");
}

#[tokio::test]
async fn watchers_and_controllers_of_kube_rs_work() {
    let client = client();
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    maps.create(&PostParams::default(), &map("first", "1")).await.unwrap();
    let modes = [watcher::Config::default(), watcher::Config::default().streaming_lists()];
    for (round, config) in modes.into_iter().enumerate() {
        let mut seen = watcher(maps.clone(), config).applied_objects().boxed();
        assert_eq!(seen.try_next().await.unwrap().unwrap().name_any(), "first");
        let name = format!("later-{round}");
        maps.create(&PostParams::default(), &map(&name, "1")).await.unwrap();
        let later = tokio::time::timeout(Duration::from_secs(10), seen.try_next()).await.unwrap();
        let later = later.unwrap().unwrap().name_any();
        assert_eq!(later, name);
        maps.delete(&name, &DeleteParams::default()).await.unwrap();
    }
}

#[tokio::test]
async fn workloads_become_ready_and_scale() {
    let client = client();
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let body = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    deployments.patch("web", &PatchParams::apply("tests"), &Patch::Apply(&body)).await.unwrap();
    let complete = conditions::is_deployment_completed();
    tokio::time::timeout(Duration::from_secs(20), await_condition(deployments.clone(), "web", complete))
        .await
        .unwrap()
        .unwrap();
    let scale = deployments.get_scale("web").await.unwrap();
    assert_eq!(scale.spec.unwrap().replicas, Some(2));
    assert_eq!(scale.status.unwrap().selector.as_deref(), Some("app=web"));
    deployments
        .patch_scale("web", &PatchParams::default(), &Patch::Merge(json!({"spec": {"replicas": 3}})))
        .await
        .unwrap();
    assert_eq!(deployments.get_status("web").await.unwrap().spec.unwrap().replicas, Some(3));
    let pods: Api<Pod> = Api::default_namespaced(client);
    let pod = pods.list(&ListParams::default().labels("app=web")).await.unwrap().items[0].name_any();
    pods.evict(&pod, &EvictParams::default()).await.unwrap();
    assert!(pods.get_opt(&pod).await.unwrap().is_none());
    let foreground =
        DeleteParams { propagation_policy: Some(PropagationPolicy::Foreground), ..DeleteParams::default() };
    deployments.delete("web", &foreground).await.unwrap();
    for _ in 0..500 {
        if pods.list(&ListParams::default()).await.unwrap().items.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the pods stayed");
}

#[tokio::test]
async fn everything_is_discovered_in_both_ways() {
    let client = client();
    assert_eq!(client.apiserver_version().await.unwrap().git_version, "v1.34.2");
    let plain = Discovery::new(client.clone()).run().await.unwrap();
    let aggregated = Discovery::new(client.clone()).run_aggregated().await.unwrap();
    for discovery in [plain, aggregated] {
        for (group, kind) in [("", "Pod"), ("apps", "Deployment"), ("argoproj.io", "Application")] {
            let group = discovery.groups().find(|known| known.name() == group).unwrap();
            let (resource, capabilities) = group.recommended_kind(kind).unwrap();
            assert!(capabilities.supports_operation("watch"));
            let objects: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            assert!(objects.list(&ListParams::default()).await.unwrap().items.is_empty());
        }
    }
}
