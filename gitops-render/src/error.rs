use std::fmt;
use std::sync::Arc;

use gitops_core::tree::{PathError, TreeError, TreePath};
use gitops_core::{Need, ObjectError, Origin};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::JsonnetError;

/// A place in a repository: a file, where known the line, and where it helps the field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Place {
    /// The file, from the root of the tree.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// The field's path, such as `patches[1].target`; empty for the whole file.
    pub field: String,
}

impl Place {
    /// A whole file or directory.
    pub fn file(path: &TreePath) -> Self {
        Self { file: path.to_string().into(), line: None, field: String::new() }
    }

    /// A whole file, by a name that may be no path of the tree.
    pub(crate) fn named(file: impl Into<Arc<str>>) -> Self {
        Self { file: file.into(), line: None, field: String::new() }
    }

    /// A line of a file.
    pub fn line(file: impl Into<Arc<str>>, line: usize) -> Self {
        Self { file: file.into(), line: Some(line), field: String::new() }
    }

    /// The same place with a field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    pub(crate) fn is(&self, problem: Problem) -> RenderError {
        RenderError::At { place: self.clone(), problem: Box::new(problem) }
    }
}

impl From<&Origin> for Place {
    fn from(origin: &Origin) -> Self {
        Self::line(origin.file.clone(), origin.line)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if self.field.is_empty() { Ok(()) } else { write!(out, ": {}", self.field) }
    }
}

/// Why a source was not rendered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The tree gave no answer.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Something is wrong at a place of the repository.
    #[error("{place}: {problem}")]
    At {
        /// Where.
        place: Place,
        /// What.
        problem: Box<Problem>,
    },
    /// A Jsonnet file gave no manifests.
    #[error("{file}: the Jsonnet cannot be evaluated")]
    Jsonnet {
        /// The file.
        file: Arc<str>,
        /// Why.
        #[source]
        source: JsonnetError,
    },
    /// The source needs what this version cannot do.
    #[error("{place}: {feature} is not supported yet")]
    Unsupported {
        /// Where it is asked for.
        place: Place,
        /// What it is.
        feature: String,
    },
    /// The source's path is not one.
    #[error("spec.source.path: the path is not inside the repository")]
    SourcePath(#[source] PathError),
    /// The source's path names nothing, or a file.
    #[error("spec.source.path: `{path}` is not a directory of the repository")]
    NotADirectory {
        /// The path.
        path: TreePath,
    },
    /// The source has options of several kinds.
    #[error("spec.source: options of several kinds exclude each other: {0}")]
    SeveralTypes(String),
    /// A chart cannot be rendered.
    #[error(transparent)]
    Helm(#[from] crate::helm::HelmError),
    /// Something lies elsewhere and is not at hand.
    #[error("`{0}` lies elsewhere and was not provided")]
    Elsewhere(Need),
    /// More than the limits allow.
    #[error("the source has more than {limit} {what}")]
    Budget {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// Somebody asked for the end of the render ([`Stop`](crate::Stop)).
    #[error("the render was ended before its time")]
    Stopped,
}

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// A value is not an object.
    #[error("not a Kubernetes object: {0}")]
    NotAnObject(ObjectError),
    /// A text is not YAML.
    #[error("the YAML cannot be read, at column {column}: {message}")]
    Yaml {
        /// The column in characters, counted from 1.
        column: usize,
        /// Why.
        message: String,
    },
    /// A text is not JSON.
    #[error("the JSON cannot be read: {0}")]
    Json(String),
    /// A file is not text.
    #[error("the file is not UTF-8 text")]
    NotText,
    /// Two objects have one identity.
    #[error("`{id}` is defined a second time, first at {first}")]
    DuplicateObject {
        /// The identity.
        id: String,
        /// The earlier definition.
        first: Place,
    },
    /// A map has a key twice.
    #[error("{0}")]
    DuplicateKey(String),
    /// A pattern is malformed.
    #[error("`{pattern}` is not a pattern: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A path is not one inside the repository.
    #[error("{0}")]
    Path(PathError),
    /// A path names nothing.
    #[error("`{path}` does not exist{}", hint(.nearest.as_deref()))]
    Missing {
        /// The path as it is written.
        path: String,
        /// What is there and has nearly the same name.
        nearest: Option<String>,
    },
    /// A field has a value that does not belong there.
    #[error("{0}")]
    Value(String),
    /// A field that is not known.
    #[error("unknown field `{field}`{}", hint(.nearest.as_deref()))]
    UnknownField {
        /// The field.
        field: String,
        /// A known one with nearly the same name.
        nearest: Option<String>,
    },
    /// Nothing matches.
    #[error("no resource matches `{wanted}`{}", hint(.nearest.as_deref()))]
    NoMatch {
        /// What was looked for.
        wanted: String,
        /// A resource with nearly the same name.
        nearest: Option<String>,
    },
    /// More than one resource matches.
    #[error("more than one resource matches `{wanted}`: {found}")]
    Ambiguous {
        /// What was looked for.
        wanted: String,
        /// What was found.
        found: String,
    },
    /// Kustomizations that lead back to themselves.
    #[error("the kustomization leads back to itself: {0}")]
    Cycle(String),
}

fn hint(name: Option<&str>) -> String {
    name.map(|name| format!("; nearest: `{name}`")).unwrap_or_default()
}
