//! Which kinds there are, remembered for as long as nothing says that there may be others.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gitops_core::cluster::{ClusterError, Discovery};

/// What adds kinds to a server, by version and kind.
pub(super) const SOURCES: [(&str, &str); 2] =
    [("apiextensions.k8s.io/v1", "CustomResourceDefinition"), ("apiregistration.k8s.io/v1", "APIService")];

/// A server serves a kind some time after it was told of it.
const DELAY: Duration = Duration::from_secs(10);
/// How long an answer serves in that time, in which many may ask.
const MOMENT: Duration = Duration::from_secs(1);
/// What an aggregated server adds by itself is seen after so long.
const LIFE: Duration = Duration::from_secs(600);

/// What was discovered, and when that was asked for.
#[derive(Default)]
pub(super) struct Discovered(Mutex<Option<(Instant, Arc<Discovery>)>>);

impl Discovered {
    /// What was discovered before, where what adds kinds last changed well before that, or this was a moment ago; else what
    /// is discovered now. Where it is not known when that was, nothing is remembered.
    pub(super) async fn since<F: Future<Output = Result<Arc<Discovery>, ClusterError>>>(
        &self,
        changed: Option<Instant>,
        discover: impl FnOnce() -> F,
    ) -> Result<Arc<Discovery>, ClusterError> {
        let asked = Instant::now();
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some((at, discovery)), Some(changed)) = (held, changed)
            && changed < at
            && asked.duration_since(at) < if changed + DELAY < at { LIFE } else { MOMENT }
        {
            return Ok(discovery);
        }
        let discovery = discover().await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((asked, Arc::clone(&discovery)));
        Ok(discovery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_asked_again_for_a_while_after_a_change() {
        let discovered = Discovered::default();
        let ask = || async { Ok(Arc::new(Discovery::new([]))) };
        let long_ago = Instant::now().checked_sub(Duration::from_secs(20)).unwrap();
        let first = discovered.since(Some(long_ago), ask).await.unwrap();
        let same = discovered.since(Some(long_ago), ask).await.unwrap();
        assert!(Arc::ptr_eq(&first, &same));
        let now = Instant::now();
        let other = discovered.since(Some(now), ask).await.unwrap();
        assert!(!Arc::ptr_eq(&first, &other));
        assert!(Arc::ptr_eq(&other, &discovered.since(Some(now), ask).await.unwrap()), "for a moment");
        assert!(!Arc::ptr_eq(&other, &discovered.since(None, ask).await.unwrap()));
    }
}
