//! What a Git server tells of pull requests, for the generators over them (Argo CD, applicationset/webhook, v3.5).

use gitops_core::Value;
use gitops_core::api::PullRequestGenerator;
use http::HeaderMap;

use super::provider::Provider;

/// What becomes of a pull request that may change what a generator gives, as GitHub and Gitea say it,
const ACTIONS: [&str; 8] =
    ["opened", "closed", "synchronize", "synchronized", "labeled", "label_updated", "reopened", "unlabeled"];
/// and as GitLab says it.
const GITLAB_ACTIONS: [&str; 5] = ["open", "close", "reopen", "update", "merge"];

/// A pull request of a repository that came to be, changed or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PullRequestChange {
    server: Server,
    /// The host that it is on.
    host: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Server {
    GitHub { owner: String, repository: String },
    Gitea { owner: String, repository: String },
    GitLab { id: String, path: String },
}

impl Provider {
    /// Whether the event is one of a pull request.
    pub(super) fn is_pull_request(self, headers: &HeaderMap) -> bool {
        let (header, event) = match self {
            Self::GitHub => ("x-github-event", "pull_request"),
            Self::Gogs => ("x-gogs-event", "pull_request"),
            Self::GitLab => ("x-gitlab-event", "Merge Request Hook"),
            _ => return false,
        };
        // Gitea tells apart what happened behind the name of the event.
        headers.get(header).and_then(|value| value.to_str().ok()).is_some_and(|said| said.starts_with(event))
    }

    /// The pull request that an event tells of; none where nothing changed that a generator gives.
    pub(super) fn pull_request(self, event: &Value) -> Option<PullRequestChange> {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (server, address) = match self {
            Self::GitLab => {
                let action = text("/object_attributes/action");
                let id = event.pointer("/object_attributes/target_project_id").map(Value::to_string);
                let server = Server::GitLab { id: id.unwrap_or_default(), path: text("/project/path_with_namespace") };
                GITLAB_ACTIONS.contains(&action.as_str()).then(|| (server, text("/project/web_url")))?
            }
            Self::GitHub | Self::Gogs => {
                if !ACTIONS.contains(&text("/action").as_str()) {
                    return None;
                }
                let (owner, repository) = (text("/repository/owner/login"), text("/repository/name"));
                match self {
                    Self::GitHub => (Server::GitHub { owner, repository }, text("/repository/url")),
                    _ => (Server::Gitea { owner, repository }, text("/repository/html_url")),
                }
            }
            _ => return None,
        };
        Some(PullRequestChange { server, host: host(&address) })
    }
}

impl PullRequestChange {
    /// Whether a generator may give something else since.
    pub(crate) fn concerns(&self, generator: &PullRequestGenerator) -> bool {
        let is_here =
            |api: Option<&str>, usual: &str| host(api.filter(|it| !it.is_empty()).unwrap_or(usual)) == self.host;
        match &self.server {
            Server::GitHub { owner, repository } => generator.github.as_ref().is_some_and(|one| {
                one.owner.eq_ignore_ascii_case(owner)
                    && one.repo.eq_ignore_ascii_case(repository)
                    && is_here(one.api.as_deref(), "https://api.github.com/")
            }),
            Server::Gitea { owner, repository } => generator.gitea.as_ref().is_some_and(|one| {
                one.owner.eq_ignore_ascii_case(owner)
                    && one.repo.eq_ignore_ascii_case(repository)
                    && is_here(Some(&one.api), "")
            }),
            Server::GitLab { id, path } => generator.gitlab.as_ref().is_some_and(|one| {
                (one.project == *id || one.project == *path) && is_here(one.api.as_deref(), "https://gitlab.com/")
            }),
        }
    }
}

/// The host of an address, without its port.
fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn generator(value: Value) -> PullRequestGenerator {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_pull_request_concerns_the_generator_of_its_repository() {
        let event = json!({"action": "synchronize", "repository": {
            "name": "Web", "owner": {"login": "team"}, "url": "https://api.github.com/repos/team/Web"}});
        let change = Provider::GitHub.pull_request(&event).unwrap();
        let github = |repo: &str, api: Value| generator(json!({"github": {"owner": "Team", "repo": repo, "api": api}}));
        assert!(change.concerns(&github("web", Value::Null)));
        assert!(!change.concerns(&github("shop", Value::Null)));
        assert!(!change.concerns(&github("web", json!("https://git.example/api/v3"))));
        let mut assigned = event;
        assigned["action"] = json!("assigned");
        assert_eq!(Provider::GitHub.pull_request(&assigned), None);
    }

    #[test]
    fn projects_of_gitlab_are_known_by_number_and_by_path() {
        let event = json!({"object_attributes": {"action": "open", "target_project_id": 7},
                           "project": {"web_url": "https://git.example:8443/team/web", "path_with_namespace": "team/web"}});
        let change = Provider::GitLab.pull_request(&event).unwrap();
        let gitlab =
            |project: &str| generator(json!({"gitlab": {"project": project, "api": "https://git.example:8443"}}));
        assert!(change.concerns(&gitlab("7")) && change.concerns(&gitlab("team/web")));
        assert!(!change.concerns(&gitlab("8")));
    }
}
