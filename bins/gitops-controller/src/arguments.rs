//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};
use gitops_controller::operator::OperatorOptions;

/// Keeps the Applications of a cluster as their sources say
#[derive(Parser)]
#[command(name = "gitops-controller", version)]
pub(crate) struct Arguments {
    /// Keep the Applications that the files of this folder define, on the embedded cluster; no other cluster is needed
    #[arg(long, value_name = "DIR", conflicts_with_all = ["kubeconfig", "context"])]
    pub embedded: Option<PathBuf>,
    /// Talk to the cluster of this kubeconfig in place of the one that this runs in
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Talk to the cluster of this context
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The namespace of the Applications
    #[arg(long, short, value_name = "NAME", env = "ARGOCD_NAMESPACE", default_value = "argocd")]
    pub namespace: String,
    /// Where fetched repositories, renders, the audit trail and the embedded cluster are kept
    #[arg(long, value_name = "DIR", env = "GITOPS_DATA_DIR", default_value = ".gitops")]
    pub data_dir: PathBuf,
    /// How many seconds lie between two questions to a repository
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub poll: Option<u32>,
    /// How many Applications are looked at side by side: by default four for each processor, and 8 to 20
    #[arg(long, value_name = "COUNT", default_value_t = OperatorOptions::default().parallel, hide_default_value = true)]
    pub parallel: usize,
    /// Open repositories on this machine below this folder; may be repeated. On the embedded cluster: anywhere
    #[arg(long, value_name = "DIR")]
    pub allow_local_repositories: Vec<PathBuf>,
    /// Start this program where a cluster's Secret has its credential printed by it; may be repeated. By default: none
    #[arg(long, value_name = "PROGRAM")]
    pub allow_credential_program: Vec<String>,
    /// Call clusters with this process's own account of a cloud where their Secrets ask for it, as Argo CD's program argocd-k8s-auth does;
    /// may be repeated. By default: none. Whoever may write such Secrets may then have the account's tokens sent to a server of his own
    #[arg(long, value_name = "CLOUD", value_parser = ["aws", "gcp", "azure"])]
    pub allow_cloud_identity: Vec<String>,
    /// Serve /metrics, /healthz, /readyz and /api/webhook at this address, such as 127.0.0.1:8082
    #[arg(long, value_name = "ADDRESS", env = "GITOPS_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Do nothing, and tell what would be done: beside another controller, before taking over from it
    #[arg(long)]
    pub observe_only: bool,
    /// Work at Applications that another controller, such as Argo CD's, has been working at within the last ten minutes; without this, each
    /// one is left until it has the annotation `gitops.engine/take-over: "true"`, or that controller has ended
    #[arg(long, conflicts_with = "observe_only")]
    pub take_over: bool,
    /// How many objects a source may render to [default: 20000]. An API server keeps no status that names many more
    #[arg(long, value_name = "COUNT")]
    pub max_objects: Option<usize>,
    #[command(flatten)]
    pub replicas: ReplicaArguments,
    #[command(flatten)]
    pub traces: TraceArguments,
    /// How events are printed
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// Evaluates Jsonnet for another process
    #[arg(long, hide = true)]
    pub jsonnet_worker: bool,
}

/// Where spans of the work are sent, under Argo CD's names. The variables `OTEL_*` of OpenTelemetry serve too.
#[derive(Args)]
pub(crate) struct TraceArguments {
    /// Send traces to this collector, by OTLP as protobuf over HTTP: HOST:PORT, or a URL; off unless this or
    /// OTEL_EXPORTER_OTLP_ENDPOINT is given
    #[arg(long, value_name = "ADDRESS", env = "ARGOCD_APPLICATION_CONTROLLER_OTLP_ADDRESS")]
    pub otlp_address: Option<String>,
    /// Talk to HOST:PORT without TLS
    #[arg(long, value_name = "BOOL", env = "ARGOCD_APPLICATION_CONTROLLER_OTLP_INSECURE", default_value = "true", action = clap::ArgAction::Set)]
    pub otlp_insecure: bool,
    /// Headers of every call to the collector, as KEY=VALUE, separated by commas
    #[arg(
        long,
        value_name = "HEADERS",
        env = "ARGOCD_APPLICATION_CONTROLLER_OTLP_HEADERS",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub otlp_headers: Vec<String>,
    /// Attributes of this process, as KEY:VALUE, separated by commas
    #[arg(long, value_name = "ATTRIBUTES", env = "ARGOCD_APPLICATION_CONTROLLER_OTLP_ATTRS", value_delimiter = ',')]
    pub otlp_attrs: Vec<String>,
}

/// How the work is shared with other replicas.
#[derive(Args)]
pub(crate) struct ReplicaArguments {
    /// Share the work with other replicas, which agree by Leases who does what; one that ends or dies is stood in for
    #[arg(long, conflicts_with = "embedded")]
    pub replicas_by_lease: bool,
    /// Into how many parts the Applications are divided, equal for all replicas
    #[arg(long, value_name = "COUNT", default_value_t = 8, requires = "replicas_by_lease", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub shards: u32,
    /// What this replica is called, unlike any other [default: the name of the host, and something random]
    #[arg(long, value_name = "NAME", requires = "replicas_by_lease")]
    pub identity: Option<String>,
    /// For how many seconds after a replica's last renewal nobody takes its part
    #[arg(long, value_name = "SECONDS", default_value_t = 15, requires = "replicas_by_lease")]
    pub lease_duration: u32,
    /// For how many seconds after its last renewal a replica goes on working; less than the duration
    #[arg(long, value_name = "SECONDS", default_value_t = 10, requires = "replicas_by_lease")]
    pub renew_deadline: u32,
    /// How many seconds lie between two renewals
    #[arg(long, value_name = "SECONDS", default_value_t = 2, requires = "replicas_by_lease", value_parser = clap::value_parser!(u32).range(1..))]
    pub retry_period: u32,
}

/// How events are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// A line a person reads
    Text,
    /// A JSON object a line
    Json,
}
