//! The first two steps as the engine takes them: sources at their revisions, and what these render to.

use std::sync::Arc;

use futures::future::{Either, select};
use gitops_core::Timestamp;
use gitops_core::api::Application;
use gitops_policy::Project;
use gitops_render::Stop;
use jiff::SignedDuration;

use crate::budget::Awaited;
use crate::compare::{CompareError, CompareOptions};
use crate::engine::Engine;
use crate::facts::Facts;
use crate::rendering::{self, Rendering, RenderingError, Surroundings};
use crate::resolve::{self, Resolved};

impl Engine {
    /// The sources at their revisions, signed as the project asks for it.
    pub(crate) async fn resolve(
        &self,
        application: &Application,
        project: &Project,
        options: &CompareOptions,
    ) -> Result<Resolved, CompareError> {
        let demand = self.demand(project).await.map_err(CompareError::Cluster)?;
        let (mut fetch, fetcher) = self.fetching(application).await.map_err(CompareError::Cluster)?;
        let (application, revision) = (application.clone(), options.revision.clone());
        let repositories = Arc::clone(&self.repositories);
        fetch.since = options.since;
        let task = move || -> Result<Resolved, CompareError> {
            let resolved =
                resolve::resolve(&application, revision.as_deref(), &repositories, &fetch, fetcher.as_ref())?;
            if let Some(demand) = demand {
                demand.verify(&resolved.sources, &repositories, &fetch)?;
            }
            Ok(resolved)
        };
        tokio::task::spawn_blocking(task).await.map_err(|_| CompareError::Task)?
    }

    pub(crate) async fn render(
        &self,
        application: &Application,
        project: &Project,
        facts: &Facts,
        resolved: Resolved,
        options: &CompareOptions,
    ) -> Result<(Resolved, Rendering), CompareError> {
        let mut inputs = rendering::inputs_of(application);
        inputs.kube_version.clone_from(&facts.info.version);
        inputs.api_versions = facts.discovery.names();
        inputs.digest_key.clone_from(&facts.digest_key);
        inputs.jsonnet = self.jsonnet.clone();
        inputs.keys = Some(self.keys.of_application(application, self.memo.as_ref(), &inputs.digest_key));
        inputs.strict = options.strict;
        let (_, fetcher) = self.fetching(application).await.map_err(CompareError::Cluster)?;
        let mut surroundings = Surroundings { fetcher, ..self.surroundings(project, options) };
        let awaited = Awaited(Stop::default());
        surroundings.limits.stop = awaited.0.clone();
        let application = application.clone();
        let task = move || {
            rendering::render(&application, &resolved, &inputs, &surroundings).map(|rendering| (resolved, rendering))
        };
        let rendering = tokio::task::spawn_blocking(task);
        let Some(limit) = self.budget.time else { return Ok(rendering.await.map_err(|_| CompareError::Task)??) };
        let pause = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
        let end = self.clock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
        match select(rendering, self.timer.sleep_until(end)).await {
            Either::Left((rendered, _)) => Ok(rendered.map_err(|_| CompareError::Task)??),
            Either::Right(_) => Err(RenderingError::Late(limit).into()),
        }
    }

    /// What the render of an Application may use beside its sources.
    fn surroundings(&self, project: &Project, options: &CompareOptions) -> Surroundings {
        let mut surroundings = Surroundings::none(project.clone());
        surroundings.lock = options.lock;
        surroundings.memo.clone_from(&self.memo);
        surroundings.engine.clone_from(&self.build);
        surroundings.charts = self.charts.clone();
        surroundings.limits = self.budget.limits.clone();
        surroundings
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use futures::future::BoxFuture;
    use gitops_apply::Timer;
    use gitops_core::tree::Tree;
    use gitops_embedded::{EmbeddedCluster, Options};
    use gitops_fixtures::TestRepository;
    use gitops_git::RepositoryCache;
    use gitops_merge::schema::Kinds;
    use gitops_render::{JsonnetError, JsonnetEvaluator, JsonnetRequest};
    use serde_json::json;
    use tokio::sync::Notify;

    use super::*;
    use crate::audit::FileJournal;

    /// Says that it began, and ends when nobody speaks to it any more.
    struct Endless {
        begins: Arc<Notify>,
        heard: Mutex<Receiver<()>>,
        count: Arc<AtomicUsize>,
    }

    impl JsonnetEvaluator for Endless {
        fn evaluate(&self, _: &dyn Tree, _: &JsonnetRequest) -> Result<serde_json::Value, JsonnetError> {
            self.count.fetch_add(1, Ordering::Relaxed);
            self.begins.notify_one();
            let _ = self.heard.lock().unwrap().recv();
            Ok(json!([]))
        }
    }

    /// Time is over when the render has begun.
    struct OnceBegun(Arc<Notify>);

    impl Timer for OnceBegun {
        fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
            Box::pin(self.0.notified())
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sources_that_take_longer_than_they_may_are_not_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let mut repository = TestRepository::new().unwrap();
        repository.commit([("app/a.jsonnet", "[]"), ("app/b.jsonnet", "[]")]).unwrap();
        let cluster = Arc::new(EmbeddedCluster::in_memory(&Options::new()).unwrap());
        let repositories = RepositoryCache::new(place.path().join("repositories"));
        let journal = Arc::new(FileJournal::new(place.path().join("audit.jsonl")));
        let mut engine = Engine::new(cluster, repositories, Arc::new(Kinds::builtin().unwrap()), journal);
        let ((speaking, heard), begins, count) = (channel(), Arc::<Notify>::default(), Arc::<AtomicUsize>::default());
        engine.timer = Arc::new(OnceBegun(Arc::clone(&begins)));
        engine.jsonnet = Some(Arc::new(Endless { begins, heard: Mutex::new(heard), count: Arc::clone(&count) }));
        engine.budget.time = Some(Duration::from_secs(7));
        let application: Application = serde_json::from_value(json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "web", "namespace": "argocd"},
            "spec": {
                "project": "default", "source": {"repoURL": repository.url(), "path": "app", "targetRevision": "HEAD"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            },
        }))
        .unwrap();
        let compared = engine.compare(&application, &CompareOptions::default(), &mut |_| {}).await;
        let error = compared.unwrap_err();
        assert_eq!(error.to_string(), "the sources were not rendered within 7 s");
        // The render ends with what it is at, and does not begin with the next file.
        drop((speaking, engine));
        while Arc::strong_count(&count) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }
}
