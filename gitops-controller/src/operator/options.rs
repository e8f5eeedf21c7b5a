//! How an operator works.

use jiff::SignedDuration;

/// How the operator works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OperatorOptions {
    /// The namespace of the Applications; all where none is named.
    pub namespace: Option<String>,
    /// How often repositories are asked whether something moved.
    pub poll: SignedDuration,
    /// How many Applications are looked at side by side.
    pub parallel: usize,
    /// Whether syncs are told as Kubernetes Events.
    pub notices: bool,
    /// Whether nothing is done, and only told what would be: beside another controller, before it is taken over from. What
    /// ApplicationSets would make is not told.
    pub observe_only: bool,
    /// Whether Applications are taken over that another controller has been working at lately. Otherwise each one is left
    /// until its annotation says so ([`TAKE_OVER`](gitops_core::annotations::TAKE_OVER)), or that controller has ended.
    pub take_over: bool,
}

impl Default for OperatorOptions {
    /// All namespaces, every 120 s as Argo CD polls, twenty at a time as Argo CD has status processors.
    fn default() -> Self {
        Self {
            namespace: None,
            poll: SignedDuration::from_mins(2),
            parallel: 20,
            notices: false,
            observe_only: false,
            take_over: false,
        }
    }
}
