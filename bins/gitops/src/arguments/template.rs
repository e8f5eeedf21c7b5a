use std::path::PathBuf;

use clap::Args;

use super::chart::ChartSourceArguments;

/// `gitops template`, with the flags of `helm template`
#[derive(Args)]
pub(crate) struct TemplateArguments {
    /// The name of the release, and the chart: a folder, an archive, the URL of one, `oci://HOST/PATH`, or with --repo a
    /// name
    #[arg(value_name = "[NAME] CHART", required = true, num_args = 1..=2)]
    pub names: Vec<String>,
    #[command(flatten)]
    pub values: ValueArguments,
    /// The namespace of the release
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default")]
    pub namespace: String,
    /// The version of Kubernetes that the chart sees
    #[arg(long, value_name = "VERSION", default_value = "1.37.0")]
    pub kube_version: String,
    /// API versions that the chart sees beside those of Kubernetes
    #[arg(short, long, value_name = "VERSION", value_delimiter = ',')]
    pub api_versions: Vec<String>,
    /// Print the files in `crds` too
    #[arg(long)]
    pub include_crds: bool,
    /// Leave out the files in `crds`, which is so unless --include-crds is given
    #[arg(long, conflicts_with = "include_crds")]
    pub skip_crds: bool,
    /// Leave out the hooks of tests
    #[arg(long)]
    pub skip_tests: bool,
    /// Leave out all hooks
    #[arg(long)]
    pub no_hooks: bool,
    /// Print only what these templates give, such as `templates/service.yaml`
    #[arg(short, long, value_name = "PATH")]
    pub show_only: Vec<String>,
    /// A template that gives the name of the release
    #[arg(long, value_name = "TEMPLATE")]
    pub name_template: Option<String>,
    /// Render as for a release that is there already
    #[arg(long)]
    pub is_upgrade: bool,
    /// Hold the values against no schema
    #[arg(long)]
    pub skip_schema_validation: bool,
    #[command(flatten)]
    pub source: ChartSourceArguments,
    /// Put the charts that the chart asks for into its folder first, as `gitops chart dependency build --update` does
    #[arg(long)]
    pub dependency_update: bool,
    /// Name the release `release-name`, as `helm template` does without a name
    #[arg(short, long)]
    pub generate_name: bool,
    /// Write a file for each template into this folder
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    /// Write them into a folder of the release's name in it
    #[arg(long)]
    pub release_name: bool,
    /// Draw randomness from this text, so that the same templates give the same passwords again
    #[arg(long, value_name = "TEXT")]
    pub seed: Option<String>,
    /// What templates take for the time, in seconds since 1970
    #[arg(long, value_name = "SECONDS")]
    pub now: Option<i64>,
}

/// Where values come from. The kinds are carried out in this order, whatever the order of the flags.
#[derive(Args)]
pub(crate) struct ValueArguments {
    /// Values from a file, a URL, or `-` for standard input
    #[arg(short = 'f', long = "values", value_name = "FILE", value_delimiter = ',')]
    pub files: Vec<String>,
    /// Set values as JSON: `a=[1, 2]`, or a whole object
    #[arg(long, value_name = "SETTING")]
    pub set_json: Vec<String>,
    /// Set values: `a=1,b.c=two,d[0]=three`
    #[arg(long, value_name = "SETTING")]
    pub set: Vec<String>,
    /// Set values that are text whatever they look like
    #[arg(long, value_name = "SETTING")]
    pub set_string: Vec<String>,
    /// Set values to the content of files: `a=PATH`
    #[arg(long, value_name = "SETTING")]
    pub set_file: Vec<String>,
    /// Set a value to a text in which no character is special
    #[arg(long, value_name = "SETTING")]
    pub set_literal: Vec<String>,
}
