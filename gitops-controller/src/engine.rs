use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures::future::BoxFuture;
use gitops_apply::Timer;
use gitops_core::{Clock, Cluster, Timestamp};
use gitops_fetch::{Fetcher, MemoDirectory};
use gitops_git::{FetchOptions, RepositoryCache};
use gitops_merge::schema::Kinds;
use gitops_render::JsonnetEvaluator;
use gitops_render::helm::ChartCache;
use tokio::sync::Semaphore;

use crate::audit::Journal;
use crate::budget::RenderBudget;
use crate::clusters::{Clusters, KnownClusters};
use crate::conduct::Conduct;
use crate::credentials::RepositoryCredentials;
use crate::guard::Guard;
use crate::integrity::KeptRing;
use crate::keys::KeptKeys;
use crate::processors::processors;
use crate::project::Projects;

/// What the steps call on.
#[derive(Clone)]
#[non_exhaustive]
pub struct Engine {
    /// The cluster that Applications are kept in and deployed to.
    pub cluster: Arc<dyn Cluster>,
    /// Repositories that were fetched.
    pub repositories: Arc<RepositoryCache>,
    /// Who reads repositories that lie on this machine, which waits for nobody: few side by side, as each thread keeps memory of its own.
    pub(crate) readers: Arc<Semaphore>,
    /// How repositories are fetched.
    pub fetch: FetchOptions,
    /// Who gets what sources need from elsewhere; none where that is switched off.
    pub fetcher: Option<Fetcher>,
    /// Who to be for the servers of repositories and charts; none where everything is fetched as whoever runs this process.
    pub credentials: Option<RepositoryCredentials>,
    /// The clusters of Secrets that are deployed to; none where there is only the one that keeps the Applications.
    pub(crate) clusters: Option<Arc<KnownClusters>>,
    /// What every write passes first; nothing where this engine is the only one at work.
    pub(crate) guard: Option<Guard>,
    /// Who makes clusters of Secrets; without one, Applications are deployed to the cluster that keeps them only.
    pub maker: Option<Arc<dyn Clusters>>,
    /// Where results of renders are kept; none where each is made anew.
    pub memo: Option<MemoDirectory>,
    /// What this build of the engine is called: results of another one are not used.
    pub build: String,
    /// Who evaluates Jsonnet; none where it is switched off.
    pub jsonnet: Option<Arc<dyn JsonnetEvaluator>>,
    /// What the render of an Application may cost.
    pub budget: RenderBudget,
    /// Who makes the private keys and certificates that charts ask for.
    pub keys: Arc<KeptKeys>,
    /// Charts that were read.
    pub charts: ChartCache,
    /// Types of fields, by which objects are compared.
    pub kinds: Arc<Kinds>,
    /// How plans are carried out.
    pub conduct: Conduct,
    /// Keys by which commits are verified, where a project asks for it.
    pub(crate) rings: Arc<KeptRing>,
    /// Where AppProjects are.
    pub projects: Projects,
    /// The audit trail.
    pub journal: Arc<dyn Journal>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Sleeping.
    pub timer: Arc<dyn Timer>,
}

impl Engine {
    /// An engine on the machine's clock and tokio's timer, without Jsonnet, anything from elsewhere, and a memo.
    pub fn new(
        cluster: Arc<dyn Cluster>,
        repositories: RepositoryCache,
        kinds: Arc<Kinds>,
        journal: Arc<dyn Journal>,
    ) -> Self {
        Self {
            cluster,
            repositories: Arc::new(repositories),
            readers: Arc::new(Semaphore::new(processors())),
            fetch: FetchOptions::new().ssh_from_environment(),
            fetcher: None,
            credentials: None,
            clusters: None,
            guard: None,
            maker: None,
            memo: None,
            charts: ChartCache::default(),
            build: Self::build(),
            jsonnet: None,
            budget: RenderBudget::default(),
            keys: Arc::default(),
            kinds,
            conduct: Conduct::default(),
            rings: Arc::default(),
            projects: Projects::default(),
            journal,
            clock: Arc::new(Timestamp::now),
            timer: Arc::new(TokioTimer),
        }
    }

    /// The version, and what tells two programs of one version apart: their size, and when they were made.
    pub fn build() -> String {
        let version = env!("CARGO_PKG_VERSION");
        let made = std::env::current_exe().and_then(std::fs::metadata).ok().map(|meta| {
            let since = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            format!("+{}.{}", meta.len(), since.as_nanos())
        });
        format!("{version}{}", made.unwrap_or_default())
    }

    /// With a folder for what is fetched from elsewhere and for results of renders.
    #[must_use]
    pub fn with_folder(mut self, folder: &Path) -> Self {
        let fetcher = Fetcher::new(folder).with_repositories(Arc::clone(&self.repositories));
        self.fetcher = Some(fetcher.with_options(self.fetch.clone()));
        self.memo = Some(MemoDirectory::new(folder.join("memo")));
        self
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
