//! Service accounts that objects are deployed as.

use gitops_core::api::AppProject;
use gitops_core::cluster::Identity;
use thiserror::Error;

use super::Destination;
use crate::glob::{Glob, GlobError};

/// A project's `destinationServiceAccounts`.
#[derive(Clone, Copy, Debug)]
pub struct Accounts<'a>(&'a AppProject);

/// Why a destination has no service account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`spec.destinationServiceAccounts` of the AppProject `{project}` {reason}")]
pub struct AccountError {
    /// The project.
    pub project: String,
    /// What is wrong with its list.
    pub reason: String,
}

impl<'a> Accounts<'a> {
    /// Those of a project.
    pub fn of(project: &'a AppProject) -> Self {
        Self(project)
    }

    /// The service account of the first entry that matches a destination; none where the project has no such list. Argo CD
    /// reads the list only where `application.sync.impersonation.enabled` is set; here the list itself is the switch. An
    /// account without a namespace is one of the destination's, or else of `home`, the Application's.
    ///
    /// # Errors
    /// Where there is a list and none of it is for the destination, or an entry cannot be read.
    pub fn identity(self, destination: &Destination<'_>, home: &str) -> Result<Option<Identity>, AccountError> {
        let accounts = self.0.spec.destination_service_accounts.as_deref().unwrap_or_default();
        if accounts.is_empty() {
            return Ok(None);
        }
        let refused = |reason: String| AccountError { project: self.0.name().into(), reason };
        let matches = |pattern: &str, text: &str| {
            let unreadable = |error: GlobError| refused(format!("cannot be read: {error}"));
            Glob::parse(pattern).map(|glob| glob.matches(text)).map_err(unreadable)
        };
        let Destination { server, namespace, .. } = *destination;
        for account in accounts {
            if !matches(&account.server, server)?
                || !matches(account.namespace.as_deref().unwrap_or_default(), namespace)?
            {
                continue;
            }
            let account = account.default_service_account.trim_matches(' ');
            if account.is_empty() || account.contains(['!', '*', '[', ']', '{', '}', '\\', '/']) {
                return Err(refused(format!("has `{account}`, which is no name of a service account")));
            }
            let home = if namespace.is_empty() { home } else { namespace };
            let (home, name) = account.split_once(':').unwrap_or((home, account));
            return Ok(Some(Identity::service_account(home, name)));
        }
        Err(refused(format!("has none for the namespace `{namespace}` of the server `{server}`")))
    }
}
