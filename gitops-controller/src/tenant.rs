//! As whom an Application's objects are read and written.

use std::fmt;
use std::sync::Arc;

use gitops_core::api::{AppProject, Application};
use gitops_core::cluster::{Cluster, Identity};
use globset::GlobBuilder;

use crate::compare::{CompareError, control_namespace};
use crate::engine::Engine;
use crate::project::Project;

/// The cluster as it is called for an Application's objects: under the service account that its project names, or under the
/// engine's own identity. What the engine keeps for itself (Applications, inventories, keys) is never called this way.
#[derive(Clone)]
pub struct Tenant(pub Arc<dyn Cluster>);

impl fmt::Debug for Tenant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Tenant").finish_non_exhaustive()
    }
}

impl Engine {
    /// The cluster for the objects of an Application.
    ///
    /// # Errors
    /// Where its project names service accounts and none of them for its destination, as Argo CD refuses it, or the cluster
    /// cannot be called for others.
    pub(crate) async fn tenant(&self, application: &Application) -> Result<Tenant, CompareError> {
        let (namespace, name) = (control_namespace(application), application.spec.project());
        let project = Project::of(self.cluster.as_ref(), namespace, name).await.map_err(CompareError::Cluster)?;
        match project.found().map(|project| service_account(project, application)).transpose()?.flatten() {
            Some(identity) => Ok(Tenant(self.cluster.acting_as(&identity).map_err(CompareError::Cluster)?)),
            None => Ok(Tenant(Arc::clone(&self.cluster))),
        }
    }
}

/// The service account of the first of a project's `destinationServiceAccounts` that matches a destination; none where the
/// project has no such list. Argo CD reads the list only where `application.sync.impersonation.enabled` is set; here the list
/// itself is the switch. An account without a namespace is one of the destination's, or else of the Application's.
fn service_account(project: &AppProject, application: &Application) -> Result<Option<Identity>, CompareError> {
    let accounts = project.spec.destination_service_accounts.as_deref().unwrap_or_default();
    if accounts.is_empty() {
        return Ok(None);
    }
    let destination = &application.spec.destination;
    let server = destination.server().unwrap_or("https://kubernetes.default.svc");
    let namespace = destination.namespace().unwrap_or_default();
    let found = accounts.iter().find(|account| {
        matches(&account.server, server) && matches(account.namespace.as_deref().unwrap_or_default(), namespace)
    });
    let refused = |why: String| CompareError::ServiceAccount { project: project.metadata.name().into(), why };
    let account = found
        .ok_or_else(|| refused(format!("has none for the namespace `{namespace}` of the server `{server}`")))?
        .default_service_account
        .trim_matches(' ');
    if account.is_empty() || account.contains(['!', '*', '[', ']', '{', '}', '\\', '/']) {
        return Err(refused(format!("has `{account}`, which is no name of a service account")));
    }
    let home = if namespace.is_empty() { control_namespace(application) } else { namespace };
    let (home, name) = account.split_once(':').unwrap_or((home, account));
    Ok(Some(Identity::service_account(home, name)))
}

/// A pattern in which `*` stands for anything, slashes too.
fn matches(pattern: &str, text: &str) -> bool {
    let glob = GlobBuilder::new(pattern).literal_separator(false).build();
    glob.is_ok_and(|glob| glob.compile_matcher().is_match(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account(accounts: serde_json::Value, namespace: &str) -> Result<Option<String>, String> {
        let project: AppProject =
            serde_json::from_value(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": "shop", "namespace": "argocd"}, "spec": {"destinationServiceAccounts": accounts}}))
            .unwrap();
        let application: Application =
            serde_json::from_value(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "web", "namespace": "argocd"}, "spec": {"project": "shop", "destination":
                {"server": "https://kubernetes.default.svc", "namespace": namespace}}}))
            .unwrap();
        let found = service_account(&project, &application).map_err(|error| error.to_string())?;
        Ok(found.map(|identity| identity.user().to_owned()))
    }

    #[test]
    fn the_first_that_matches_is_taken() {
        let one = |server: &str, namespace: &str, name: &str| json!({"server": server, "namespace": namespace, "defaultServiceAccount": name});
        let accounts = json!([one("*", "team-*", "deployer"), one("https://*", "shop", "ops:shop-deployer")]);
        let user = |namespace: &str| account(accounts.clone(), namespace);
        assert_eq!(user("team-a").unwrap().as_deref(), Some("system:serviceaccount:team-a:deployer"));
        assert_eq!(user("shop").unwrap().as_deref(), Some("system:serviceaccount:ops:shop-deployer"));
        assert!(user("other").unwrap_err().contains("none for the namespace `other`"));
        assert_eq!(account(json!([]), "other").unwrap(), None);
        assert!(account(json!([one("*", "*", "a*")]), "shop").unwrap_err().contains("no name of a service account"));
    }
}
