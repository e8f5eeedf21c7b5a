use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `gitops appset …`
#[derive(Subcommand)]
pub(crate) enum AppSetCommand {
    /// Print the Applications that ApplicationSets make, without a cluster
    Generate(GenerateArguments),
    /// Show what ApplicationSets would change among the Applications of the cluster
    Diff(AppSetDiffArguments),
}

/// Which sets are expanded, and what their generators see.
#[derive(Args)]
pub(crate) struct ExpandArguments {
    /// Files that define ApplicationSets
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// A folder that is read in place of a repository's address; may be given several times
    #[arg(long = "repo-path", value_name = "URL=DIR")]
    pub folders: Vec<String>,
    /// Objects that generators see: Secrets of clusters, ConfigMaps, cluster decision resources; may be given several times
    #[arg(long = "clusters", value_name = "FILE")]
    pub objects: Vec<PathBuf>,
    /// Read patterns of files as Argo CD does with its new globbing: `*` ends at slashes
    #[arg(long)]
    pub new_git_file_globbing: bool,
    /// Namespace of the sets that name none, and of the Secrets of clusters
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub app_namespace: String,
}

#[derive(Args)]
pub(crate) struct GenerateArguments {
    #[command(flatten)]
    pub expand: ExpandArguments,
    /// How the Applications are shown
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub output: GenerateFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GenerateFormat {
    /// A document each
    Yaml,
    /// A list
    Json,
    /// Names only
    Name,
    Table,
}

#[derive(Args)]
pub(crate) struct AppSetDiffArguments {
    #[command(flatten)]
    pub expand: ExpandArguments,
    /// Return 1 where there are differences
    #[arg(long, value_name = "BOOL", default_value_t = true, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub exit_code: bool,
    /// How differences are shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: AppSetDiffFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AppSetDiffFormat {
    Text,
    Json,
}
