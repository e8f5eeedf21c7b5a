//! What stands in the way is told by its cause and its object.

use gitops_core::cluster::{Cluster, ClusterError, Identity, Trouble, Verb, Write};
use gitops_core::{Object, ObjectId};
use gitops_fixtures::testbed::{Fault, Proxy};
use gitops_kube::{CallKind, Connection, KubeCluster};
use serde_json::{Value, json};

async fn create(cluster: &dyn Cluster, body: Value) -> Result<Object, ClusterError> {
    let object = Object::from_value(body).unwrap();
    cluster.write(Write::new(&object, Verb::Create, "tests")).await.map(|applied| applied.object)
}

async fn apply(cluster: &dyn Cluster, manager: &str, body: Value) -> Result<Object, ClusterError> {
    let object = Object::from_value(body).unwrap();
    cluster.write(Write::new(&object, Verb::Apply { force: false }, manager)).await.map(|applied| applied.object)
}

async fn namespace(cluster: &dyn Cluster) -> String {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "failures-"}});
    create(cluster, body).await.unwrap().name().to_owned()
}

fn map(namespace: &str, name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"k": value}})
}

#[track_caller]
fn troubled(result: Result<Object, ClusterError>, trouble: Trouble, object: &str) -> ClusterError {
    let error = result.unwrap_err();
    assert_eq!(error.trouble(), Some(trouble), "{error:?}");
    assert_eq!(error.target.as_deref(), Some(object), "{error}");
    error
}

#[tokio::test]
async fn each_has_its_cause_and_object() {
    let Some((plane, cluster)) = crate::real().await else { return };
    let space = namespace(&cluster).await;
    let at = |name: &str| format!("ConfigMap/{space}/{name}");

    let nobody = cluster.acting_as(&Identity::service_account(&space, "nobody")).unwrap();
    let error = troubled(create(nobody.as_ref(), map(&space, "a", "1")).await, Trouble::NotPermitted, &at("a"));
    assert!(error.message.contains("cannot create resource \"configmaps\""), "{error}");

    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few", "namespace": space}, "spec": {"hard": {"count/configmaps": "0"}}});
    create(&cluster, quota).await.unwrap();
    if plane.assets().has_controllers() {
        // The quota counts once its controller has seen it.
        for _ in 0..100 {
            if create(&cluster, map(&space, "over", "1")).await.is_err() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        troubled(create(&cluster, map(&space, "more", "1")).await, Trouble::QuotaExceeded, &at("more"));
    }

    let space = namespace(&cluster).await;
    let at = |name: &str| format!("ConfigMap/{space}/{name}");
    let mut fixed = map(&space, "fixed", "1");
    fixed["immutable"] = json!(true);
    apply(&cluster, "tests", fixed.clone()).await.unwrap();
    fixed["data"]["k"] = json!("2");
    let error = troubled(apply(&cluster, "tests", fixed).await, Trouble::ImmutableField, &at("fixed"));
    assert!(error.causes.iter().any(|cause| cause.field == "data"), "{error:?}");

    let unknown = json!({"apiVersion": "nobody.example.com/v1", "kind": "Nothing", "metadata": {"name": "a", "namespace": space}});
    let error = create(&cluster, unknown).await.unwrap_err();
    assert_eq!(error.trouble(), Some(Trouble::KindMissing), "{error:?}");

    apply(&cluster, "one", map(&space, "shared", "1")).await.unwrap();
    let error =
        troubled(apply(&cluster, "other", map(&space, "shared", "2")).await, Trouble::OwnedByOthers, &at("shared"));
    assert!(
        error.causes.iter().any(|cause| cause.field == ".data.k" && cause.message.contains("\"one\"")),
        "{error:?}"
    );

    let missing = map("there-is-none", "a", "1");
    troubled(create(&cluster, missing).await, Trouble::NamespaceMissing, "ConfigMap/there-is-none/a");

    if plane.assets().has_controllers() {
        let mut held = map(&space, "held", "1");
        held["metadata"]["finalizers"] = json!(["example.com/hold"]);
        create(&cluster, held).await.unwrap();
        plane.kubectl(&["delete", "namespace", &space, "--wait=false"]).unwrap();
        troubled(create(&cluster, map(&space, "late", "1")).await, Trouble::NamespaceTerminating, &at("late"));
        plane
            .kubectl(&[
                "patch",
                "configmap",
                "held",
                "-n",
                &space,
                "--type=merge",
                "-p",
                r#"{"metadata":{"finalizers":null}}"#,
            ])
            .unwrap();
    }
}

#[tokio::test]
async fn an_api_server_that_is_gone_is_said_to_be() {
    let Some((plane, _)) = crate::real().await else { return };
    let proxy = Proxy::start(plane, |_, _| Fault::Refuse).unwrap();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("kubeconfig");
    proxy.write_kubeconfig(plane, &file).unwrap();
    let cluster = KubeCluster::connect(&Connection::from_kubeconfig(Some(&file), None).await.unwrap()).unwrap();
    let error = cluster.info().await.unwrap_err();
    assert_eq!(error.trouble(), Some(Trouble::Unreachable), "{error:?}");
    drop(proxy);
    let error = cluster.info().await.unwrap_err();
    assert_eq!(error.trouble(), Some(Trouble::Unreachable), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_listing() {
    let Some((plane, _)) = crate::real().await else { return };
    let proxy = Proxy::start(plane, |_, line| if line.contains("/configmaps") { Fault::Truncate } else { Fault::None });
    let proxy = proxy.unwrap();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("kubeconfig");
    proxy.write_kubeconfig(plane, &file).unwrap();
    let cluster = KubeCluster::connect(&Connection::from_kubeconfig(Some(&file), None).await.unwrap()).unwrap();
    let maps = gitops_core::cluster::Query::all(gitops_core::GroupVersionKind::from_api_version("v1", "ConfigMap"));
    let error = cluster.list(&maps).await.unwrap_err();
    assert_eq!(error.trouble(), Some(Trouble::Unreachable), "{error:?}");
}

#[tokio::test]
async fn calls_are_counted_by_object_and_made_for_others() {
    let Some((plane, cluster)) = crate::real().await else { return };
    let space = namespace(&cluster).await;
    let id = ObjectId::new("", "ConfigMap", Some(&space), "a");
    plane.kubectl(&["create", "serviceaccount", "deployer", "-n", &space]).unwrap();
    let account = format!("--serviceaccount={space}:deployer");
    plane.kubectl(&["create", "rolebinding", "deployer", "--clusterrole=edit", &account, "-n", &space]).unwrap();
    let tenant = cluster.acting_as(&Identity::service_account(&space, "deployer")).unwrap();
    create(tenant.as_ref(), map(&space, "a", "1")).await.unwrap();
    assert!(tenant.get(&id.at_version("v1")).await.unwrap().is_some());
    assert_eq!((cluster.counts().to(&id, CallKind::Write), cluster.counts().to(&id, CallKind::Get)), (1, 1));
    let audit = plane.audit().unwrap();
    let calls: Vec<&Value> = audit
        .iter()
        .filter(|call| {
            call["objectRef"]["namespace"] == space.as_str()
                && call["objectRef"]["resource"] == "configmaps"
                && call["objectRef"]["name"] == "a"
        })
        .collect();
    assert_eq!(calls.len(), 2);
    let tenant = format!("system:serviceaccount:{space}:deployer");
    assert!(calls.iter().all(|call| call["impersonatedUser"]["username"] == tenant.as_str()), "{calls:?}");
}
