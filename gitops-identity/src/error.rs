use std::error::Error;
use std::sync::Arc;

use thiserror::Error;

/// Why there is no token. It names variables, files and servers, and repeats nothing that was read from them.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Nothing says what is needed.
    #[error("{needs}: set {variables}")]
    Missing {
        /// What is needed.
        needs: &'static str,
        /// What would say it.
        variables: &'static str,
    },
    /// A variable, or a part of a file, says what cannot be used.
    #[error("`{name}` cannot be used: {why}")]
    Unusable {
        /// The variable, or the file and the key.
        name: String,
        /// Why not, and what could be used.
        why: &'static str,
    },
    /// Only the Secret names an address.
    #[error(
        "`{name}` says to whom a credential is shown, and so must be set for this process, not by the Secret of a cluster"
    )]
    Address {
        /// The variable.
        name: String,
    },
    /// A file cannot be read.
    #[error("the file `{path}`, which `{name}` names, cannot be read")]
    File {
        /// Who names it.
        name: String,
        /// Its path.
        path: String,
        /// Why not.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// A server gave no whole answer.
    #[error("{server} gave no whole answer")]
    Server {
        /// Which one.
        server: &'static str,
        /// What happened.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// A server gives nothing.
    #[error("{server} refuses, with the status {status}{code}")]
    Refused {
        /// Which one.
        server: &'static str,
        /// The status.
        status: u16,
        /// Its own word for why, after a colon.
        code: String,
    },
    /// An answer has not what it should have.
    #[error("the answer of {server} is none that can be used")]
    Answer {
        /// Whose.
        server: &'static str,
    },
    /// A key is none.
    #[error(transparent)]
    Key(#[from] crate::KeyError),
    /// A request cannot be signed.
    #[error("a request cannot be signed")]
    Sign,
    /// What made it ended without saying how.
    #[error("the making of a token ended")]
    Ended,
    /// It took too long.
    #[error("no token within {0} s")]
    Late(u64),
}

impl IdentityError {
    pub(crate) fn unusable(name: impl Into<String>, why: &'static str) -> Self {
        Self::Unusable { name: name.into(), why }
    }
}
