//! One cluster of a Secret: made once, and asked beside the work whether it can be reached.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gitops_core::Cluster;

use super::{ClusterDefinition, Clusters};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long after it could not be reached a cluster is asked again.
const PAUSE: Duration = Duration::from_secs(15);

/// Who is told that a cluster is another one than before, or can be reached or not, other than before.
pub(super) type Tell = Arc<dyn Fn(&ClusterDefinition) + Send + Sync>;

/// A cluster and how it is reached.
pub(crate) struct Link {
    pub(crate) definition: ClusterDefinition,
    maker: Arc<dyn Clusters>,
    tell: Tell,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cluster: Option<Arc<dyn Cluster>>,
    /// Why it cannot be reached, and when that was found out.
    down: Option<(String, Instant)>,
    is_up: bool,
    is_asked: bool,
}

/// What is known of a cluster.
pub(super) enum Reach {
    /// It answered.
    Up(Arc<dyn Cluster>),
    /// It did not, for this reason.
    Down(String),
    /// It was not asked before, and is asked now.
    Asked,
}

impl Link {
    pub(super) fn new(definition: ClusterDefinition, maker: Arc<dyn Clusters>, tell: Tell) -> Arc<Self> {
        Arc::new(Self { definition, maker, tell, state: Mutex::default() })
    }

    /// What tells this link from one of another Secret, or of the same in another version.
    pub(crate) fn identity(&self) -> &str {
        &self.definition.identity
    }

    /// What is known; where that is nothing good, the cluster is asked meanwhile. On a tokio runtime.
    pub(super) fn reach(self: &Arc<Self>) -> Reach {
        let mut state = self.state();
        if let Some(cluster) = state.cluster.as_ref().filter(|_| state.is_up) {
            return Reach::Up(Arc::clone(cluster));
        }
        let rested = state.down.as_ref().is_none_or(|(_, since)| since.elapsed() >= PAUSE);
        if rested && !state.is_asked {
            state.is_asked = true;
            tokio::spawn(Arc::clone(self).ask());
        }
        state.down.as_ref().map_or(Reach::Asked, |(words, _)| Reach::Down(words.clone()))
    }

    /// A call failed as if the cluster could not be reached: it is asked before the next one.
    pub(crate) fn doubt(&self) {
        self.state().is_up = false;
    }

    async fn ask(self: Arc<Self>) {
        let answer = tokio::time::timeout(PATIENCE, self.answer()).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer after {} s", PATIENCE.as_secs())));
        {
            let mut state = self.state();
            state.is_asked = false;
            let before = state.down.take().map(|(words, _)| words);
            let is_news = match answer {
                Ok(cluster) => {
                    // Who only doubted it looks again by himself.
                    let is_news = before.is_some() || state.cluster.is_none();
                    (state.cluster, state.is_up) = (Some(cluster), true);
                    is_news
                }
                Err(words) => {
                    let is_news = before.as_ref() != Some(&words);
                    state.down = Some((words, Instant::now()));
                    is_news
                }
            };
            if !is_news {
                return;
            }
        }
        (self.tell)(&self.definition);
    }

    async fn answer(&self) -> Result<Arc<dyn Cluster>, String> {
        let made = self.state().cluster.clone();
        let cluster = match made {
            Some(cluster) => cluster,
            None => self.maker.make(&self.definition).await.map_err(|refused| refused.to_string())?,
        };
        cluster.info().await.map_err(|error| error.to_string())?;
        Ok(cluster)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Link").field("definition", &self.definition).finish_non_exhaustive()
    }
}
