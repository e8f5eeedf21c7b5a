//! The Kubernetes backend on a real control plane. Without one (`KUBEBUILDER_ASSETS`) the tests say that they were skipped.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod cache;
mod differential;
mod failures;
mod suite;

use gitops_fixtures::testbed::{self, ControlPlane};
use gitops_kube::{Connection, KubeCluster};

/// The control plane and a client of its administrator.
async fn real() -> Option<(&'static ControlPlane, KubeCluster)> {
    let plane = testbed::shared()?;
    let connection = Connection::from_kubeconfig(Some(&plane.kubeconfig()), None).await.unwrap();
    Some((plane, KubeCluster::connect(&connection).unwrap()))
}
