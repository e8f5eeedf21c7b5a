//! What every backend does, on a real API server.

use gitops_fixtures::backend;

use crate::real;

#[tokio::test]
async fn it_holds_on_a_real_api_server() {
    let Some((plane, cluster)) = real().await else { return };
    if plane.assets().has_controllers() {
        backend::check(&cluster).await;
    }
}
