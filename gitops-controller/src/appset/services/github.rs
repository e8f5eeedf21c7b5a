//! GitHub's REST API, as Argo CD asks it (applicationset/services, v3.5).

use gitops_core::Value;
use gitops_core::api::{PullRequestGithub, ScmGithub};

use super::{Access, Service, ServiceError, bearer, clone_url, on_branch, pull_requests, text, texts};
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

    /// Where the API of a server is that is named so.
    pub(crate) fn address(api: &str) -> String {
        own(api)
    }

    /// The branches of an organization's repositories.
    pub(crate) fn repositories(
        &self,
        of: &ScmGithub,
        protocol: Option<&str>,
    ) -> Result<Vec<ScmRepository>, ServiceError> {
        let listed = self.0.required_list(self.0.url(["orgs", &of.organization, "repos"], &[PAGE]))?;
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
            found.extend(branches.iter().map(|branch| on_branch(&repository, branch, "/commit/sha")));
        }
        Ok(found)
    }

    /// All branches, or the default one, which an empty repository has not.
    fn branches(&self, of: &ScmRepository, default: &str, all: bool) -> Result<Vec<Value>, ServiceError> {
        let place = ["repos", &of.organization, &of.repository, "branches"];
        if all {
            return self.0.required_list(self.0.url(place, &[PAGE]));
        }
        Ok(self.0.get(&self.0.url(place.into_iter().chain([default]), &[]))?.into_iter().collect())
    }

    /// Whether a branch has a path.
    pub(crate) fn has_path(&self, of: &ScmRepository, path: &str) -> Result<bool, ServiceError> {
        self.0.has_content(of, path)
    }

    /// Open pull requests; none where there is no such repository.
    pub(crate) fn pull_requests(&self, of: &PullRequestGithub) -> Result<Option<Vec<PullRequest>>, ServiceError> {
        let listed = self.0.list(self.0.url(["repos", &of.owner, &of.repo, "pulls"], &[PAGE]))?;
        Ok(listed.map(|all| pull_requests(&all, of.labels.as_ref())))
    }
}

/// The address of a server of one's own, below which its API is unless it says so itself.
fn own(api: &str) -> String {
    let base = format!("{}/", api.trim_end_matches('/'));
    let host = base.split_once("://").map_or(base.as_str(), |(_, rest)| rest).split('/').next().unwrap_or_default();
    let is_api = base.ends_with("/api/v3/") || host.starts_with("api.") || host.contains(".api.");
    if is_api { base } else { format!("{base}api/v3/") }
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
