//! What every backend behind `Cluster` does. The functions know nothing of the backend but the seam: they work in a
//! namespace that they are given, wait rather than expect at once, and leave other objects alone.

#![expect(clippy::unwrap_used, reason = "a suite of tests")]

mod collection;
mod custom;
mod objects;
mod watches;
mod writes;

use std::future::Future;
use std::time::Duration;

use gitops_core::cluster::{Applied, Cluster, ClusterError, Delete, Deleted, Query, Verb, Write};
use gitops_core::{GroupVersionKind, Object, ObjectRef, Value};
use serde_json::json;

/// How long a backend may take for what it does by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs every case, each in a namespace of its own.
///
/// # Panics
/// Where the backend does otherwise.
pub async fn check(cluster: &dyn Cluster) {
    objects::all(cluster).await;
    writes::all(cluster).await;
    collection::all(cluster).await;
    custom::all(cluster).await;
    watches::all(cluster).await;
}

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

/// A fresh namespace.
async fn namespace(cluster: &dyn Cluster) -> String {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "suite-"}});
    create(cluster, body).await.unwrap().object.name().to_owned()
}

fn map(namespace: &str, name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data})
}

fn maps(namespace: &str) -> Query {
    Query::all(GroupVersionKind::from_api_version("v1", "ConfigMap")).in_namespace(namespace)
}

async fn create(cluster: &dyn Cluster, body: Value) -> Result<Applied, ClusterError> {
    cluster.write(Write::new(&object(body), Verb::Create, "suite")).await
}

async fn apply(cluster: &dyn Cluster, manager: &str, body: Value) -> Result<Applied, ClusterError> {
    cluster.write(Write::new(&object(body), Verb::Apply { force: false }, manager)).await
}

async fn patch(cluster: &dyn Cluster, body: Value) -> Result<Applied, ClusterError> {
    cluster.write(Write::new(&object(body), Verb::MergePatch, "suite")).await
}

async fn delete(cluster: &dyn Cluster, live: &Object) -> Result<Deleted, ClusterError> {
    let target = live.reference();
    cluster.delete(Delete::new(&target, live.uid().unwrap())).await
}

async fn get(cluster: &dyn Cluster, target: &ObjectRef) -> Option<Object> {
    cluster.get(target).await.unwrap()
}

/// Waits until something holds.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let started = std::time::Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_gone(cluster: &dyn Cluster, target: &ObjectRef) {
    until("the end of an object", || async { get(cluster, target).await.is_none() }).await;
}
