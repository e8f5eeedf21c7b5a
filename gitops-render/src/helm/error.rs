use gitops_template::{ExecuteError, ParseError};
use thiserror::Error;

/// Why a chart could not be rendered. The words are Helm's.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HelmError {
    /// The chart's files are no chart.
    #[error("{0}")]
    Chart(String),
    /// The chart asks for charts that are not there.
    #[error(
        "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch \
         missing dependencies: found in Chart.yaml, but missing in charts/ directory: {0}"
    )]
    MissingDependencies(String),
    /// Values cannot be read or merged.
    #[error("{0}")]
    Values(String),
    /// Values are not what the schema of a chart asks for.
    #[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
    Schema(String),
    /// The name of the release, or another option, is not one.
    #[error("{0}")]
    Option(String),
    /// The chart is for other versions of Kubernetes.
    #[error("chart requires kubeVersion: {required} which is incompatible with Kubernetes {version}")]
    KubeVersion {
        /// The constraint of the chart.
        required: String,
        /// The version that it is rendered for.
        version: String,
    },
    /// A file is no template.
    #[error("parse error at ({}:{}): {}", .0.file, .0.line, last_words(&.0.message))]
    Parse(#[source] ParseError),
    /// A template says that something is wrong, by `fail` or `required`.
    #[error("execution error at ({place}): {message}")]
    Said {
        /// File, line and column of the call.
        place: String,
        /// What it says.
        message: String,
    },
    /// A template could not be executed.
    #[error("{0}")]
    Execute(#[source] ExecuteError),
    /// What a template made is not YAML, or no manifest.
    #[error("YAML parse error on {path}: {message}")]
    Manifest {
        /// The template.
        path: String,
        /// What is wrong, with the line of what it made.
        message: String,
    },
    /// No template has the name that is to be shown.
    #[error("could not find template {0} in chart")]
    NoTemplate(String),
}

/// Helm shows what comes behind the last colon of a parser's message.
fn last_words(message: &str) -> &str {
    message.rsplit(": ").next().unwrap_or(message)
}

impl From<ExecuteError> for HelmError {
    fn from(error: ExecuteError) -> Self {
        match (error.said(), error.place()) {
            (Some(message), Some(place)) => Self::Said {
                place: format!("{}:{}:{}", place.file, place.line, place.column),
                message: message.to_owned(),
            },
            _ => Self::Execute(error),
        }
    }
}
