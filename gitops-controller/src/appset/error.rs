//! Why a generator has no parameters.

use gitops_core::tree::TreeError;
use thiserror::Error;

use super::outside::OutsideError;

/// Why a template gives no text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// An option of `goTemplateOptions` is none that Go has.
    #[error("`spec.goTemplateOptions`: unknown option `{0}`")]
    Option(String),
    /// It is not a template.
    #[error("cannot parse the template `{template}`: {message}")]
    Parse {
        /// The template.
        template: String,
        /// What is wrong, in Go's words.
        message: String,
    },
    /// It is a template, and fails on these parameters.
    #[error("cannot execute the template `{template}`: {message}")]
    Execute {
        /// The template.
        template: String,
        /// What is wrong, in Go's words.
        message: String,
        /// Whether it is that a parameter is not there.
        is_missing_key: bool,
    },
    /// A `{{` is not closed.
    #[error("cannot find the end tag `}}}}` in the template `{template}`")]
    EndTag {
        /// The template.
        template: String,
    },
}

/// Why a generator has no parameters.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// A field of the generator has another form than it must have.
    #[error("the {generator} generator cannot be read")]
    Spec {
        /// Which generator.
        generator: &'static str,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A field of the generator says something that does not go.
    #[error("{0}")]
    Field(String),
    /// A selector is not one.
    #[error("the selector cannot be read: {0}")]
    Selector(String),
    /// A template in the generator fails.
    #[error("a template of the generator fails")]
    Template(#[from] TemplateError),
    /// What the generator needs is not to be had.
    #[error("{what}")]
    Outside {
        /// What it needs.
        what: String,
        /// Why it is not to be had.
        #[source]
        source: OutsideError,
    },
    /// Files of a repository cannot be read.
    #[error("the files of `{repository}` cannot be read")]
    Tree {
        /// The repository.
        repository: String,
        /// Why.
        #[source]
        source: TreeError,
    },
    /// A file of a repository has no parameters.
    #[error("`{file}` of `{repository}`: {message}")]
    File {
        /// The repository.
        repository: String,
        /// The file.
        file: String,
        /// What is wrong with it.
        message: String,
    },
    /// A generator inside another fails.
    #[error("generator {number} of the {parent} generator fails")]
    Child {
        /// `matrix` or `merge`.
        parent: &'static str,
        /// Its number, counted from 1.
        number: usize,
        /// Why.
        #[source]
        source: Box<GenerateError>,
    },
    /// More would be made than is allowed.
    #[error("the generator gives more than the {limit} {what} allowed")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
}
