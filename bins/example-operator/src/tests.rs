use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use super::*;

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
";

const CONFIG: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: colours}, data: {sky: blue}}";

async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    for _ in 0..200 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came: {what}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_kept_as_it_says() {
    let cluster = EmbeddedCluster::in_memory(&Options::new()).unwrap();
    let client = Client::new(cluster.clone(), "default");
    tokio::spawn(run(cluster));
    let sites: Api<Site> = Api::namespaced(client.clone(), "default");
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "default");
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    let files =
        BTreeMap::from([("web.yaml".to_owned(), DEPLOYMENT.to_owned()), ("map.yaml".to_owned(), CONFIG.to_owned())]);
    let site = Site::new("shop", SiteSpec { files });
    eventually("the kind is served", || async { sites.create(&PostParams::default(), &site).await.ok() }).await;

    let ready = |deployment: Deployment| deployment.status.and_then(|status| status.ready_replicas) == Some(2);
    eventually("the Deployment is ready", || async {
        deployments.get_opt("web").await.unwrap().filter(|one| ready(one.clone()))
    })
    .await;
    eventually("the ConfigMap", || async { maps.get_opt("colours").await.unwrap() }).await;

    // A file that leaves the site is pruned.
    let fewer = json!({"spec": {"files": {"map.yaml": null}}});
    sites.patch("shop", &PatchParams::default(), &Patch::Merge(fewer)).await.unwrap();
    eventually("the ConfigMap is gone", || async { maps.get_opt("colours").await.unwrap().is_none().then_some(()) })
        .await;
    assert!(deployments.get_opt("web").await.unwrap().is_some());
}

#[test]
fn it_stays_short() {
    let lines = include_str!("main.rs").lines().count();
    assert!(lines <= 100, "{lines} lines");
}
