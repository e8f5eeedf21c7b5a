use thiserror::Error;

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no key in ASCII armour.
    #[error("no OpenPGP public key in ASCII armour is there")]
    NoKey,
    /// The armour or what is in it is damaged.
    #[error("the OpenPGP key cannot be read: {0}")]
    Malformed(&'static str),
    /// No key in it is bound by a good signature of its own.
    #[error("no key there has a good signature of its own, or is of a kind that can be used")]
    Unusable,
    /// A line of allowed signers.
    #[error("line {line}: {why}")]
    Line {
        /// Counted from one.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}
