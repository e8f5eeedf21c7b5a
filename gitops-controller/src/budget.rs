//! What the render of an Application may cost.

use std::time::Duration;

use gitops_core::quantity::Quantity;
use gitops_render::{Limits, Stop};

/// The variable that says how many seconds the sources of an Application may take to render, as for Argo CD's controller
/// (`controller.repo.server.timeout.seconds` in `argocd-cmd-params-cm`).
pub const RENDER_TIMEOUT: &str = "ARGOCD_APPLICATION_CONTROLLER_REPO_SERVER_TIMEOUT_SECONDS";
/// The variable that says how large the manifests of a directory may be together, as for Argo CD's repository server
/// (`reposerver.max.combined.directory.manifests.size`).
pub const DIRECTORY_SIZE: &str = "ARGOCD_REPO_SERVER_MAX_COMBINED_DIRECTORY_MANIFESTS_SIZE";

/// Argo CD's limits.
const TIMEOUT: Duration = Duration::from_secs(60);
const DIRECTORY_BYTES: u64 = 10_000_000;
/// An API server keeps an object of 1.5 MiB, and a status names each object of its Application in about 100 bytes.
const OBJECTS: usize = 20_000;

/// What the render of an Application may cost.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RenderBudget {
    /// What each source may be made of.
    pub limits: Limits,
    /// How long all sources may take together, what they need from elsewhere included; without one, as long as they take.
    pub time: Option<Duration>,
}

impl RenderBudget {
    /// As of an operator, which serves others too: Argo CD's limits, or what its variables say, and 20,000 objects.
    /// `variable` reads the environment.
    pub fn of_an_operator(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut budget = Self::default();
        let seconds = variable(RENDER_TIMEOUT).and_then(|text| text.parse().ok()).map(Duration::from_secs);
        budget.time = Some(seconds.unwrap_or(TIMEOUT)).filter(|time| !time.is_zero());
        let size = variable(DIRECTORY_SIZE).and_then(|text| text.parse::<Quantity>().ok()?.whole());
        budget.limits.directory_bytes = Some(size.unwrap_or(DIRECTORY_BYTES)).filter(|size| *size > 0);
        budget.limits.objects = OBJECTS;
        budget
    }
}

/// Ends a render that nobody waits for any more.
pub(crate) struct Awaited(pub(crate) Stop);

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.ask();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_argo_cd_count() {
        let said = |text: Option<&str>| {
            let budget = RenderBudget::of_an_operator(|_| text.map(str::to_owned));
            (budget.time.map(|time| time.as_secs()), budget.limits.directory_bytes)
        };
        assert_eq!(said(None), (Some(60), Some(10_000_000)));
        assert_eq!(said(Some("5")), (Some(5), Some(5)));
        assert_eq!(said(Some("64Mi")), (Some(60), Some(64 << 20)));
        assert_eq!(said(Some("0")), (None, None));
        for wrong in ["", "-1", "much"] {
            assert_eq!(said(Some(wrong)), said(None), "{wrong:?}");
        }
    }

    #[test]
    fn what_nobody_waits_for_is_ended() {
        let stop = Stop::default();
        drop(Awaited(stop.clone()));
        assert!(stop.is_asked());
    }
}
