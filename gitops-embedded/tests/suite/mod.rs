//! What every backend does, on the embedded cluster.

use std::time::Duration;

use gitops_embedded::{EmbeddedCluster, Options};
use gitops_fixtures::backend;

fn quick() -> Options {
    let mut options = Options::new();
    options.step = Duration::from_millis(10);
    options
}

#[tokio::test]
async fn it_holds_in_memory() {
    backend::check(&EmbeddedCluster::in_memory(&quick()).unwrap()).await;
}

#[tokio::test]
async fn it_holds_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    backend::check(&EmbeddedCluster::open(directory.path(), &quick()).unwrap()).await;
}

#[tokio::test]
async fn it_holds_without_simulated_workloads() {
    backend::check(&EmbeddedCluster::in_memory(&quick().without_controllers()).unwrap()).await;
}
