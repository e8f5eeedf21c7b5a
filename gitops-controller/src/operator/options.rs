//! How an operator works.

use gitops_apply::duration::go_duration;
use jiff::SignedDuration;

use crate::processors::processors;

/// The variables that say how often repositories are asked, how much longer that may take at random, and how often everything is
/// looked at whatever repositories say, each a duration in Go's notation; as for Argo CD's controller, which gets them of
/// `timeout.reconciliation`, `timeout.reconciliation.jitter` and `timeout.hard.reconciliation` in `argocd-cm`.
pub const RECONCILIATION_TIMEOUT: &str = "ARGOCD_RECONCILIATION_TIMEOUT";
/// See [`RECONCILIATION_TIMEOUT`].
pub const RECONCILIATION_JITTER: &str = "ARGOCD_RECONCILIATION_JITTER";
/// See [`RECONCILIATION_TIMEOUT`].
pub const HARD_RECONCILIATION_TIMEOUT: &str = "ARGOCD_HARD_RECONCILIATION_TIMEOUT";

/// How the operator works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OperatorOptions {
    /// The namespace of the Applications; all where none is named.
    pub namespace: Option<String>,
    /// How often repositories are asked whether something moved; never where that is no time.
    pub poll: SignedDuration,
    /// How much longer than that it takes at most, at random, so that many operators do not ask at once; where that is not said, a
    /// tenth more or less.
    pub jitter: Option<SignedDuration>,
    /// How often every Application is looked at and its repositories are asked; where that is no time, only when something says so.
    pub hard: SignedDuration,
    /// How many Applications are looked at side by side. Each look under way takes memory, so by default they are no more than keep
    /// the processors busy.
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

/// Most of a look is waiting for others.
const LOOKS_EACH: usize = 4;
const FEWEST_LOOKS: usize = 8;
/// Argo CD's status processors.
const MOST_LOOKS: usize = 20;

impl Default for OperatorOptions {
    /// All namespaces, every 120 s as Argo CD polls, and at most as many at a time as Argo CD has status processors.
    fn default() -> Self {
        Self {
            namespace: None,
            poll: SignedDuration::from_mins(2),
            jitter: None,
            hard: SignedDuration::ZERO,
            parallel: side_by_side(processors()),
            notices: false,
            observe_only: false,
            take_over: false,
        }
    }
}

/// Looks side by side on so many processors.
fn side_by_side(processors: usize) -> usize {
    (LOOKS_EACH * processors).clamp(FEWEST_LOOKS, MOST_LOOKS)
}

impl OperatorOptions {
    /// As Argo CD's variables say it. `variable` reads the environment.
    pub fn said(variable: impl Fn(&str) -> Option<String>) -> Self {
        let seconds = |name: &str| {
            let said = variable(name).and_then(|text| go_duration(&text));
            said.filter(|said| !said.is_negative()).map(|said| SignedDuration::from_secs(said.as_secs()))
        };
        let usual = Self::default();
        Self {
            poll: seconds(RECONCILIATION_TIMEOUT).unwrap_or(usual.poll),
            jitter: seconds(RECONCILIATION_JITTER),
            hard: seconds(HARD_RECONCILIATION_TIMEOUT).unwrap_or(usual.hard),
            ..usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_as_many_as_keep_the_processors_busy() {
        assert_eq!([1, 2, 3, 5, 64].map(side_by_side), [8, 8, 12, 20, 20]);
    }

    #[test]
    fn variables_of_argo_cd_count() {
        let said = |text: &'static str| {
            let OperatorOptions { poll, jitter, hard, .. } = OperatorOptions::said(|_| Some(text.to_owned()));
            (poll.as_secs(), jitter.map(|jitter| jitter.as_secs()), hard.as_secs())
        };
        assert_eq!(said("1h30m"), (5400, Some(5400), 5400));
        assert_eq!(said("0s"), (0, Some(0), 0));
        assert_eq!(said("2500ms"), (2, Some(2), 2));
        for wrong in ["", "180", "-1s", "soon"] {
            assert_eq!(said(wrong), (120, None, 0), "{wrong:?}");
        }
    }
}
