use std::sync::Arc;

use gitops_git::{Access, AccessError, Caller, SshOptions};

use super::hosts::{self, KNOWN_HOSTS};
use super::{CredentialSet, REPOSITORY, RepositoryCredentials, SECRET_TYPE, TEMPLATE};

/// Who to be as a project's Applications.
pub(crate) struct ProjectAccess {
    set: Arc<CredentialSet>,
    namespace: String,
    own: bool,
    project: String,
}

impl ProjectAccess {
    pub(crate) fn new(set: Arc<CredentialSet>, credentials: &RepositoryCredentials, project: &str) -> Self {
        let RepositoryCredentials { namespace, own, .. } = credentials.clone();
        Self { set, namespace, own, project: project.into() }
    }
}

impl Access for ProjectAccess {
    fn caller(&self, address: &str) -> Result<Caller, AccessError> {
        let found = self.set.caller(address, &self.project)?;
        let mut caller = found.unwrap_or_else(|| {
            let mut anybody = Caller::anybody();
            anybody.ssh = Some(SshOptions::default());
            anybody
        });
        // Without a key of a Secret's, a person's own program and known hosts serve.
        if self.own && caller.ssh.as_ref().is_some_and(|ssh| ssh.key.is_none() && !ssh.any_host) {
            caller.ssh = None;
        }
        let (namespace, project) = (&self.namespace, &self.project);
        caller.missing = Some(format!(
            "no Secret in the namespace `{namespace}` with the label `{SECRET_TYPE}: {REPOSITORY}` or `{SECRET_TYPE}: {TEMPLATE}` has \
             some for this address and the project `{project}`"
        ));
        caller.unknown_host = Some(format!(
            "the known hosts are in the key `{KNOWN_HOSTS}` of the ConfigMap `{}` in the namespace `{namespace}`",
            hosts::SSH
        ));
        Ok(self.set.with_hosts(caller, address))
    }
}
