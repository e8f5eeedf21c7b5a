//! The AppProject of an Application, as the cluster has it, and what it does not allow.

use std::collections::BTreeMap;
use std::sync::Arc;

use gitops_apply::gate::Violation;
use gitops_apply::plan::Live;
use gitops_apply::{Desired, Inventory};
use gitops_core::api::{API_VERSION, APP_PROJECT_KIND, AppProject, Application};
use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Verb, Write};
use gitops_core::{GroupVersionKind, Object, ObjectError, ObjectId};
use gitops_policy::Project;
use gitops_policy::project::DEFAULT_PROJECT;
use thiserror::Error;

use crate::FIELD_MANAGER;
use crate::clusters::Place;
use crate::compare::CONTROL_NAMESPACE;
use crate::engine::Engine;
use crate::operator::KnownProjects;

/// Where projects are, and what it means that one is not there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Projects {
    /// The namespace of the control plane: projects are read from it, whatever namespace an Application is in.
    pub namespace: String,
    /// What a project that is not there allows.
    pub absent: AbsentProject,
    /// Those that the operator follows; none where each is read when it is asked for.
    pub(crate) known: Option<Arc<KnownProjects>>,
}

/// What an Application may do whose project is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AbsentProject {
    /// Nothing, unless it is the project `default`, which Argo CD makes without limits.
    #[default]
    Refuses,
    /// Everything but what lies elsewhere, as for a person on their own machine.
    Limitless,
}

/// Why a project cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// The cluster refuses it.
    #[error("project `{name}`: the cluster refused the call")]
    Cluster {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: ClusterError,
    },
    /// It is no object.
    #[error("project `{name}` is not an object")]
    Object {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: ObjectError,
    },
    /// It cannot be said as JSON.
    #[error("project `{name}` is not valid")]
    Schema {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Default for Projects {
    fn default() -> Self {
        Self { namespace: CONTROL_NAMESPACE.into(), absent: AbsentProject::default(), known: None }
    }
}

impl Projects {
    /// The project of this name.
    ///
    /// # Errors
    /// Where the cluster fails. That there is no such project is no failure; one that cannot be read allows nothing.
    pub async fn read(&self, cluster: &dyn Cluster, name: &str) -> Result<Project, ClusterError> {
        let namespace = self.namespace.as_str();
        if let Some(known) = self.known.as_ref().and_then(|known| known.get(namespace, name)) {
            return Ok(known);
        }
        let gvk = GroupVersionKind::from_api_version(API_VERSION, APP_PROJECT_KIND);
        let reference = ObjectId::new(gvk.group, gvk.kind, Some(namespace), name).at_version(gvk.version);
        let found = match cluster.get(&reference).await {
            Ok(found) => found,
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::UnknownKind) => None,
            Err(error) => return Err(error),
        };
        Ok(match found.map(|object| serde_json::from_value(object.body().clone().into())) {
            Some(Ok(project)) => Project::new(project),
            Some(Err(_)) => Project::absent(namespace, name),
            None if self.absent == AbsentProject::Limitless || name == DEFAULT_PROJECT => {
                Project::unwritten(namespace, name)
            }
            None => Project::absent(namespace, name),
        })
    }

    /// Writes what is wanted of a project, in the control plane's namespace where it names none.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub async fn apply(&self, cluster: &dyn Cluster, project: &AppProject) -> Result<(), ProjectError> {
        let name = || project.name().to_owned();
        let mut wanted = project.clone();
        wanted.status = None;
        wanted.metadata.namespace.get_or_insert_with(|| self.namespace.clone());
        let value = serde_json::to_value(&wanted).map_err(|source| ProjectError::Schema { name: name(), source })?;
        let object = Object::from_value(value).map_err(|source| ProjectError::Object { name: name(), source })?;
        let written = cluster.write(Write::new(&object, Verb::Apply { force: true }, FIELD_MANAGER)).await;
        written.map(drop).map_err(|source| ProjectError::Cluster { name: name(), source })
    }
}

impl Engine {
    /// The project of an Application.
    ///
    /// # Errors
    /// Where the cluster fails.
    pub async fn project(&self, application: &Application) -> Result<Project, ClusterError> {
        self.projects.read(self.cluster.as_ref(), application.spec.project()).await
    }
}

/// The desired objects that a project does not allow.
pub(crate) fn forbidden(
    project: &Project,
    application: &Application,
    place: &Place,
    desired: &Desired,
    live: &Live,
) -> BTreeMap<ObjectId, Violation> {
    let there = place.destination();
    let hooks = desired.hooks.iter().chain(&desired.deletion_hooks).map(|hook| hook.object.id());
    // The namespace that the engine makes is the project's business where it is made.
    let policy = application.spec.sync_policy.as_ref();
    let changed = policy.is_some_and(|policy| policy.managed_namespace_metadata.is_some());
    let made = desired.created_namespace.as_ref().filter(|id| live.get(id).is_some() && !changed);
    let checked = desired.resources.keys().cloned().chain(hooks).filter(|id| Some(id) != made);
    checked.filter_map(|id| project.object_violation(&id, &there).map(|violation| (id, violation))).collect()
}

/// The listed objects that a project does not allow, each with the reason: they are none of the Application's any more, and
/// so are not deleted.
pub(crate) fn forbidden_listed(project: &Project, place: &Place, inventory: &Inventory) -> BTreeMap<ObjectId, String> {
    let there = place.destination();
    let reason =
        |id: &ObjectId| project.object_violation(id, &there).map(|violation| (id.clone(), violation.to_string()));
    inventory.entries.keys().filter_map(reason).collect()
}

#[cfg(test)]
mod tests {
    use gitops_core::Object;
    use gitops_core::cluster::{Verb, Write};
    use gitops_embedded::{EmbeddedCluster, Options};
    use gitops_policy::Destination;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn projects_are_read_from_the_control_plane_s_namespace() {
        let cluster = EmbeddedCluster::in_memory(&Options::new()).unwrap();
        for object in [
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}),
            json!({
                "apiVersion": API_VERSION,
                "kind": APP_PROJECT_KIND,
                "metadata": {"name": "shop", "namespace": "argocd"},
                "spec": {"sourceRepos": ["https://host.example/*"]},
            }),
        ] {
            let object = Object::from_value(object).unwrap();
            // The namespace may be there already.
            drop(cluster.write(Write::new(&object, Verb::Create, "test")).await);
        }
        let mut projects = Projects::default();
        let objects = |project: &Project| project.object_violation(&ObjectId::new("", "Node", None, "a"), &there());
        assert!(projects.read(&cluster, "shop").await.unwrap().found().is_some());
        let application = Application::new("web", None);
        let other = projects.read(&cluster, "other").await.unwrap();
        assert_eq!(other.violations(&application, "argocd", &there()).len(), 1);
        for (absent, name) in [(AbsentProject::Refuses, "default"), (AbsentProject::Limitless, "other")] {
            projects.absent = absent;
            let project = projects.read(&cluster, name).await.unwrap();
            assert_eq!(project.violations(&application, "argocd", &there()), []);
            assert_eq!(objects(&project), None);
        }
        assert!(objects(&projects.read(&cluster, "shop").await.unwrap()).is_some());
    }

    fn there() -> Destination<'static> {
        Destination {
            server: "https://kubernetes.default.svc",
            name: "in-cluster",
            namespace: "shop",
            project_clusters: &[],
        }
    }
}
