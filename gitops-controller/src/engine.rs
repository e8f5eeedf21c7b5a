use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use gitops_apply::Timer;
use gitops_core::{Clock, Cluster, Timestamp};
use gitops_git::{FetchOptions, RepositoryCache};
use gitops_merge::schema::Kinds;
use gitops_render::JsonnetEvaluator;

use crate::audit::Journal;

/// What the steps call on.
#[derive(Clone)]
#[non_exhaustive]
pub struct Engine {
    /// The cluster that Applications are kept in and deployed to.
    pub cluster: Arc<dyn Cluster>,
    /// Repositories that were fetched.
    pub repositories: Arc<RepositoryCache>,
    /// How repositories are fetched.
    pub fetch: FetchOptions,
    /// Who evaluates Jsonnet; none where it is switched off.
    pub jsonnet: Option<Arc<dyn JsonnetEvaluator>>,
    /// Types of fields, by which objects are compared.
    pub kinds: Arc<Kinds>,
    /// The audit trail.
    pub journal: Arc<dyn Journal>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Sleeping.
    pub timer: Arc<dyn Timer>,
}

impl Engine {
    /// An engine on the machine's clock and tokio's timer, without Jsonnet.
    pub fn new(
        cluster: Arc<dyn Cluster>,
        repositories: RepositoryCache,
        kinds: Arc<Kinds>,
        journal: Arc<dyn Journal>,
    ) -> Self {
        Self {
            cluster,
            repositories: Arc::new(repositories),
            fetch: FetchOptions::new().ssh_from_environment(),
            jsonnet: None,
            kinds,
            journal,
            clock: Arc::new(Timestamp::now),
            timer: Arc::new(TokioTimer),
        }
    }
}

/// Sleeps on tokio's timer, by the machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        let pause = moment.duration_since(Timestamp::now());
        Box::pin(tokio::time::sleep(Duration::try_from(pause).unwrap_or(Duration::ZERO)))
    }
}
