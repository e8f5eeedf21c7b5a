use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures::future::FutureExt as _;
use gitops_core::secret::Secret;

use crate::held::{Held, Token};
use crate::web::Web;
use crate::{IdentityError, Variables, aws, azure, google};

/// Whose account a token is of, as `argocd-k8s-auth` is told it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Account {
    /// AWS's, for EKS.
    Aws {
        /// The cluster's name.
        cluster: String,
        /// The role to be for it.
        role: Option<String>,
        /// The profile of AWS's shared files that says who asks for that.
        profile: Option<String>,
    },
    /// Google's, for GKE.
    Google,
    /// Azure's, for AKS.
    Azure,
}

impl Account {
    /// Its cloud's name, as `argocd-k8s-auth` has it: `aws`, `gcp` or `azure`.
    pub fn cloud(&self) -> &'static str {
        match self {
            Self::Aws { .. } => "aws",
            Self::Google => "gcp",
            Self::Azure => "azure",
        }
    }
}

/// The servers of the clouds. Clones share connections.
#[derive(Clone, Debug)]
pub struct Cloud(Web);

impl Cloud {
    /// Nobody is called yet.
    ///
    /// # Errors
    /// Where no client can be made.
    pub fn new() -> Result<Self, IdentityError> {
        Web::new().map(Self)
    }
}

/// A token of one cluster. Clones share what was made. It does not print.
#[derive(Clone)]
pub struct ClusterToken(Held);

impl ClusterToken {
    /// A token of an account. Nothing is made yet.
    pub fn new(cloud: Cloud, account: Account, variables: Variables) -> Self {
        let make = move |now| {
            let (web, account, variables) = (cloud.0.clone(), account.clone(), variables.clone());
            async move { make(&web, &account, &variables, now).await }.boxed()
        };
        Self(Held::new(Box::new(make)))
    }

    /// The token as it is valid now, on a tokio runtime. Only who has none that is valid waits for one.
    ///
    /// # Errors
    /// Where none can be made.
    pub async fn get(&self) -> Result<Arc<Secret<String>>, IdentityError> {
        self.0.get(SystemTime::now()).await
    }
}

impl fmt::Debug for ClusterToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ClusterToken").finish_non_exhaustive()
    }
}

async fn make(web: &Web, account: &Account, variables: &Variables, now: SystemTime) -> Result<Token, IdentityError> {
    match account {
        Account::Aws { cluster, role, profile } => {
            let caller = aws::Caller::new(web, variables, profile.as_deref())?;
            caller.token(cluster, role.as_deref(), now).await
        }
        Account::Google => google::token(web, variables, now).await,
        Account::Azure => azure::token(web, variables, now).await,
    }
}
