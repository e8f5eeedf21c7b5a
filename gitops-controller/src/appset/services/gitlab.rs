//! GitLab's REST API, version 4, as Argo CD asks it (applicationset/services, v3.5).

use gitops_core::Value;
use gitops_core::api::{PullRequestGitLab, ScmGitlab};
use reqwest::header::HeaderName;

use super::{Access, Service, ServiceError, clone_url, on_branch, text, texts};
use crate::appset::{PullRequest, ScmRepository};

const ADDRESS: &str = "https://gitlab.com";
const PAGE: (&str, &str) = ("per_page", "100");

/// GitLab, or a server of one's own.
pub(crate) struct Gitlab(Service);

impl Gitlab {
    pub(crate) fn new(api: Option<&str>, access: &Access) -> Result<Self, ServiceError> {
        let base = api.filter(|api| !api.is_empty()).unwrap_or(ADDRESS).trim_end_matches('/');
        let base = if base.ends_with("/api/v4") { format!("{base}/") } else { format!("{base}/api/v4/") };
        let header = |token: &str| (HeaderName::from_static("private-token"), token.to_owned());
        Ok(Self(Service::new(&base, access, header)?))
    }

    /// The branches of a group's projects.
    pub(crate) fn repositories(
        &self,
        of: &ScmGitlab,
        protocol: Option<&str>,
    ) -> Result<Vec<ScmRepository>, ServiceError> {
        let word = |said: bool| if said { "true" } else { "false" };
        let mut query = vec![
            PAGE,
            ("include_subgroups", word(of.include_subgroups == Some(true))),
            ("with_shared", word(of.include_shared_projects != Some(false))),
            ("topic", of.topic.as_deref().unwrap_or_default()),
        ];
        if of.include_archived_repos == Some(true) {
            query.push(("archived", "true"));
        }
        let listed = self.0.required_list(self.0.url(["groups", &of.group, "projects"], &query))?;
        let mut found = Vec::new();
        for one in &listed {
            let topics = texts(one, "/topics", "");
            let repository = ScmRepository {
                organization: text(one, "/namespace/full_path"),
                repository: text(one, "/path"),
                repository_id: one["id"].clone(),
                url: clone_url(protocol, text(one, "/ssh_url_to_repo"), text(one, "/http_url_to_repo"))?,
                labels: if topics.is_empty() { texts(one, "/tag_list", "") } else { topics },
                ..ScmRepository::default()
            };
            let default = text(one, "/default_branch");
            let branches = self.branches(&repository, &default, of.all_branches == Some(true))?;
            found.extend(branches.iter().map(|branch| on_branch(&repository, branch, "/commit/id")));
        }
        Ok(found)
    }

    /// All branches, or the default one; an empty project has none.
    fn branches(&self, of: &ScmRepository, default: &str, all: bool) -> Result<Vec<Value>, ServiceError> {
        let id = of.repository_id.to_string();
        let place = ["projects", &id, "repository", "branches"];
        if all {
            return Ok(self.0.list(self.0.url(place, &[PAGE]))?.unwrap_or_default());
        }
        Ok(self.0.get(&self.0.url(place.into_iter().chain([default]), &[]))?.into_iter().collect())
    }

    /// Whether a branch has a file or a folder.
    pub(crate) fn has_path(&self, of: &ScmRepository, path: &str) -> Result<bool, ServiceError> {
        let id = of.repository_id.to_string();
        let branch = ("ref", of.branch.as_str());
        let file = self.0.url(["projects", &id, "repository", "files", path], &[branch]);
        if self.0.has(&file)? {
            return Ok(true);
        }
        let folder = self.0.url(["projects", &id, "repository", "tree"], &[("path", path), branch]);
        // Some versions answer with an empty list where there is no such folder: Git has none that is empty.
        let listed = self.0.get(&folder)?;
        Ok(listed.as_ref().and_then(Value::as_array).is_some_and(|entries| !entries.is_empty()))
    }

    /// Merge requests, in the state that is asked for; none where there is no such project.
    pub(crate) fn pull_requests(&self, of: &PullRequestGitLab) -> Result<Option<Vec<PullRequest>>, ServiceError> {
        let labels = of.labels.as_ref().filter(|labels| !labels.is_empty()).map(|labels| labels.join(","));
        let mut query = vec![PAGE];
        query.extend(labels.as_deref().map(|labels| ("labels", labels)));
        query.extend(of.pull_request_state.as_deref().filter(|state| !state.is_empty()).map(|state| ("state", state)));
        let listed = self.0.list(self.0.url(["projects", &of.project, "merge_requests"], &query))?;
        Ok(listed.map(|all| all.iter().map(pull_request).collect()))
    }
}

fn pull_request(one: &Value) -> PullRequest {
    PullRequest {
        number: one["iid"].as_i64().unwrap_or_default(),
        title: text(one, "/title"),
        branch: text(one, "/source_branch"),
        target_branch: text(one, "/target_branch"),
        head_sha: text(one, "/sha"),
        labels: texts(one, "/labels", ""),
        author: text(one, "/author/username"),
    }
}
