//! GitHub's REST API, as Argo CD asks it (applicationset/services, v3.5).

use gitops_core::Value;
use gitops_core::api::{PullRequestGithub, ScmGithub};

use super::{Access, Service, ServiceError, bearer, clone_url, has_all, text, texts};
use crate::appset::{PullRequest, ScmRepository};

/// Where GitHub's own API is.
const ADDRESS: &str = "https://api.github.com/";
const PAGE: (&str, &str) = ("per_page", "100");

/// GitHub, or a server of one's own.
pub(crate) struct Github(Service);

impl Github {
    pub(crate) fn new(api: Option<&str>, access: &Access) -> Result<Self, ServiceError> {
        let base = api.filter(|api| !api.is_empty()).map_or_else(|| ADDRESS.to_owned(), own);
        Ok(Self(Service::new(&base, access, bearer)?))
    }

    /// The branches of an organization's repositories.
    pub(crate) fn repositories(
        &self,
        of: &ScmGithub,
        protocol: Option<&str>,
    ) -> Result<Vec<ScmRepository>, ServiceError> {
        let url = self.0.url(["orgs", &of.organization, "repos"], &[PAGE]);
        let listed = self.0.list(url.clone())?.ok_or_else(|| missing(&url))?;
        let mut found = Vec::new();
        for one in &listed {
            if of.exclude_archived_repos == Some(true) && one["archived"] == true {
                continue;
            }
            let repository = ScmRepository {
                organization: text(one, "/owner/login"),
                repository: text(one, "/name"),
                repository_id: one["id"].clone(),
                url: clone_url(protocol, text(one, "/ssh_url"), text(one, "/clone_url"))?,
                labels: texts(one, "/topics", ""),
                ..ScmRepository::default()
            };
            let branches = self.branches(&repository, &text(one, "/default_branch"), of.all_branches == Some(true))?;
            found.extend(branches.iter().map(|branch| on_branch(&repository, branch)));
        }
        Ok(found)
    }

    /// All branches, or the default one, which an empty repository has not.
    fn branches(&self, of: &ScmRepository, default: &str, all: bool) -> Result<Vec<Value>, ServiceError> {
        let place = ["repos", &of.organization, &of.repository, "branches"];
        if all {
            let url = self.0.url(place, &[PAGE]);
            return self.0.list(url.clone())?.ok_or_else(|| missing(&url));
        }
        Ok(self.0.get(&self.0.url(place.into_iter().chain([default]), &[]))?.into_iter().collect())
    }

    /// Whether a branch has a path.
    pub(crate) fn has_path(&self, of: &ScmRepository, path: &str) -> Result<bool, ServiceError> {
        let place = ["repos", &of.organization, &of.repository, "contents"];
        self.0.has(&self.0.url(place.into_iter().chain(path.split('/')), &[("ref", &of.branch)]))
    }

    /// Open pull requests; none where there is no such repository.
    pub(crate) fn pull_requests(&self, of: &PullRequestGithub) -> Result<Option<Vec<PullRequest>>, ServiceError> {
        let listed = self.0.list(self.0.url(["repos", &of.owner, &of.repo, "pulls"], &[PAGE]))?;
        let pulls = |all: Vec<Value>| {
            all.iter().map(pull_request).filter(|pull| has_all(of.labels.as_ref(), &pull.labels)).collect()
        };
        Ok(listed.map(pulls))
    }
}

/// The address of a server of one's own, below which its API is unless it says so itself.
fn own(api: &str) -> String {
    let base = format!("{}/", api.trim_end_matches('/'));
    let host = base.split_once("://").map_or(base.as_str(), |(_, rest)| rest).split('/').next().unwrap_or_default();
    let is_api = base.ends_with("/api/v3/") || host.starts_with("api.") || host.contains(".api.");
    if is_api { base } else { format!("{base}api/v3/") }
}

fn missing(url: &reqwest::Url) -> ServiceError {
    ServiceError::Status { url: super::shown(url), status: 404, message: String::new() }
}

fn on_branch(of: &ScmRepository, branch: &Value) -> ScmRepository {
    ScmRepository { branch: text(branch, "/name"), sha: text(branch, "/commit/sha"), ..of.clone() }
}

fn pull_request(one: &Value) -> PullRequest {
    PullRequest {
        number: one["number"].as_i64().unwrap_or_default(),
        title: text(one, "/title"),
        branch: text(one, "/head/ref"),
        target_branch: text(one, "/base/ref"),
        head_sha: text(one, "/head/sha"),
        labels: texts(one, "/labels", "name"),
        author: text(one, "/user/login"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_one_s_own_have_the_api_below_them() {
        assert_eq!(own("https://git.example"), "https://git.example/api/v3/");
        assert_eq!(own("https://git.example/api/v3"), "https://git.example/api/v3/");
        assert_eq!(own("https://api.git.example/"), "https://api.git.example/");
    }
}
