//! What can be typed.

mod app;
mod appset;
mod build;
mod chart;
mod preview;
mod shared;
mod template;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use app::{
    AppCommand, ConfirmDeletionArguments, CreateArguments, DeleteArguments, GetArguments, HistoryArguments,
    ListArguments,
};
pub(crate) use app::{ManifestsArguments, ManifestsSource, RollbackArguments, SyncPolicyChoice};
pub(crate) use appset::{
    AppSetCommand, AppSetDiffArguments, AppSetDiffFormat, ExpandArguments, GenerateArguments, GenerateFormat,
};
pub(crate) use build::{BuildArguments, ReorderChoice, RestrictorChoice};
pub(crate) use chart::{
    AccessArguments, ChartCommand, ChartSourceArguments, DependencyBuildArguments, DependencyCommand,
    DependencyListArguments, ListFormat, PullArguments, ShowArguments, ShowPart,
};
pub(crate) use preview::{PreviewArguments, PreviewFormat};
pub(crate) use shared::{DiffArguments, DiffFormat, Format, RefreshArguments, SyncArguments, SyncFormat};
pub(crate) use template::{TemplateArguments, ValueArguments};

const EXIT_CODES: &str = "\
Exit codes:
  0  done; for diff: no difference
  1  diff, preview --exit-code: differences were found; sync, apply: something could not be applied, or a plan was refused;
     appset generate: some Applications could not be made
  2  an error: bad arguments, an unreadable source, an unreachable repository or cluster";

/// From a Git commit to a converged cluster, in one process
#[derive(Parser)]
#[command(name = "gitops", version, after_help = EXIT_CODES, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub global: GlobalArguments,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Clone)]
pub(crate) struct GlobalArguments {
    /// Talk to the Kubernetes cluster of this kubeconfig in place of the embedded one
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub kubeconfig: Option<PathBuf>,
    /// Talk to the Kubernetes cluster of this context in place of the embedded one, of the given kubeconfig or the usual ones
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub context: Option<String>,
    /// Where the embedded cluster, the repository cache and the audit trail are kept
    #[arg(
        long,
        global = true,
        env = "GITOPS_DATA_DIR",
        value_name = "DIR",
        default_value = ".gitops",
        help_heading = "Global options"
    )]
    pub data_dir: PathBuf,
    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub color: ColorChoice,
    /// Say more: once for what is read and called, twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// Switch off the embedded cluster's stand-ins for workload controllers; workloads then stay as they are written
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_simulation: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal only
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Bring the cluster to what Git says: resolve, render, diff, plan, apply
    Sync(SyncArguments),
    /// Say every write that a sync would make, before the first one happens
    Plan(PlanArguments),
    /// Carry out a saved plan, or refuse it where something moved
    Apply(ApplyArguments),
    /// Show how the cluster differs from Git
    Diff(DiffArguments),
    /// Print what an Application renders to
    Render(RenderArguments),
    /// Build a kustomization of a folder, as `kustomize build` does
    Build(BuildArguments),
    /// Render a chart, as `helm template` does
    Template(Box<TemplateArguments>),
    /// Get charts, show what they are, and put the charts that they ask for into them
    Chart {
        #[command(subcommand)]
        command: ChartCommand,
    },
    /// Say what a range of commits would change in every Application, without a cluster
    Preview(Box<PreviewArguments>),
    /// Define, show, sync and delete Applications
    App {
        #[command(subcommand)]
        command: AppCommand,
    },
    /// Expand ApplicationSets to the Applications that they make
    Appset {
        #[command(subcommand)]
        command: AppSetCommand,
    },
    /// Bring the kinds that Applications are kept in to a Kubernetes cluster; the embedded one has them
    Install,
    /// Print what the operator needs in its cluster
    Admin {
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// Show who deployed what, when and from which commit
    History(AuditArguments),
    /// Write a repository that tells a story, and walk through it on the embedded cluster
    Demo(DemoArguments),
    /// Print the completion script of a shell
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Evaluate Jsonnet for a parent process, over standard input and output
    #[command(hide = true)]
    JsonnetWorker,
}

/// `gitops plan`
#[derive(Args)]
pub(crate) struct PlanArguments {
    /// An Application's name, or a file that defines it
    pub application: String,
    /// How the plan is shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: PlanFormat,
    /// Save the plan, for `gitops apply`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub refresh: RefreshArguments,
    /// Delete what Git no longer has, whatever the Application says
    #[arg(long)]
    pub prune: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    Text,
    Json,
    /// A page that stands alone, with a picture of the graph
    Html,
    /// Graphviz
    Dot,
}

/// `gitops apply`
#[derive(Args)]
pub(crate) struct ApplyArguments {
    /// A plan that `gitops plan --out` saved
    pub plan: PathBuf,
    /// Give up waiting for health after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
}

/// `gitops render`
#[derive(Args)]
pub(crate) struct RenderArguments {
    /// An Application's name, or a file that defines it
    pub application: String,
    /// YAML or JSON
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub output: RenderFormat,
    /// Print values of Secrets too
    #[arg(long)]
    pub show_secrets: bool,
    #[command(flatten)]
    pub refresh: RefreshArguments,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RenderFormat {
    Yaml,
    Json,
}

/// `gitops admin`
#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// Print the operator's own objects: kinds, namespace, rights, Deployment and Service, for `kubectl apply --server-side -f -`
    Manifests(AdminManifestsArguments),
    /// Print everything that is kept in the cluster: Applications, AppProjects, ApplicationSets, inventories and settings
    Export(AdminExportArguments),
    /// Bring back what `export` printed
    Import(AdminImportArguments),
}

/// What is kept where.
#[derive(Args)]
pub(crate) struct BackupScopeArguments {
    /// Namespace of the installation
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub namespace: String,
    /// Further namespaces of Applications and ApplicationSets, separated by commas
    #[arg(long, value_name = "NAMESPACES", value_delimiter = ',')]
    pub application_namespaces: Vec<String>,
    /// Secrets too: credentials of repositories and clusters, and those of the settings, with their values
    #[arg(long)]
    pub secrets: bool,
}

/// `gitops admin export`
#[derive(Args)]
pub(crate) struct AdminExportArguments {
    #[command(flatten)]
    pub scope: BackupScopeArguments,
    /// Write to this file, which only its owner can read, in place of standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub out: String,
}

/// `gitops admin import`
#[derive(Args)]
pub(crate) struct AdminImportArguments {
    /// The file that `export` wrote, or `-` for standard input
    pub source: String,
    #[command(flatten)]
    pub scope: BackupScopeArguments,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Delete Applications, projects, sets and (with `--secrets`) Secrets that the backup does not have
    #[arg(long)]
    pub prune: bool,
    /// Leave out operations that were asked for or under way
    #[arg(long)]
    pub stop_operation: bool,
}

/// `gitops admin manifests`
#[derive(Args)]
pub(crate) struct AdminManifestsArguments {
    /// Only the kinds of Applications, projects and ApplicationSets: all that an operator outside of the cluster needs
    #[arg(long)]
    pub crds_only: bool,
    /// Let the operator deploy every kind, in place of the usual workloads
    #[arg(long, conflicts_with = "crds_only")]
    pub everything: bool,
    /// So many replicas that share the work
    #[arg(long, value_name = "COUNT", conflicts_with = "crds_only", value_parser = clap::value_parser!(u16).range(2..))]
    pub replicas: Option<u16>,
    /// The image of the operator
    #[arg(long, value_name = "IMAGE", conflicts_with = "crds_only")]
    pub image: Option<String>,
}

/// `gitops history`
#[derive(Args)]
pub(crate) struct AuditArguments {
    /// One Application's name; all where none is given
    pub application: Option<String>,
    /// How the records are shown; `json` is a record a line
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: AuditFormat,
    /// Namespace of the Application
    #[arg(short = 'N', long, value_name = "NAMESPACE", default_value = "argocd")]
    pub app_namespace: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    Text,
    /// With the objects and fields that changed
    Wide,
    Json,
}

/// `gitops demo`
#[derive(Args)]
pub(crate) struct DemoArguments {
    /// An empty or new folder for the repository
    pub directory: PathBuf,
    /// Only write the repository; don't sync it
    #[arg(long)]
    pub write_only: bool,
}
