//! Confirmed deletions: Argo CD's annotation on an Application, which says when somebody confirmed what is marked
//! `Prune=confirm` or `Delete=confirm`.

use futures::future::pending;
use gitops_core::Timestamp;
use gitops_core::annotations::DELETION_APPROVED;
use gitops_core::api::Application;
use jiff::SignedDuration;

use crate::applications::Applications;
use crate::compare::Comparison;
use crate::engine::Engine;

/// How often an Application is looked at for a confirmation that is waited for.
const POLL: SignedDuration = SignedDuration::from_secs(1);

/// Whether an Application's deletions were confirmed at this moment or later. Times are compared by whole seconds, which is
/// what Argo CD keeps of the start of an operation.
pub fn is_confirmed(application: &Application, since: Timestamp) -> bool {
    let confirmed = application.metadata.annotation(DELETION_APPROVED).and_then(|time| time.parse::<Timestamp>().ok());
    confirmed.is_some_and(|time| time.as_second() >= since.as_second())
}

/// Ends when the deletions that wait for it are confirmed; never where none waits.
pub(crate) async fn confirmation(engine: &Engine, waits: bool, comparison: &Comparison, since: Timestamp) {
    if !waits {
        return pending().await;
    }
    let target = &comparison.target;
    loop {
        let now = engine.clock.now();
        engine.timer.sleep_until(now.checked_add(POLL).unwrap_or(now)).await;
        let applications = Applications::of(engine.cluster.as_ref());
        let seen = applications.get(&target.application_namespace, &target.application).await;
        // One that cannot be read confirms nothing; the wait has its own deadline.
        if seen.is_ok_and(|application| is_confirmed(&application, since)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_confirmation_counts_from_its_second_on() {
        let confirmed = |at: &str| {
            let application: Application = serde_json::from_value(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "metadata": {"name": "web", "annotations": {DELETION_APPROVED: at}}, "spec": {"project": "default", "destination": {}}}))
            .unwrap();
            is_confirmed(&application, "2026-01-02T03:04:05.7Z".parse().unwrap())
        };
        assert!(confirmed("2026-01-02T03:04:05Z"));
        assert!(confirmed("2026-01-02T05:04:06+02:00"));
        assert!(!confirmed("2026-01-02T03:04:04Z"));
        assert!(!confirmed("yes"));
    }
}
