//! What generators see of the cluster, of repositories and of services.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use gitops_core::api::{ApplicationSource, ConfigMapKeyRef, PullRequestGenerator, ScmProviderGenerator, SecretRef};
use gitops_core::cluster::{ApiResource, ClusterError, Query};
use gitops_core::secret::{Purpose, Reveal, Secret};
use gitops_core::{Object, ObjectId, Tree, Value};
use gitops_git::{FetchOptions, Tokens as _};
use serde_json::Map;
use tokio::runtime::Handle;

use super::settings::SetSettings;
use crate::appset::services::{Access, Gitea, Github, Gitlab, Plugin, ServiceError};
use crate::appset::{ClusterSecret, DecisionQuery, Outside, OutsideError, PullRequest, ScmRepository};
use crate::clusters::KnownClusters;
use crate::credentials::SECRET_TYPE;
use crate::engine::Engine;
use crate::resolve::{ResolvedSource, resolve_one};

/// The Secret whose keys are meant where none is named.
const SECRET: &str = "argocd-secret";
/// The type of Secrets with tokens of services.
const SERVICE_TOKENS: &str = "scm-creds";

/// What services answered to a set. It serves until they are to be asked again, so that a change in the cluster costs no call
/// to a service.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<HashMap<String, Answer>>);

#[derive(Clone, Debug)]
enum Answer {
    Repositories(Vec<ScmRepository>),
    Path(bool),
    PullRequests(Vec<PullRequest>),
    Parameters(Vec<Map<String, Value>>),
}

impl Answers {
    fn get(&self, question: &str) -> Option<Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(question).cloned()
    }

    fn keep(&self, question: String, answer: Answer) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(question, answer);
    }
}

/// Answers questions by asking the cluster, repositories and services. It blocks, and so belongs on a thread for that.
pub(super) struct ClusterOutside<'a> {
    pub(super) engine: &'a Engine,
    pub(super) settings: &'a SetSettings,
    pub(super) runtime: Handle,
    /// The set's namespace, where tokens and certificates of services are.
    pub(super) namespace: &'a str,
    /// The set's name.
    pub(super) set: &'a str,
    /// The project whose credentials serve; none where the template is still to name it, as in Argo CD.
    pub(super) project: &'a str,
    /// What repositories answered from then on serves.
    pub(super) since: Instant,
    pub(super) answers: &'a Answers,
    pub(super) trees: RefCell<HashMap<(String, String), Arc<dyn Tree>>>,
}

impl ClusterOutside<'_> {
    fn control(&self) -> &str {
        &self.engine.projects.namespace
    }

    fn wait<T>(&self, call: BoxFuture<'_, Result<T, ClusterError>>) -> Result<T, OutsideError> {
        self.runtime.block_on(call).map_err(source)
    }

    fn object(&self, kind: &'static str, namespace: &str, name: &str) -> Result<Object, OutsideError> {
        let target = ObjectId::new("", kind, Some(namespace), name).at_version("v1");
        let found = self.wait(self.engine.cluster.get(&target))?;
        found.ok_or_else(|| OutsideError::Failed(format!("there is no {kind} `{name}` in the namespace `{namespace}`")))
    }

    /// A token of a service, from a Secret beside the set.
    fn token(&self, from: Option<&SecretRef>) -> Result<Option<Secret<String>>, OutsideError> {
        let Some(from) = from else { return Ok(None) };
        let secret = self.object("Secret", self.namespace, &from.secret_name)?;
        if self.settings.is_strict_about_tokens() && secret.label(SECRET_TYPE) != Some(SERVICE_TOKENS) {
            let message =
                format!("the Secret `{}` must have the label `{SECRET_TYPE}: {SERVICE_TOKENS}`", from.secret_name);
            return Err(OutsideError::Failed(message));
        }
        value(&secret, &from.key).map(Some)
    }

    fn authorities(&self, from: Option<&ConfigMapKeyRef>) -> Result<Vec<u8>, OutsideError> {
        let Some(from) = from else { return Ok(Vec::new()) };
        let map = self.object("ConfigMap", self.namespace, &from.config_map_name)?;
        let missing =
            || OutsideError::Failed(format!("the ConfigMap `{}` has no `{}`", from.config_map_name, from.key));
        Ok(map.text(&["data", &from.key]).ok_or_else(missing)?.as_bytes().to_vec())
    }

    fn access(
        &self,
        token: Option<&SecretRef>,
        authorities: Option<&ConfigMapKeyRef>,
        insecure: Option<bool>,
    ) -> Result<Access, OutsideError> {
        let (token, authorities) = (self.token(token)?, self.authorities(authorities)?);
        Ok(Access { token, authorities, insecure: insecure == Some(true), ..Access::default() })
    }

    /// GitHub as its App, where the set names the Secret of one and the account that it is installed for; else with a token.
    fn github(
        &self,
        api: Option<&str>,
        token: Option<&SecretRef>,
        app: Option<(&str, &str)>,
    ) -> Result<Github, OutsideError> {
        let Some((secret, account)) = app.filter(|(secret, _)| !secret.is_empty()) else {
            return Github::new(api, &self.access(token, None, None)?).map_err(source);
        };
        let set = self.wait(Box::pin(self.engine.credential_set()))?.unwrap_or_default();
        let app = set.app(&format!("{}/{secret}", self.control()), self.project).map_err(source)?;
        let api = api.filter(|api| !api.is_empty()).map_or_else(|| app.address().to_owned(), str::to_owned);
        let token = app.installed(account).at_server(&Github::address(&api)).token().map_err(source)?;
        Github::new(Some(&api), &Access { token: Some(Secret::new(token)), ..Access::default() }).map_err(source)
    }

    fn admit(&self, address: Option<&str>) -> Result<(), OutsideError> {
        self.settings.refuses_service(address).map_or(Ok(()), |why| Err(OutsideError::Failed(why)))
    }

    fn organization(&self, of: &ScmProviderGenerator) -> Result<Organization, OutsideError> {
        if let Some(github) = &of.github {
            self.admit(github.api.as_deref())?;
            let app = github.app_secret_name.as_deref().map(|secret| (secret, github.organization.as_str()));
            let service = self.github(github.api.as_deref(), github.token_ref.as_ref(), app);
            return service.map(Organization::Github);
        }
        if let Some(gitlab) = &of.gitlab {
            self.admit(gitlab.api.as_deref())?;
            let access = self.access(gitlab.token_ref.as_ref(), gitlab.ca_ref.as_ref(), gitlab.insecure)?;
            return Gitlab::new(gitlab.api.as_deref(), &access).map(Organization::Gitlab).map_err(source);
        }
        if let Some(gitea) = &of.gitea {
            self.admit(Some(&gitea.api))?;
            let access = self.access(gitea.token_ref.as_ref(), None, gitea.insecure)?;
            return Gitea::new(&gitea.api, &access).map(Organization::Gitea).map_err(source);
        }
        Err(OutsideError::Unsupported("organizations of other services than GitHub, GitLab and Gitea"))
    }
}

impl ClusterOutside<'_> {
    /// A source that is signed as the set's project asks for it. Where the template is still to name one, nothing is asked, as in
    /// Argo CD: the Applications that come of it are asked.
    fn verified(&self, found: ResolvedSource, fetch: &FetchOptions) -> Result<ResolvedSource, OutsideError> {
        if self.project.is_empty() {
            return Ok(found);
        }
        let engine = self.engine;
        let project = self.wait(Box::pin(engine.projects.read(engine.cluster.as_ref(), self.project)))?;
        if let Some(demand) = self.wait(Box::pin(engine.demand(&project)))? {
            demand.verify(std::slice::from_ref(&found), &engine.repositories, fetch).map_err(source)?;
        }
        Ok(found)
    }
}

/// A service that has organizations.
enum Organization {
    Github(Github),
    Gitlab(Gitlab),
    Gitea(Gitea),
}

impl Outside for ClusterOutside<'_> {
    fn tree(&self, repository: &str, revision: &str) -> Result<Arc<dyn Tree>, OutsideError> {
        let revision = if revision.is_empty() { "HEAD" } else { revision };
        let key = (repository.to_owned(), revision.to_owned());
        if let Some(tree) = self.trees.borrow().get(&key) {
            return Ok(Arc::clone(tree));
        }
        let mut fetch = self.engine.fetch.clone();
        fetch.since = Some(self.since);
        let credentials = self.wait(Box::pin(self.engine.credential_set()))?;
        fetch.access = self.engine.access(credentials, self.project);
        let place = ApplicationSource::new(repository);
        let found = resolve_one(&place, revision, &self.engine.repositories, &fetch).map_err(source)?;
        let found = self.verified(found, &fetch)?;
        self.trees.borrow_mut().insert(key, Arc::clone(&found.tree));
        Ok(found.tree)
    }

    fn clusters(&self) -> Result<Vec<ClusterSecret>, OutsideError> {
        let listing = self.wait(self.engine.cluster.list(&KnownClusters::query(self.control())))?;
        Ok(listing.objects.iter().filter_map(ClusterSecret::of).collect())
    }

    fn config_map(&self, name: &str) -> Result<BTreeMap<String, String>, OutsideError> {
        let object = self.object("ConfigMap", self.control(), name)?;
        let data = object.get(&["data"]).and_then(Value::as_object).into_iter().flatten();
        Ok(data.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect())
    }

    fn decisions(&self, query: &DecisionQuery) -> Result<Vec<Value>, OutsideError> {
        let discovery = self.wait(self.engine.cluster.discover())?;
        let is_meant = |one: &&ApiResource| {
            one.gvk.group == query.group && one.gvk.version == query.version && one.plural == query.resource
        };
        let unknown = || {
            let DecisionQuery { group, version, resource, .. } = query;
            OutsideError::Failed(format!("the cluster does not serve `{resource}` of `{group}/{version}`"))
        };
        let kind = discovery.all().find(is_meant).ok_or_else(unknown)?;
        let mut wanted = Query::all(kind.gvk.clone());
        if kind.namespaced {
            wanted = wanted.in_namespace(self.control());
        }
        let listing = self.wait(self.engine.cluster.list(&wanted))?;
        Ok(listing.objects.into_iter().map(|object| Value::Object(object.body().clone())).collect())
    }

    fn repositories(&self, of: &ScmProviderGenerator) -> Result<Vec<ScmRepository>, OutsideError> {
        let question = format!("repositories {}", question(of)?);
        if let Some(Answer::Repositories(known)) = self.answers.get(&question) {
            return Ok(known);
        }
        let protocol = of.clone_protocol.as_deref();
        let found = match (self.organization(of)?, of) {
            (Organization::Github(service), ScmProviderGenerator { github: Some(of), .. }) => {
                service.repositories(of, protocol)
            }
            (Organization::Gitlab(service), ScmProviderGenerator { gitlab: Some(of), .. }) => {
                service.repositories(of, protocol)
            }
            (Organization::Gitea(service), ScmProviderGenerator { gitea: Some(of), .. }) => {
                service.repositories(of, protocol)
            }
            _ => return Err(OutsideError::Unsupported("organizations of this service")),
        };
        let found = found.map_err(source)?;
        self.answers.keep(question, Answer::Repositories(found.clone()));
        Ok(found)
    }

    fn has_path(
        &self,
        of: &ScmProviderGenerator,
        repository: &ScmRepository,
        path: &str,
    ) -> Result<bool, OutsideError> {
        let place = format!("{} {} {}", repository.url, repository.branch, repository.sha);
        let question = format!("path {path} {place} {}", question(of)?);
        if let Some(Answer::Path(known)) = self.answers.get(&question) {
            return Ok(known);
        }
        let has = match self.organization(of)? {
            Organization::Github(service) => service.has_path(repository, path),
            Organization::Gitlab(service) => service.has_path(repository, path),
            Organization::Gitea(service) => service.has_path(repository, path),
        };
        let has = has.map_err(source)?;
        self.answers.keep(question, Answer::Path(has));
        Ok(has)
    }

    fn pull_requests(&self, of: &PullRequestGenerator) -> Result<Vec<PullRequest>, OutsideError> {
        let question = format!("pull requests {}", question(of)?);
        if let Some(Answer::PullRequests(known)) = self.answers.get(&question) {
            return Ok(known);
        }
        let found = if let Some(github) = &of.github {
            self.admit(github.api.as_deref())?;
            let app = github.app_secret_name.as_deref().map(|secret| (secret, github.owner.as_str()));
            self.github(github.api.as_deref(), github.token_ref.as_ref(), app)?.pull_requests(github)
        } else if let Some(gitlab) = &of.gitlab {
            self.admit(gitlab.api.as_deref())?;
            let access = self.access(gitlab.token_ref.as_ref(), gitlab.ca_ref.as_ref(), gitlab.insecure)?;
            Gitlab::new(gitlab.api.as_deref(), &access).and_then(|service| service.pull_requests(gitlab))
        } else if let Some(gitea) = &of.gitea {
            self.admit(Some(&gitea.api))?;
            let access = self.access(gitea.token_ref.as_ref(), None, gitea.insecure)?;
            Gitea::new(&gitea.api, &access).and_then(|service| service.pull_requests(gitea))
        } else {
            return Err(OutsideError::Unsupported("pull requests of other services than GitHub, GitLab and Gitea"));
        };
        let found = found.map_err(source)?.ok_or(OutsideError::NoRepository)?;
        self.answers.keep(question, Answer::PullRequests(found.clone()));
        Ok(found)
    }

    fn plugin(&self, config_map: &str, input: &Map<String, Value>) -> Result<Vec<Map<String, Value>>, OutsideError> {
        let question = format!("plugin {config_map} {}", question(input)?);
        if let Some(Answer::Parameters(known)) = self.answers.get(&question) {
            return Ok(known);
        }
        let map = self.config_map(config_map)?;
        let setting = |key: &str| {
            let missing = || OutsideError::Failed(format!("the ConfigMap `{config_map}` has no `{key}`"));
            map.get(key).map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(missing)
        };
        let (address, reference) = (setting("baseUrl")?, setting("token")?);
        let wrong = || OutsideError::Failed(format!("`token` of the ConfigMap `{config_map}` must begin with `$`"));
        let key = reference.strip_prefix('$').ok_or_else(wrong)?;
        let (name, key) = key.split_once(':').unwrap_or((SECRET, key));
        let token = value(&self.object("Secret", self.control(), name)?, key)?;
        let timeout = map.get("requestTimeout").map(|text| text.trim().parse::<u64>()).transpose().map_err(|_| {
            OutsideError::Failed(format!("`requestTimeout` of the ConfigMap `{config_map}` is no number of seconds"))
        })?;
        let timeout = timeout.filter(|seconds| *seconds > 0).map(Duration::from_secs);
        let access = Access { token: Some(token), timeout, ..Access::default() };
        let answer = Plugin::new(address, &access).and_then(|plugin| plugin.parameters(self.set, input));
        let answer = answer.map_err(source::<ServiceError>)?;
        self.answers.keep(question, Answer::Parameters(answer.clone()));
        Ok(answer)
    }
}

fn source<E: std::error::Error + Send + Sync + 'static>(error: E) -> OutsideError {
    OutsideError::Source(Box::new(error))
}

/// What a service is asked, as a text that tells questions apart.
fn question(of: &impl serde::Serialize) -> Result<String, OutsideError> {
    serde_json::to_string(of).map_err(source)
}

/// A value of a Secret.
fn value(secret: &Object, key: &str) -> Result<Secret<String>, OutsideError> {
    let missing = || OutsideError::Failed(format!("the Secret `{}` has no text under `{key}`", secret.name()));
    let data = secret.secret_data();
    let encoded = data.get(key).and_then(|value| value.reveal(&Reveal::granted(Purpose::Connection)).as_str());
    let bytes = STANDARD.decode(encoded.ok_or_else(missing)?).map_err(|_| missing())?;
    String::from_utf8(bytes).map(Secret::new).map_err(|_| missing())
}
