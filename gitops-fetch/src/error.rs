use gitops_core::Need;
use gitops_core::tree::TreeError;
use gitops_git::{FetchError, ResolveError};
use thiserror::Error;

use crate::{ChartError, WebError};

/// Why something from elsewhere is not to be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProvideError {
    /// Whoever asks may not use it.
    #[error("`{need}` may not be used: {reason}")]
    NotAllowed {
        /// What was needed.
        need: Need,
        /// Why not, and what would allow it.
        reason: String,
    },
    /// Only what is locked may be used.
    #[error("`{need}` is not in `{}`, and only what is there may be used", crate::LOCK_FILE)]
    NotLocked {
        /// What was needed.
        need: Need,
    },
    /// What is there now is not what was locked.
    #[error("`{need}` has the digest `{found}`, and `{}` has `{locked}`", crate::LOCK_FILE)]
    Changed {
        /// What was needed.
        need: Need,
        /// The digest of what is there.
        found: String,
        /// The digest that was locked.
        locked: String,
    },
    /// A repository cannot be fetched.
    #[error("`{need}` cannot be fetched")]
    Repository {
        /// What was needed.
        need: Need,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// A repository has no such revision.
    #[error("`{need}` has no commit")]
    Revision {
        /// What was needed.
        need: Need,
        /// Why.
        #[source]
        source: ResolveError,
    },
    /// What was fetched cannot be read.
    #[error("`{need}` cannot be read")]
    Tree {
        /// What was needed.
        need: Need,
        /// Why.
        #[source]
        source: TreeError,
    },
    /// A file cannot be fetched.
    #[error("`{need}` cannot be fetched")]
    File {
        /// What was needed.
        need: Need,
        /// Why.
        #[source]
        source: WebError,
    },
    /// A chart is not to be had.
    #[error("`{need}` cannot be fetched")]
    Chart {
        /// What was needed.
        need: Need,
        /// Why.
        #[source]
        source: ChartError,
    },
    /// It is nothing that this version knows how to get.
    #[error("`{need}` is nothing that can be fetched")]
    Unknown {
        /// What was needed.
        need: Need,
    },
    /// More was asked for than one render may need.
    #[error("more than {limit} repositories and files are needed")]
    TooMany {
        /// How many are allowed.
        limit: usize,
    },
}
