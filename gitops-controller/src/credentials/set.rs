//! All Secrets together, and which of them is for an address.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use gitops_core::api::Application;
use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Query};
use gitops_core::{GroupVersionKind, Object};
use gitops_fetch::Fetcher;
use gitops_git::{Access, AccessError, Caller, FetchOptions, SshOptions};

use super::access::ProjectAccess;
use super::hosts::Hosts;
use super::secret::{App, Content, RepositorySecret, identity};
use super::{KnownCredentials, REPOSITORY, SECRET_TYPE, TEMPLATE, address};
use crate::compare::CONTROL_NAMESPACE;
use crate::engine::Engine;

/// Where credentials are, and what serves beside them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RepositoryCredentials {
    /// The namespace of the control plane.
    pub namespace: String,
    /// Whether this process's own keys, agent and known hosts of ssh serve where no Secret does, as for a person on their own
    /// machine: whoever writes an address would otherwise be the owner of this process there.
    pub own: bool,
    /// Those that the operator follows; none where they are read when they are asked for.
    pub(crate) known: Option<Arc<KnownCredentials>>,
}

impl RepositoryCredentials {
    /// Those of a namespace, and nothing beside them.
    pub fn of(namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), own: false, known: None }
    }

    /// What there is to be asked for.
    pub(crate) fn queries(&self) -> Vec<Query> {
        let all = |kind: &str| Query::all(GroupVersionKind::from_api_version("v1", kind)).in_namespace(&self.namespace);
        vec![
            all("Secret").with_label(SECRET_TYPE, REPOSITORY),
            all("Secret").with_label(SECRET_TYPE, TEMPLATE),
            // Argo CD sees no ConfigMap of its own without this label.
            all("ConfigMap").with_label("app.kubernetes.io/part-of", CONTROL_NAMESPACE),
        ]
    }

    /// The Secrets as they are now; none where they may not be read.
    async fn read(&self, cluster: &dyn Cluster) -> Result<Arc<CredentialSet>, ClusterError> {
        if let Some(set) = self.known.as_ref().and_then(|known| known.get()) {
            return Ok(set);
        }
        let mut objects = Vec::new();
        for query in self.queries() {
            match cluster.list(&query).await {
                Ok(listing) => objects.extend(listing.objects),
                Err(error) if error.kind == ErrorKind::Forbidden => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Arc::new(CredentialSet::new(objects.iter(), None)))
    }
}

impl Engine {
    /// How repositories of an Application are fetched, and who gets what else its sources need: as its project may.
    ///
    /// # Errors
    /// Where the cluster fails.
    pub(crate) async fn fetching(
        &self,
        application: &Application,
    ) -> Result<(FetchOptions, Option<Fetcher>), ClusterError> {
        let access = self.access(self.credential_set().await?, application.spec.project());
        let (mut fetch, mut fetcher) = (self.fetch.clone(), self.fetcher.clone());
        if let Some(access) = access {
            fetch.access = Some(Arc::clone(&access));
            fetcher = fetcher.map(|fetcher| fetcher.with_access(access));
        }
        Ok((fetch, fetcher))
    }

    /// The credentials of repositories; none where everything is fetched as whoever runs this process.
    pub(crate) async fn credential_set(&self) -> Result<Option<Arc<CredentialSet>>, ClusterError> {
        match &self.credentials {
            Some(credentials) => credentials.read(self.cluster.as_ref()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Removes what was fetched by Secrets that are other ones by now, or gone; how many places stay for as long as somebody reads of
    /// them. It does nothing before all Secrets are known. Blocks.
    ///
    /// # Errors
    /// Where something cannot be removed.
    pub(crate) fn sweep(&self) -> io::Result<usize> {
        let known = self.credentials.as_ref().and_then(|credentials| credentials.known.as_ref()?.get());
        let Some(groups) = known.map(|set| set.groups()) else { return Ok(0) };
        if let Some(fetcher) = &self.fetcher {
            fetcher.sweep(&groups)?;
        }
        self.repositories.sweep(&groups)
    }

    /// Who to be for the repositories of a project's Applications.
    pub(crate) fn access(&self, set: Option<Arc<CredentialSet>>, project: &str) -> Option<Arc<dyn Access>> {
        let credentials = self.credentials.as_ref()?;
        Some(Arc::new(ProjectAccess::new(set?, credentials, project)))
    }
}

/// The Secrets of a namespace.
#[derive(Debug, Default)]
pub struct CredentialSet {
    secrets: Vec<Arc<RepositorySecret>>,
    hosts: Hosts,
}

impl CredentialSet {
    /// Reads Secrets and ConfigMaps. What is as it was in an earlier set is taken from there, with its tokens.
    pub(super) fn new<'a>(objects: impl Iterator<Item = &'a Object> + Clone, earlier: Option<&Self>) -> Self {
        let hosts = Hosts::of(objects.clone());
        let earlier = earlier.filter(|earlier| earlier.hosts == hosts);
        let same = |object: &Object| {
            let identity = identity(object);
            earlier.into_iter().flat_map(|earlier| &earlier.secrets).find(|known| known.identity == identity).cloned()
        };
        let read = |object| same(object).or_else(|| RepositorySecret::read(object, &hosts).map(Arc::new));
        let secrets = objects.filter_map(read).collect();
        Self { secrets, hosts }
    }

    /// Who to be for an address as a project's Application. The Secret of the repository says it, and one for all repositories
    /// under an address where the former names no credentials or is not there: the one with the longest address. A Secret of the
    /// project's own comes before one that serves every project.
    ///
    /// # Errors
    /// Where the Secret that would say it cannot be used.
    pub(super) fn caller(&self, address: &str, project: &str) -> Result<Option<Caller>, AccessError> {
        let compared = address::compared(address);
        let mine = |secret: &&Arc<RepositorySecret>| match &secret.project {
            Some(only) => only == project,
            None => true,
        };
        let usable = || self.secrets.iter().filter(mine);
        let rank = |secret: &&Arc<RepositorySecret>| (secret.address.len(), secret.project.is_some());
        let own = usable().filter(|secret| !secret.is_template && secret.address == compared).max_by_key(rank);
        let templates = usable().filter(|secret| secret.is_template && address::covers(&secret.address, &compared));
        let template = templates.max_by_key(rank);
        let (mut content, mut identity) = match own {
            Some(own) => (content(own)?, own.identity.clone()),
            None => (Content::default(), String::new()),
        };
        let template = template.filter(|_| !content.has_credentials());
        if own.is_none() && template.is_none() {
            return Ok(None);
        }
        if let Some(secret) = template {
            let general = self::content(secret)?;
            identity = named(&identity, &secret.identity);
            content.insecure |= general.insecure && own.is_none();
            content.clear_text |= general.clear_text;
            content.proxy = content.proxy.or(general.proxy);
            (content.credentials, content.app) = (general.credentials, general.app);
            content.ssh_key = general.ssh_key;
            content.certificate = general.certificate;
        }
        let mut caller = Caller::named(identity);
        caller.clear_text = content.clear_text;
        caller.tls.insecure = content.insecure;
        caller.tls.identity = content.certificate;
        caller.proxy = content.proxy;
        let mut ssh = SshOptions::default();
        (ssh.key, ssh.any_host) = (content.ssh_key, content.insecure);
        caller.ssh = Some(ssh);
        let of_app = content.app.map(|app| app.credentials(address)).transpose().map_err(AccessError::new)?;
        Ok(Some(match content.credentials.or(of_app) {
            Some(credentials) => caller.with_credentials(credentials),
            None => caller,
        }))
    }

    /// The GitHub App of the Secret of a name, for a project's sets.
    ///
    /// # Errors
    /// Where the Secret cannot be used, or has none.
    pub(crate) fn app(&self, name: &str, project: &str) -> Result<App, AccessError> {
        let serves = |secret: &&Arc<RepositorySecret>| secret.project.as_deref().is_none_or(|only| only == project);
        let found = self.secrets.iter().filter(serves).find(|secret| secret.name == name);
        let app = found.map(|secret| content(secret)).transpose()?.and_then(|content| content.app);
        app.ok_or_else(|| {
            AccessError::new(format!(
                "no Secret `{name}` with the label `{SECRET_TYPE}: {TEMPLATE}` has `githubAppID` and `githubAppPrivateKey` for the \
                 project `{project}`"
            ))
        })
    }

    /// What the callers of these Secrets keep what they got under ([`Caller::group`]).
    pub(super) fn groups(&self) -> BTreeSet<String> {
        let named = |one: &str, other: &str| Caller::named(named(one, other)).group();
        let (templates, own): (Vec<_>, Vec<_>) = self.secrets.iter().partition(|secret| secret.is_template);
        let alone = own.iter().map(|own| Caller::named(&own.identity).group());
        let general = templates.iter().map(|template| named("", &template.identity));
        let is_bare = |own: &RepositorySecret| own.content.as_ref().is_ok_and(|content| !content.has_credentials());
        let completed = own.iter().filter(|own| is_bare(own)).flat_map(|own| {
            let covers = |template: &&&Arc<RepositorySecret>| address::covers(&template.address, &own.address);
            templates.iter().filter(covers).map(|template| named(&own.identity, &template.identity))
        });
        alone.chain(general).chain(completed).flatten().collect()
    }

    /// A caller with what is known of the servers of an address.
    pub(super) fn with_hosts(&self, mut caller: Caller, address: &str) -> Caller {
        caller.tls.authorities = self.hosts.authorities(address);
        if let Some(ssh) = &mut caller.ssh {
            ssh.known_hosts = Arc::clone(&self.hosts.known);
        }
        caller
    }
}

/// The name of a caller by the Secret of a repository and the one that completes it.
fn named(own: &str, template: &str) -> String {
    format!("{own} {template}")
}

fn content(secret: &RepositorySecret) -> Result<Content, AccessError> {
    let refused = |why: &String| AccessError::new(format!("the Secret `{}` cannot be used: {why}", secret.name));
    secret.content.as_ref().cloned().map_err(refused)
}
