//! What proves that an event comes from its server, as `argocd-secret` holds it.

use gitops_core::cluster::ClusterError;
use gitops_core::secret::{Purpose, Secret};
use gitops_core::{Cluster, Object, ObjectId};

use crate::credentials::Fields;

/// The name of the Secret, which is Argo CD's.
const NAME: &str = "argocd-secret";

/// What proves that an event comes from the server; an event of a server without one is taken as it comes, as in Argo CD.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WebhookSecrets {
    /// `webhook.github.secret`
    pub github: Option<Secret<String>>,
    /// `webhook.gitlab.secret`
    pub gitlab: Option<Secret<String>>,
    /// `webhook.gogs.secret`, of Gogs, Gitea and Forgejo.
    pub gogs: Option<Secret<String>>,
    /// `webhook.bitbucket.uuid`
    pub bitbucket: Option<Secret<String>>,
    /// `webhook.bitbucketserver.secret`
    pub bitbucket_server: Option<Secret<String>>,
    /// `webhook.azuredevops.username` and `webhook.azuredevops.password`
    pub azure: Option<(Secret<String>, Secret<String>)>,
    /// `webhook.generic.secret`, a key of this project's own.
    pub generic: Option<Secret<String>>,
}

impl WebhookSecrets {
    /// Those of a namespace; none where there is no such Secret.
    ///
    /// # Errors
    /// Where it cannot be read: what is not known to be unprotected is not taken.
    pub async fn of(cluster: &dyn Cluster, namespace: &str) -> Result<Self, ClusterError> {
        let target = ObjectId::new("", "Secret", Some(namespace), NAME).at_version("v1");
        Ok(cluster.get(&target).await?.map(|object| Self::from_object(&object)).unwrap_or_default())
    }

    fn from_object(object: &Object) -> Self {
        let fields = Fields::of(object, Purpose::Signature);
        let text = |key: &str| fields.text(key).map(Secret::new);
        Self {
            github: text("webhook.github.secret"),
            gitlab: text("webhook.gitlab.secret"),
            gogs: text("webhook.gogs.secret"),
            bitbucket: text("webhook.bitbucket.uuid"),
            bitbucket_server: text("webhook.bitbucketserver.secret"),
            azure: text("webhook.azuredevops.username").zip(text("webhook.azuredevops.password")),
            generic: text("webhook.generic.secret"),
        }
    }
}
