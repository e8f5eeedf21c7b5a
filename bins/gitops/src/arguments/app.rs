use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::shared::{DiffArguments, Format, RefreshArguments, SyncArguments};

/// `gitops app …`, with the words of Argo CD's command line.
#[derive(Subcommand)]
pub(crate) enum AppCommand {
    /// List Applications
    #[command(visible_alias = "ls")]
    List(ListArguments),
    /// Show an Application and its resources
    Get(GetArguments),
    /// Define an Application, from flags or a file
    Create(CreateArguments),
    /// Bring the cluster to what Git says
    Sync(SyncArguments),
    /// Show how the cluster differs from Git
    Diff(DiffArguments),
    /// Show the revisions that were deployed
    History(HistoryArguments),
    /// Put an Application back to an earlier revision, and quarantine the one it leaves
    Rollback(RollbackArguments),
    /// Delete an Application, and what it deployed
    Delete(DeleteArguments),
    /// Confirm the deletion of what is marked `Prune=confirm` or `Delete=confirm`
    ConfirmDeletion(ConfirmDeletionArguments),
    /// Print the objects of an Application, from Git or from the cluster
    Manifests(ManifestsArguments),
}

#[derive(Args)]
pub(crate) struct ListArguments {
    /// How the list is shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: Format,
    /// Only of these projects
    #[arg(short, long = "project", value_name = "PROJECT")]
    pub projects: Vec<String>,
    /// Only in this namespace; all where none is given
    #[arg(short = 'N', long, value_name = "NAMESPACE")]
    pub app_namespace: Option<String>,
}

#[derive(Args)]
pub(crate) struct GetArguments {
    /// The Application's name
    pub name: String,
    /// How it is shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: Format,
    /// Compare with Git and the cluster first
    #[arg(long)]
    pub refresh: bool,
    /// Namespace of the Application
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub app_namespace: String,
}

#[derive(Args)]
pub(crate) struct CreateArguments {
    /// The Application's name; not needed with --file
    #[arg(required_unless_present = "file")]
    pub name: Option<String>,
    /// A file that defines one or more Applications
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["name", "repo", "path"])]
    pub file: Option<PathBuf>,
    /// The repository: a path, file://, https:// or ssh address
    #[arg(long, value_name = "URL", required_unless_present = "file")]
    pub repo: Option<String>,
    /// The folder in the repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub path: String,
    /// The branch, tag, semver range or commit
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    pub revision: String,
    /// The project
    #[arg(long, value_name = "PROJECT", default_value = "default")]
    pub project: String,
    /// The cluster's address
    #[arg(long, value_name = "URL", default_value = "https://kubernetes.default.svc")]
    pub dest_server: String,
    /// The namespace for objects that name none
    #[arg(long, value_name = "NAMESPACE")]
    pub dest_namespace: Option<String>,
    /// `automated` or `none`
    #[arg(long, value_name = "POLICY", default_value = "none")]
    pub sync_policy: SyncPolicyChoice,
    /// With an automated policy: delete what Git no longer has
    #[arg(long)]
    pub auto_prune: bool,
    /// With an automated policy: revert changes that are made by hand
    #[arg(long)]
    pub self_heal: bool,
    /// An option of every sync, such as `CreateNamespace=true`; may be given several times
    #[arg(long = "sync-option", value_name = "OPTION")]
    pub sync_options: Vec<String>,
    /// Read folders below the path too
    #[arg(long)]
    pub directory_recurse: bool,
    /// Replace an Application of this name
    #[arg(long)]
    pub upsert: bool,
    /// Namespace of the Application
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub app_namespace: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyncPolicyChoice {
    None,
    #[value(alias = "auto", alias = "automatic")]
    Automated,
}

#[derive(Args)]
pub(crate) struct HistoryArguments {
    /// The Application's name
    pub name: String,
    /// How it is shown; `name` prints ids only
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: Format,
    /// Namespace of the Application
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub app_namespace: String,
}

#[derive(Args)]
pub(crate) struct RollbackArguments {
    /// The Application's name
    pub name: String,
    /// An id of `gitops app history`; the one before the last where none is given
    pub id: Option<i64>,
    /// Delete what the earlier revision does not have
    #[arg(long)]
    pub prune: bool,
    /// Write the `git revert` of the commit that is left onto the tracked branch of a local repository
    #[arg(long)]
    pub revert: bool,
    /// Give up waiting for health after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Namespace of the Application
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub app_namespace: String,
}

#[derive(Args)]
pub(crate) struct DeleteArguments {
    /// The Applications' names
    #[arg(required = true)]
    pub names: Vec<String>,
    /// Delete what it deployed too
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub cascade: bool,
    /// Don't ask
    #[arg(short, long)]
    pub yes: bool,
    /// Delete what is marked `Delete=confirm` too
    #[arg(long)]
    pub confirm: bool,
    /// Wait until `gitops app confirm-deletion` confirms what is marked `Delete=confirm`
    #[arg(long, conflicts_with = "confirm")]
    pub await_confirmation: bool,
    /// Run no PreDelete and PostDelete hooks, and leave what other hooks left; the sources are then not needed
    #[arg(long)]
    pub no_hooks: bool,
    /// Give up waiting for hooks and deletions after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Namespace of the Applications
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub app_namespace: String,
}

#[derive(Args)]
pub(crate) struct ConfirmDeletionArguments {
    /// The Application's name
    pub name: String,
    /// Namespace of the Application
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub app_namespace: String,
}

#[derive(Args)]
pub(crate) struct ManifestsArguments {
    /// The Application's name
    pub name: String,
    /// From where
    #[arg(long, value_name = "SOURCE", default_value = "git")]
    pub source: ManifestsSource,
    /// Print values of Secrets too
    #[arg(long)]
    pub show_secrets: bool,
    #[command(flatten)]
    pub refresh: RefreshArguments,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ManifestsSource {
    Git,
    Live,
}
