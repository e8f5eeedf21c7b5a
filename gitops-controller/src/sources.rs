//! The first two steps as the engine takes them: sources at their revisions, and what these render to.

use std::sync::Arc;

use gitops_core::api::Application;
use gitops_policy::Project;

use crate::compare::{CompareError, CompareOptions};
use crate::engine::Engine;
use crate::facts::Facts;
use crate::rendering::{self, Rendering, Surroundings};
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
        let surroundings = Surroundings { fetcher, ..self.surroundings(project, options) };
        let application = application.clone();
        let task = move || {
            rendering::render(&application, &resolved, &inputs, &surroundings).map(|rendering| (resolved, rendering))
        };
        Ok(tokio::task::spawn_blocking(task).await.map_err(|_| CompareError::Task)??)
    }

    /// What the render of an Application may use beside its sources.
    fn surroundings(&self, project: &Project, options: &CompareOptions) -> Surroundings {
        let mut surroundings = Surroundings::none(project.clone());
        surroundings.lock = options.lock;
        surroundings.memo.clone_from(&self.memo);
        surroundings.engine.clone_from(&self.build);
        surroundings.charts = self.charts.clone();
        surroundings
    }
}
