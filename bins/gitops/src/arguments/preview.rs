use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `gitops preview`
#[derive(Args)]
pub(crate) struct PreviewArguments {
    /// The commits before and after, such as `main..HEAD`; one alone is compared with `HEAD`
    #[arg(value_name = "BASE..HEAD")]
    pub range: String,
    /// The repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repository: PathBuf,
    /// Look for Applications below this path of the repository only; may be given several times
    #[arg(long = "path", value_name = "PATH")]
    pub paths: Vec<String>,
    /// Applications that a file outside of the repository defines; may be given several times
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A `repoURL` that means this repository, beside those of its remotes `origin` and `upstream`
    #[arg(long = "repo-url", value_name = "URL")]
    pub addresses: Vec<String>,
    /// A branch whose `targetRevision` is the commit that is looked at, beside `HEAD`, the branch at hand and those that the
    /// range names
    #[arg(long = "branch", value_name = "BRANCH")]
    pub branches: Vec<String>,
    /// The version of Kubernetes that charts see
    #[arg(long, value_name = "VERSION", default_value = "")]
    pub kube_version: String,
    /// API versions that charts see beside those of Kubernetes
    #[arg(short, long, value_name = "VERSION", value_delimiter = ',')]
    pub api_versions: Vec<String>,
    /// How the preview is shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: PreviewFormat,
    /// Write to a file in place of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Return 1 where anything would change
    #[arg(long)]
    pub exit_code: bool,
    /// Refuse what is otherwise a warning: duplicate objects, duplicate keys
    #[arg(long)]
    pub strict: bool,
    /// Use nothing from elsewhere that `gitops.lock` beside the source's files does not pin
    #[arg(long)]
    pub locked: bool,
    /// Render everything anew, and keep nothing for later
    #[arg(long)]
    pub no_memo: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PreviewFormat {
    Text,
    /// For a comment on a pull request
    Markdown,
    Json,
    /// A page that stands alone
    Html,
}
