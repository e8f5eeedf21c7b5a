use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `gitops sync` and `gitops app sync`
#[derive(Args)]
pub(crate) struct SyncArguments {
    /// Applications, each by its name or by a file that defines one or more. Those that `gitops.engine/depends-on` names come first,
    /// and are waited for
    #[arg(required = true, value_name = "APPLICATION")]
    pub applications: Vec<String>,
    #[command(flatten)]
    pub refresh: RefreshArguments,
    /// Delete what Git no longer has, whatever the Application says
    #[arg(long)]
    pub prune: bool,
    /// Plan, but write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Have the API server check every write before the first one is made
    #[arg(long)]
    pub rehearse: bool,
    /// Delete what is marked `Prune=confirm` too
    #[arg(long)]
    pub confirm: bool,
    /// Wait until `gitops app confirm-deletion` confirms what is marked `Prune=confirm`, in place of keeping it
    #[arg(long, conflicts_with = "confirm")]
    pub await_confirmation: bool,
    /// Sync only this resource, as `GROUP:KIND:NAME` or `GROUP:KIND:NAMESPACE/NAME`; may be given several times
    #[arg(long = "resource", value_name = "RESOURCE")]
    pub resources: Vec<String>,
    /// Delete at most so many objects
    #[arg(long, value_name = "COUNT")]
    pub prune_budget: Option<usize>,
    /// Give up waiting for health after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Don't wait until the resources are healthy; between waves it is waited all the same
    #[arg(long)]
    pub no_wait: bool,
    /// How the result is shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: SyncFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyncFormat {
    Text,
    Json,
}

/// Which state of the source is looked at, and how strictly.
#[derive(Args, Clone)]
pub(crate) struct RefreshArguments {
    /// A branch, tag, semver range or commit in place of the Application's target revision
    #[arg(long, value_name = "REVISION")]
    pub revision: Option<String>,
    /// Refuse what is otherwise a warning: duplicate objects, duplicate keys, unknown fields
    #[arg(long)]
    pub strict: bool,
    /// Use nothing from elsewhere that `gitops.lock` beside the source's files does not pin
    #[arg(long)]
    pub locked: bool,
    /// Namespace of the Application
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub app_namespace: String,
}

/// `gitops diff` and `gitops app diff`
#[derive(Args)]
pub(crate) struct DiffArguments {
    /// An Application's name, or a file that defines it
    pub application: String,
    /// Return 1 where there are differences
    #[arg(long, value_name = "BOOL", default_value_t = true, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub exit_code: bool,
    /// How differences are shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: DiffFormat,
    /// Write to a file in place of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub refresh: RefreshArguments,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    Text,
    Json,
    /// RFC 6902, object by object
    JsonPatch,
    /// A page that stands alone
    Html,
}

/// How lists and single things are shown.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table
    Text,
    /// A table with more columns
    Wide,
    /// Names only
    Name,
    Json,
    Yaml,
}
