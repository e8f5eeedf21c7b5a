mod history;
mod stand_ins;
mod workloads;

use std::sync::Arc;

use gitops_core::cluster::{Applied, Cluster, ClusterError, Verb, Write};
use gitops_core::{Object, Timestamp, Value};
use gitops_embedded::{EmbeddedCluster, Options};

/// A cluster in memory whose time stands still but for what a test lets pass.
pub(crate) fn still() -> EmbeddedCluster {
    let clock = Arc::new(|| "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
    EmbeddedCluster::in_memory(&Options::new().manual(clock)).unwrap()
}

pub(crate) fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

pub(crate) async fn apply(cluster: &dyn Cluster, value: Value) -> Result<Applied, ClusterError> {
    cluster.write(Write::new(&object(value), Verb::Apply { force: false }, "me")).await
}
