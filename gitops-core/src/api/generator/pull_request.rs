//! The generator over open pull requests.

use std::collections::BTreeMap;

use super::{BasicAuth, BearerToken, ConfigMapKeyRef, SecretRef};
use crate::api::application_set::ApplicationSetTemplate;
use crate::api::schema::schema;

schema! {
    /// Open pull requests of a repository; just one of the services is given.
    pub struct PullRequestGenerator {
        /// GitHub.
        pub github: Option<PullRequestGithub> => "github",
        /// GitLab.
        pub gitlab: Option<PullRequestGitLab> => "gitlab",
        /// Gitea.
        pub gitea: Option<PullRequestGitea> => "gitea",
        /// Bitbucket Server.
        pub bitbucket_server: Option<PullRequestBitbucketServer> => "bitbucketServer",
        /// What must hold of a pull request; one filter is enough.
        pub filters: Option<Vec<PullRequestFilter>> => "filters",
        /// Seconds between two looks.
        pub requeue_after_seconds: Option<i64> => "requeueAfterSeconds",
        /// Template that is merged over the set's.
        pub template: Option<ApplicationSetTemplate> => "template",
        /// Bitbucket Cloud.
        pub bitbucket: Option<PullRequestBitbucket> => "bitbucket",
        /// Azure DevOps.
        pub azure_dev_ops: Option<PullRequestAzureDevOps> => "azuredevops",
        /// Further parameters, under `values`.
        pub values: Option<BTreeMap<String, String>> => "values",
        /// Whether a repository that does not exist has no pull requests, rather than being an error.
        pub continue_on_repo_not_found_error: Option<bool> => "continueOnRepoNotFoundError",
    }

    /// Pull requests on Gitea.
    pub struct PullRequestGitea {
        /// Organization or user.
        pub owner: String => "owner",
        /// Repository.
        pub repo: String => "repo",
        /// URL of the service.
        pub api: String => "api",
        /// Where the token is.
        pub token_ref: Option<SecretRef> => "tokenRef",
        /// Whether the service's certificate is not checked.
        pub insecure: Option<bool> => "insecure",
        /// Labels that a pull request must have.
        pub labels: Option<Vec<String>> => "labels",
    }

    /// Pull requests on Azure DevOps.
    pub struct PullRequestAzureDevOps {
        /// Organization.
        pub organization: String => "organization",
        /// Project.
        pub project: String => "project",
        /// Repository.
        pub repo: String => "repo",
        /// URL of the service, where it is an own one.
        pub api: Option<String> => "api",
        /// Where the token is.
        pub token_ref: Option<SecretRef> => "tokenRef",
        /// Labels that a pull request must have.
        pub labels: Option<Vec<String>> => "labels",
    }

    /// Pull requests on GitHub.
    pub struct PullRequestGithub {
        /// Organization or user.
        pub owner: String => "owner",
        /// Repository.
        pub repo: String => "repo",
        /// URL of the service, where it is an own one.
        pub api: Option<String> => "api",
        /// Where the token is.
        pub token_ref: Option<SecretRef> => "tokenRef",
        /// Secret with a GitHub App's credentials.
        pub app_secret_name: Option<String> => "appSecretName",
        /// Labels that a pull request must have.
        pub labels: Option<Vec<String>> => "labels",
    }

    /// Merge requests on GitLab.
    pub struct PullRequestGitLab {
        /// Project, by number or path.
        pub project: String => "project",
        /// URL of the service, where it is an own one.
        pub api: Option<String> => "api",
        /// Where the token is.
        pub token_ref: Option<SecretRef> => "tokenRef",
        /// Labels that a merge request must have.
        pub labels: Option<Vec<String>> => "labels",
        /// State of the merge requests: empty for all, `opened`, `closed`, `merged` or `locked`.
        pub pull_request_state: Option<String> => "pullRequestState",
        /// Whether the service's certificate is not checked.
        pub insecure: Option<bool> => "insecure",
        /// Where the service's certificate authority is.
        pub ca_ref: Option<ConfigMapKeyRef> => "caRef",
    }

    /// Pull requests on Bitbucket Server.
    pub struct PullRequestBitbucketServer {
        /// Project.
        pub project: String => "project",
        /// Repository.
        pub repo: String => "repo",
        /// URL of the service.
        pub api: String => "api",
        /// User and password.
        pub basic_auth: Option<BasicAuth> => "basicAuth",
        /// Token.
        pub bearer_token: Option<BearerToken> => "bearerToken",
        /// Whether the service's certificate is not checked.
        pub insecure: Option<bool> => "insecure",
        /// Where the service's certificate authority is.
        pub ca_ref: Option<ConfigMapKeyRef> => "caRef",
    }

    /// Pull requests on Bitbucket Cloud.
    pub struct PullRequestBitbucket {
        /// Workspace.
        pub owner: String => "owner",
        /// Repository.
        pub repo: String => "repo",
        /// URL of the service, where it is an own one.
        pub api: Option<String> => "api",
        /// User and password.
        pub basic_auth: Option<BasicAuth> => "basicAuth",
        /// Token.
        pub bearer_token: Option<BearerToken> => "bearerToken",
    }

    /// What must hold of a pull request; all that is given must.
    pub struct PullRequestFilter {
        /// Regular expression for its branch.
        pub branch_match: Option<String> => "branchMatch",
        /// Regular expression for the branch it goes to.
        pub target_branch_match: Option<String> => "targetBranchMatch",
        /// Regular expression for its title.
        pub title_match: Option<String> => "titleMatch",
    }
}
