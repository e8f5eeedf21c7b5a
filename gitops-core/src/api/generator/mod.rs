//! Generators of an ApplicationSet: where its parameters come from.

mod cluster;
mod git;
mod list;
mod plugin;
mod pull_request;
mod scm_provider;

pub use cluster::{ClusterGenerator, DuckTypeGenerator};
pub use git::{GitDirectoryItem, GitFileItem, GitGenerator};
pub use list::ListGenerator;
pub use plugin::{PluginConfigMapRef, PluginGenerator, PluginInput};
pub use pull_request::{
    PullRequestAzureDevOps, PullRequestBitbucket, PullRequestBitbucketServer, PullRequestFilter, PullRequestGenerator,
    PullRequestGitLab, PullRequestGitea, PullRequestGithub,
};
pub use scm_provider::{
    ScmAwsCodeCommit, ScmAzureDevOps, ScmBitbucket, ScmBitbucketServer, ScmFilter, ScmGitea, ScmGithub, ScmGitlab,
    ScmProviderGenerator, TagFilter,
};

use super::application_set::ApplicationSetTemplate;
use super::meta::LabelSelector;
use super::schema::schema;

schema! {
    /// A generator; just one of its fields but `selector` is given.
    pub struct ApplicationSetGenerator {
        /// A list of parameters.
        pub list: Option<ListGenerator> => "list",
        /// The clusters that are known.
        pub clusters: Option<ClusterGenerator> => "clusters",
        /// Directories or files of a Git repository.
        pub git: Option<GitGenerator> => "git",
        /// Repositories of an organization.
        pub scm_provider: Option<ScmProviderGenerator> => "scmProvider",
        /// Clusters that another object's status names.
        pub cluster_decision_resource: Option<DuckTypeGenerator> => "clusterDecisionResource",
        /// Open pull requests.
        pub pull_request: Option<PullRequestGenerator> => "pullRequest",
        /// All combinations of two generators.
        pub matrix: Option<MatrixGenerator> => "matrix",
        /// Generators joined by keys.
        pub merge: Option<MergeGenerator> => "merge",
        /// What must hold of the parameters.
        pub selector: Option<LabelSelector> => "selector",
        /// A service that is asked.
        pub plugin: Option<PluginGenerator> => "plugin",
    }

    /// A generator inside a matrix or merge generator.
    pub struct NestedGenerator {
        /// A list of parameters.
        pub list: Option<ListGenerator> => "list",
        /// The clusters that are known.
        pub clusters: Option<ClusterGenerator> => "clusters",
        /// Directories or files of a Git repository.
        pub git: Option<GitGenerator> => "git",
        /// Repositories of an organization.
        pub scm_provider: Option<ScmProviderGenerator> => "scmProvider",
        /// Clusters that another object's status names.
        pub cluster_decision_resource: Option<DuckTypeGenerator> => "clusterDecisionResource",
        /// Open pull requests.
        pub pull_request: Option<PullRequestGenerator> => "pullRequest",
        /// All combinations of two generators.
        pub matrix: Option<NestedMatrixGenerator> => "matrix",
        /// Generators joined by keys.
        pub merge: Option<NestedMergeGenerator> => "merge",
        /// What must hold of the parameters.
        pub selector: Option<LabelSelector> => "selector",
        /// A service that is asked.
        pub plugin: Option<PluginGenerator> => "plugin",
    }

    /// A generator at the third level, where matrix and merge are not to be had.
    pub struct TerminalGenerator {
        /// A list of parameters.
        pub list: Option<ListGenerator> => "list",
        /// The clusters that are known.
        pub clusters: Option<ClusterGenerator> => "clusters",
        /// Directories or files of a Git repository.
        pub git: Option<GitGenerator> => "git",
        /// Repositories of an organization.
        pub scm_provider: Option<ScmProviderGenerator> => "scmProvider",
        /// Clusters that another object's status names.
        pub cluster_decision_resource: Option<DuckTypeGenerator> => "clusterDecisionResource",
        /// Open pull requests.
        pub pull_request: Option<PullRequestGenerator> => "pullRequest",
        /// A service that is asked.
        pub plugin: Option<PluginGenerator> => "plugin",
        /// What must hold of the parameters.
        pub selector: Option<LabelSelector> => "selector",
    }

    /// All combinations of two generators.
    pub struct MatrixGenerator {
        /// The two; the second may use the first's parameters.
        pub generators: Vec<NestedGenerator> => "generators",
        /// Template that is merged over the set's.
        pub template: Option<ApplicationSetTemplate> => "template",
    }

    /// Generators whose parameters are joined.
    pub struct MergeGenerator {
        /// The generators; later ones win.
        pub generators: Vec<NestedGenerator> => "generators",
        /// Parameters that are equal where two sets belong together.
        pub merge_keys: Vec<String> => "mergeKeys",
        /// Template that is merged over the set's.
        pub template: Option<ApplicationSetTemplate> => "template",
    }

    /// A matrix generator inside a matrix or merge generator.
    pub struct NestedMatrixGenerator {
        /// The two; the second may use the first's parameters.
        pub generators: Vec<TerminalGenerator> => "generators",
    }

    /// A merge generator inside a matrix or merge generator.
    pub struct NestedMergeGenerator {
        /// The generators; later ones win.
        pub generators: Vec<TerminalGenerator> => "generators",
        /// Parameters that are equal where two sets belong together.
        pub merge_keys: Vec<String> => "mergeKeys",
    }

    /// A key of a Secret.
    pub struct SecretRef {
        /// Name of the Secret.
        pub secret_name: String => "secretName",
        /// The key.
        pub key: String => "key",
    }

    /// A key of a ConfigMap.
    pub struct ConfigMapKeyRef {
        /// Name of the ConfigMap.
        pub config_map_name: String => "configMapName",
        /// The key.
        pub key: String => "key",
    }

    /// A user and a password for Bitbucket.
    pub struct BasicAuth {
        /// The user.
        pub username: String => "username",
        /// Where the password is.
        pub password_ref: SecretRef => "passwordRef",
    }

    /// A token for Bitbucket.
    pub struct BearerToken {
        /// Where the token is.
        pub token_ref: SecretRef => "tokenRef",
    }
}
