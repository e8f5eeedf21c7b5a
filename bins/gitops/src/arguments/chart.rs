use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `gitops chart …`, with the words of helm
#[derive(Subcommand)]
pub(crate) enum ChartCommand {
    /// Get a chart's archive from a repository or registry
    #[command(visible_alias = "fetch")]
    Pull(PullArguments),
    /// Print what a chart says of itself
    #[command(visible_alias = "inspect")]
    Show(ShowArguments),
    /// The charts that a chart asks for
    #[command(visible_alias = "dep")]
    Dependency {
        #[command(subcommand)]
        command: DependencyCommand,
    },
}

#[derive(Subcommand)]
pub(crate) enum DependencyCommand {
    /// Put them into `charts/` at the versions of `Chart.lock`, and pin their digests in `gitops.lock`
    Build(DependencyBuildArguments),
    /// List them, and which of them are there
    #[command(visible_alias = "ls")]
    List(DependencyListArguments),
}

/// Where a chart is, and who we are there.
#[derive(Args, Clone, Default)]
pub(crate) struct ChartSourceArguments {
    /// The repository that the chart is in
    #[arg(long, value_name = "URL")]
    pub repo: Option<String>,
    /// The version of the chart, or a range of versions; the highest that is no pre-release where none is given
    #[arg(long, value_name = "VERSION", default_value = "")]
    pub version: String,
    /// Take pre-releases too where no version is given
    #[arg(long)]
    pub devel: bool,
    #[command(flatten)]
    pub access: AccessArguments,
}

/// Who we are for a repository or registry.
#[derive(Args, Clone, Default)]
pub(crate) struct AccessArguments {
    /// Who to be there
    #[arg(long, value_name = "NAME", requires = "password")]
    pub username: Option<String>,
    /// The password; better in the environment, where other people's `ps` does not show it
    #[arg(long, value_name = "PASSWORD", env = "GITOPS_CHART_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// Send them to other hosts that the repository names too
    #[arg(long)]
    pub pass_credentials: bool,
    /// Certificates of authorities to trust beside those of the machine, in PEM
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Our own certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "key_file")]
    pub cert_file: Option<PathBuf>,
    /// Its key, in PEM
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    pub key_file: Option<PathBuf>,
    /// Trust any server: anybody on the way can read and change what is sent
    #[arg(long)]
    pub insecure_skip_tls_verify: bool,
    /// Ask over unencrypted connections
    #[arg(long)]
    pub plain_http: bool,
}

/// `gitops chart pull`
#[derive(Args)]
pub(crate) struct PullArguments {
    /// The chart: the URL of an archive, `oci://HOST/PATH`, or with --repo a name
    pub chart: String,
    #[command(flatten)]
    pub source: ChartSourceArguments,
    /// Write into this folder
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub destination: PathBuf,
    /// Unpack the archive, and don't keep it
    #[arg(long)]
    pub untar: bool,
    /// Unpack into this folder of the destination
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub untardir: PathBuf,
    /// Take only what `gitops.lock` in the current folder pins
    #[arg(long)]
    pub locked: bool,
}

/// `gitops chart show`
#[derive(Args)]
pub(crate) struct ShowArguments {
    /// What to print
    pub part: ShowPart,
    /// The chart: a folder, an archive, the URL of one, `oci://HOST/PATH`, or with --repo a name
    pub chart: String,
    #[command(flatten)]
    pub source: ChartSourceArguments,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowPart {
    /// `Chart.yaml`
    Chart,
    /// `values.yaml`
    Values,
    /// The description
    Readme,
    /// The files in `crds`
    Crds,
    /// All of it
    All,
}

/// `gitops chart dependency build`
#[derive(Args)]
pub(crate) struct DependencyBuildArguments {
    /// The chart's folder
    #[arg(default_value = ".")]
    pub chart: PathBuf,
    /// Look for new versions in the place of those that `Chart.lock` has, and write it anew
    #[arg(long)]
    pub update: bool,
    /// Take only what the chart's `gitops.lock` pins, and leave that file as it is
    #[arg(long, conflicts_with = "update")]
    pub locked: bool,
    #[command(flatten)]
    pub access: AccessArguments,
}

/// `gitops chart dependency list`
#[derive(Args)]
pub(crate) struct DependencyListArguments {
    /// The chart's folder or archive
    #[arg(default_value = ".")]
    pub chart: String,
    /// How the list is shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: ListFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Text,
    Json,
}
