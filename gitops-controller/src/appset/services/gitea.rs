//! Gitea's REST API, which Forgejo has too, as Argo CD asks it (applicationset/services, v3.5), save that every page is read.

use gitops_core::Value;
use gitops_core::api::{PullRequestGitea, ScmGitea};
use reqwest::header::AUTHORIZATION;

use super::{Access, Service, ServiceError, clone_url, on_branch, pull_requests, shown, text, texts};
use crate::appset::{PullRequest, ScmRepository};

/// A server.
pub(crate) struct Gitea(Service);

impl Gitea {
    pub(crate) fn new(api: &str, access: &Access) -> Result<Self, ServiceError> {
        let base = format!("{}/api/v1/", api.trim_end_matches('/'));
        let header = |token: &str| (AUTHORIZATION, format!("token {token}"));
        Ok(Self(Service::new(&base, access, header)?))
    }

    /// The branches of an organization's repositories.
    pub(crate) fn repositories(
        &self,
        of: &ScmGitea,
        protocol: Option<&str>,
    ) -> Result<Vec<ScmRepository>, ServiceError> {
        let mut found = Vec::new();
        for one in &self.listed(&["orgs", &of.owner, "repos"])? {
            if of.exclude_archived_repos == Some(true) && one["archived"] == true {
                continue;
            }
            let name = text(one, "/name");
            let labels = Value::Array(self.listed(&["repos", &of.owner, &name, "labels"])?);
            let repository = ScmRepository {
                organization: of.owner.clone(),
                repository_id: one["id"].clone(),
                url: clone_url(protocol, text(one, "/ssh_url"), text(one, "/html_url"))?,
                labels: texts(&labels, "", "name"),
                repository: name,
                ..ScmRepository::default()
            };
            let default = text(one, "/default_branch");
            let branches = self.branches(&repository, &default, of.all_branches == Some(true))?;
            found.extend(branches.iter().map(|branch| on_branch(&repository, branch, "/commit/id")));
        }
        Ok(found)
    }

    fn branches(&self, of: &ScmRepository, default: &str, all: bool) -> Result<Vec<Value>, ServiceError> {
        let place = ["repos", &of.organization, &of.repository, "branches"];
        if all {
            return self.listed(&place);
        }
        let url = self.0.url(place.into_iter().chain([default]), &[]);
        let message = || format!("the default branch `{default}` of the repository `{}` is not there", of.repository);
        let found = self.0.get(&url)?;
        let found = found.ok_or_else(|| ServiceError::Status { url: shown(&url), status: 404, message: message() })?;
        Ok(vec![found])
    }

    fn listed(&self, place: &[&str]) -> Result<Vec<Value>, ServiceError> {
        self.0.required_list(self.0.url(place.iter().copied(), &[]))
    }

    /// Whether a branch has a path.
    pub(crate) fn has_path(&self, of: &ScmRepository, path: &str) -> Result<bool, ServiceError> {
        self.0.has_content(of, path)
    }

    /// Open pull requests; none where there is no such repository.
    pub(crate) fn pull_requests(&self, of: &PullRequestGitea) -> Result<Option<Vec<PullRequest>>, ServiceError> {
        let listed = self.0.list(self.0.url(["repos", &of.owner, &of.repo, "pulls"], &[("state", "open")]))?;
        Ok(listed.map(|all| pull_requests(&all, of.labels.as_ref())))
    }
}
