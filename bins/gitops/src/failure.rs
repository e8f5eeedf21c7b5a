//! Errors as the user sees them: the chain of causes, and what to do next.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use gitops_core::cluster::{ClusterError, Trouble};

use crate::output::paint;
use crate::output::stream::error_line;

/// An error that ends the command.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<dyn Error + Send + Sync>,
    hint: Option<String>,
    code: u8,
    silent: bool,
}

impl Failure {
    /// An error in these words.
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self { error: Box::from(words.into()), hint: None, code: 2, silent: false }
    }

    /// The same with what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with what to do next, where the error's words hold a text.
    #[must_use]
    pub(crate) fn hint_where(self, text: &str, hint: impl Into<String>) -> Self {
        if self.hint.is_none() && self.to_string().contains(text) { self.hint(hint) } else { self }
    }

    /// The same with another exit code than 2.
    #[must_use]
    pub(crate) fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// The same without a word.
    #[must_use]
    pub(crate) fn silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Prints it to standard error.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.silent {
            error_line!("{} {self}", paint::error("error:"));
            if let Some(hint) = self.hint.as_deref().or_else(|| self.trouble().map(next_step)) {
                error_line!("{} {hint}", paint::hint("hint:"));
            }
        }
        ExitCode::from(self.code)
    }
}

impl Failure {
    /// What a cluster says stands in the way, where one of the causes is a call to it.
    fn trouble(&self) -> Option<Trouble> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(self.error.as_ref());
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<ClusterError>() {
                return refused.trouble();
            }
            cause = error.source();
        }
        None
    }
}

/// What to do about what stands in the way of a call to a cluster.
pub(crate) fn next_step(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Unauthenticated => "log in to the cluster again, or give another kubeconfig or context",
        Trouble::NotPermitted => {
            "have the verb and resource that the message names allowed by a Role, or give another kubeconfig or context"
        }
        Trouble::QuotaExceeded => "free some of what the namespace uses, or have its ResourceQuota raised",
        Trouble::NamespaceTerminating => "wait until the namespace is gone, then sync again",
        Trouble::NamespaceMissing => "add the Namespace to the source, or set the sync option CreateNamespace=true",
        Trouble::ImmutableField => {
            "set the sync option Replace=true,Force=true on the object to have it deleted and created anew, or change it back"
        }
        Trouble::KindMissing => {
            "add its CustomResourceDefinition to the source; for Applications themselves, `gitops install`"
        }
        Trouble::OwnedByOthers => "take the fields out of the source, or have their manager give them up",
        Trouble::Moved => "sync again: the object changed meanwhile",
        Trouble::Unreachable => "see whether the API server of the kubeconfig answers, then sync again",
        Trouble::Overloaded => "the API server has too much to do: sync again later",
        _ => "look at the message of the API server",
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: Box::new(error), hint: None, code: 2, silent: false }
    }
}

/// The error and its causes, each on a line.
impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.error)?;
        let mut cause = self.error.source();
        while let Some(error) = cause {
            write!(out, "\n  because: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_added_by_what_the_error_says() {
        let failure = Failure::new("no such thing").hint_where("such", "try another").hint_where("no", "never");
        assert_eq!(failure.hint.as_deref(), Some("try another"));
        assert_eq!(failure.to_string(), "no such thing");
    }
}
