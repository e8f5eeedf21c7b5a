use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `gitops build`, with the flags of `kustomize build`
#[derive(Args)]
pub(crate) struct BuildArguments {
    /// A folder with a kustomization, or the address of one in another repository, such as
    /// `github.com/org/repo//base?ref=v1`
    #[arg(default_value = ".")]
    pub directory: PathBuf,
    /// Write to this file, or to a file an object where it is a folder
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Read nothing outside this folder: by default the Git repository that holds DIRECTORY, or the whole file system
    /// where none does
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Which files a kustomization may name
    #[arg(long, value_name = "WHICH", default_value = "LoadRestrictionsRootOnly")]
    pub load_restrictor: RestrictorChoice,
    /// The order of the objects where the kustomization has no `sortOptions`
    #[arg(long, value_name = "ORDER", default_value = "legacy")]
    pub reorder: ReorderChoice,
    /// Inflate the charts that `helmCharts` names, in this process
    #[arg(long)]
    pub enable_helm: bool,
    /// Kubernetes version that charts see
    #[arg(long, value_name = "VERSION", default_value = "")]
    pub helm_kube_version: String,
    /// API versions that charts see
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub helm_api_versions: Vec<String>,
    /// Refuse what is otherwise a warning: duplicate keys
    #[arg(long)]
    pub strict: bool,
    /// Use nothing from elsewhere that DIRECTORY's `gitops.lock` does not pin, and leave that file as it is
    #[arg(long)]
    pub locked: bool,
    /// Environment of functions, of which none is run: accepted and not used
    #[arg(short, long, value_name = "NAME=VALUE", hide_short_help = true)]
    pub env: Vec<String>,
    /// Who functions run as, of which none is run: accepted and not used
    #[arg(long, hide_short_help = true)]
    pub as_current_user: bool,
    /// A `helm` program, which is not started: charts are rendered in this process
    #[arg(long, value_name = "PROGRAM", hide = true)]
    pub helm_command: Option<String>,
    /// Debug output of a `helm` program: accepted and not used
    #[arg(long, hide = true)]
    pub helm_debug: bool,
    /// Add the label `app.kubernetes.io/managed-by`
    #[arg(long)]
    pub enable_managedby_label: bool,
    #[command(flatten)]
    pub refused: RefusedFlags,
}

/// Flags of plugins and functions, which start programs.
#[derive(Args)]
pub(crate) struct RefusedFlags {
    #[arg(long, hide = true)]
    enable_alpha_plugins: bool,
    #[arg(long, hide = true)]
    enable_exec: bool,
    #[arg(long, hide = true)]
    enable_star: bool,
    #[arg(long, hide = true)]
    network: bool,
    #[arg(long, value_name = "NAME", hide = true)]
    network_name: Option<String>,
    #[arg(long, value_name = "MOUNT", hide = true)]
    mount: Vec<String>,
}

impl RefusedFlags {
    /// The first of them that was given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let all = [
            (self.enable_alpha_plugins, "--enable-alpha-plugins"),
            (self.enable_exec, "--enable-exec"),
            (self.enable_star, "--enable-star"),
            (self.network, "--network"),
            (self.network_name.is_some(), "--network-name"),
            (!self.mount.is_empty(), "--mount"),
        ];
        all.into_iter().find_map(|(given, name)| given.then_some(name))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RestrictorChoice {
    /// Those in and below its own folder
    #[value(name = "LoadRestrictionsRootOnly", alias = "rootOnly")]
    RootOnly,
    /// All below the root
    #[value(name = "LoadRestrictionsNone", alias = "none")]
    None,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReorderChoice {
    /// By kind: namespaces first, webhooks last
    Legacy,
    /// As they were loaded
    None,
}
