//! The generator over repositories of an organization.

use std::collections::BTreeMap;

use super::{BasicAuth, BearerToken, ConfigMapKeyRef, SecretRef};
use crate::api::application_set::ApplicationSetTemplate;
use crate::api::schema::schema;

schema! {
    /// Repositories of an organization; just one of the services is given.
    pub struct ScmProviderGenerator {
        /// GitHub.
        pub github: Option<ScmGithub> => "github",
        /// GitLab.
        pub gitlab: Option<ScmGitlab> => "gitlab",
        /// Bitbucket Cloud.
        pub bitbucket: Option<ScmBitbucket> => "bitbucket",
        /// Bitbucket Server.
        pub bitbucket_server: Option<ScmBitbucketServer> => "bitbucketServer",
        /// Gitea.
        pub gitea: Option<ScmGitea> => "gitea",
        /// Azure DevOps.
        pub azure_dev_ops: Option<ScmAzureDevOps> => "azureDevOps",
        /// What must hold of a repository; one filter is enough.
        pub filters: Option<Vec<ScmFilter>> => "filters",
        /// `ssh` or `https`, for the URLs.
        pub clone_protocol: Option<String> => "cloneProtocol",
        /// Seconds between two looks.
        pub requeue_after_seconds: Option<i64> => "requeueAfterSeconds",
        /// Template that is merged over the set's.
        pub template: Option<ApplicationSetTemplate> => "template",
        /// Further parameters, under `values`.
        pub values: Option<BTreeMap<String, String>> => "values",
        /// AWS CodeCommit.
        pub aws_code_commit: Option<ScmAwsCodeCommit> => "awsCodeCommit",
    }

    /// Repositories on Gitea.
    pub struct ScmGitea {
        /// Organization or user.
        pub owner: String => "owner",
        /// URL of the service.
        pub api: String => "api",
        /// Where the token is.
        pub token_ref: Option<SecretRef> => "tokenRef",
        /// Whether all branches are taken, not only the default one.
        pub all_branches: Option<bool> => "allBranches",
        /// Whether the service's certificate is not checked.
        pub insecure: Option<bool> => "insecure",
        /// Whether archived repositories are left out.
        pub exclude_archived_repos: Option<bool> => "excludeArchivedRepos",
    }

    /// Repositories on GitHub.
    pub struct ScmGithub {
        /// Organization.
        pub organization: String => "organization",
        /// URL of the service, where it is an own one.
        pub api: Option<String> => "api",
        /// Where the token is.
        pub token_ref: Option<SecretRef> => "tokenRef",
        /// Secret with a GitHub App's credentials.
        pub app_secret_name: Option<String> => "appSecretName",
        /// Whether all branches are taken, not only the default one.
        pub all_branches: Option<bool> => "allBranches",
        /// Whether archived repositories are left out.
        pub exclude_archived_repos: Option<bool> => "excludeArchivedRepos",
    }

    /// Repositories on GitLab.
    pub struct ScmGitlab {
        /// Group, by number or path.
        pub group: String => "group",
        /// Whether groups inside it count too.
        pub include_subgroups: Option<bool> => "includeSubgroups",
        /// URL of the service, where it is an own one.
        pub api: Option<String> => "api",
        /// Where the token is.
        pub token_ref: Option<SecretRef> => "tokenRef",
        /// Whether all branches are taken, not only the default one.
        pub all_branches: Option<bool> => "allBranches",
        /// Whether the service's certificate is not checked.
        pub insecure: Option<bool> => "insecure",
        /// Whether projects that are shared with the group count too; they do where absent.
        pub include_shared_projects: Option<bool> => "includeSharedProjects",
        /// Topic that a project must have.
        pub topic: Option<String> => "topic",
        /// Where the service's certificate authority is.
        pub ca_ref: Option<ConfigMapKeyRef> => "caRef",
        /// Whether archived projects count too.
        pub include_archived_repos: Option<bool> => "includeArchivedRepos",
    }

    /// Repositories on Bitbucket Cloud.
    pub struct ScmBitbucket {
        /// Workspace.
        pub owner: String => "owner",
        /// User.
        pub user: String => "user",
        /// Where the password is.
        pub app_password_ref: SecretRef => "appPasswordRef",
        /// Whether all branches are taken, not only the main one.
        pub all_branches: Option<bool> => "allBranches",
    }

    /// Repositories on Bitbucket Server.
    pub struct ScmBitbucketServer {
        /// Project.
        pub project: String => "project",
        /// URL of the service.
        pub api: String => "api",
        /// User and password.
        pub basic_auth: Option<BasicAuth> => "basicAuth",
        /// Whether all branches are taken, not only the default one.
        pub all_branches: Option<bool> => "allBranches",
        /// Token.
        pub bearer_token: Option<BearerToken> => "bearerToken",
        /// Whether the service's certificate is not checked.
        pub insecure: Option<bool> => "insecure",
        /// Where the service's certificate authority is.
        pub ca_ref: Option<ConfigMapKeyRef> => "caRef",
    }

    /// Repositories on Azure DevOps.
    pub struct ScmAzureDevOps {
        /// Organization.
        pub organization: String => "organization",
        /// URL of the service, where it is an own one.
        pub api: Option<String> => "api",
        /// Project.
        pub team_project: String => "teamProject",
        /// Where the token is.
        pub access_token_ref: SecretRef => "accessTokenRef",
        /// Whether all branches are taken, not only the default one.
        pub all_branches: Option<bool> => "allBranches",
    }

    /// Repositories on AWS CodeCommit.
    pub struct ScmAwsCodeCommit {
        /// Tags that a repository must have.
        pub tag_filters: Option<Vec<TagFilter>> => "tagFilters",
        /// Role to take on.
        pub role: Option<String> => "role",
        /// Region.
        pub region: Option<String> => "region",
        /// Whether all branches are taken, not only the default one.
        pub all_branches: Option<bool> => "allBranches",
    }

    /// A tag of AWS.
    pub struct TagFilter {
        /// Key.
        pub key: String => "key",
        /// Value; any where absent.
        pub value: Option<String> => "value",
    }

    /// What must hold of a repository; all that is given must.
    pub struct ScmFilter {
        /// Regular expression for its name.
        pub repository_match: Option<String> => "repositoryMatch",
        /// Paths it has.
        pub paths_exist: Option<Vec<String>> => "pathsExist",
        /// Paths it has not.
        pub paths_do_not_exist: Option<Vec<String>> => "pathsDoNotExist",
        /// Regular expression for one of its labels.
        pub label_match: Option<String> => "labelMatch",
        /// Regular expression for the branch.
        pub branch_match: Option<String> => "branchMatch",
    }
}
