//! Whether an Application that was compared is synced by itself: Argo CD's `autoSync` (controller/appcontroller.go, v3.5),
//! as a pure function of its status and the time.

use gitops_apply::execute::TERMINATED;
use gitops_apply::retry;
use gitops_core::Timestamp;
use gitops_core::api::{
    Application, ApplicationStatus, OperationPhase, OperationState, ResourceStatus, RetryStrategy, SyncStatusCode,
};
use jiff::SignedDuration;

/// How heals of one revision lie apart (`selfHealRemainingBackoff`), as `controller.self.heal.*` in `argocd-cmd-params-cm` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SelfHeal {
    /// The pause before the second heal of a revision; the first has none. None where pauses do not grow.
    pub first: Option<SignedDuration>,
    /// How many times longer each pause is than the one before.
    pub factor: i32,
    /// The longest pause; none where there is none.
    pub longest: Option<SignedDuration>,
    /// After a sync that long ago, heals are counted anew.
    pub calm: SignedDuration,
    /// The pause before every heal, where pauses do not grow.
    pub every: SignedDuration,
}

impl Default for SelfHeal {
    /// Argo CD's: 2 s, 6 s, 18 s, up to 5 min, and anew after 330 s.
    fn default() -> Self {
        Self {
            first: Some(SignedDuration::from_secs(2)),
            factor: 3,
            longest: Some(SignedDuration::from_mins(5)),
            calm: SignedDuration::from_secs(330),
            every: SignedDuration::ZERO,
        }
    }
}

impl SelfHeal {
    /// As the variables of Argo CD's controller say it. `variable` reads the environment.
    pub fn said(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str| {
            let said = variable(&format!("ARGOCD_APPLICATION_CONTROLLER_SELF_HEAL_{name}"));
            said.and_then(|text| text.parse::<i32>().ok()).filter(|number| *number >= 0)
        };
        let seconds = |name: &str| number(name).map(|number| SignedDuration::from_secs(number.into()));
        let (usual, some) = (Self::default(), |pause: SignedDuration| (!pause.is_zero()).then_some(pause));
        Self {
            first: seconds("BACKOFF_TIMEOUT_SECONDS").map_or(usual.first, some),
            factor: number("BACKOFF_FACTOR").unwrap_or(usual.factor),
            longest: seconds("BACKOFF_CAP_SECONDS").map_or(usual.longest, some),
            calm: seconds("BACKOFF_COOLDOWN_SECONDS").unwrap_or(usual.calm),
            every: seconds("TIMEOUT_SECONDS").unwrap_or(usual.every),
        }
    }

    /// The pause before the heal that comes after so many of them.
    fn pause(&self, before: u32) -> SignedDuration {
        let Some(first) = self.first else { return self.every };
        match before {
            0 => SignedDuration::ZERO,
            1 => first,
            // Go's `wait.Backoff` takes a factor of nothing for none.
            count => {
                let grown = first.saturating_mul(self.factor.max(1).saturating_pow(count - 1));
                self.longest.map_or(grown, |longest| grown.min(longest))
            }
        }
    }
}

/// What automation decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is to be done.
    Rest,
    /// It is synced now.
    Sync(Attempt),
    /// It is looked at again then.
    Later(Timestamp),
    /// It is not synced until something changes, and a person should know why.
    Refused(String),
}

/// Which sync it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// How many heals of this revision there were, this one included; 0 for the first sync of a revision.
    pub heals: u32,
    /// How many attempts failed before.
    pub retries: u32,
}

/// How often an automated sync is tried again whose Application does not say.
pub fn automated_retry() -> RetryStrategy {
    let mut strategy = RetryStrategy::default();
    strategy.limit = Some(5);
    strategy
}

/// Decides for an Application whose status says how it compares now.
pub fn decide(application: &Application, healing: &SelfHeal, now: Timestamp) -> Decision {
    let Some(automated) = application.automated() else { return Decision::Rest };
    let Some(status) = &application.status else { return Decision::Rest };
    let sync = status.sync.clone().unwrap_or_default();
    if application.operation.is_some() || sync.status != SyncStatusCode::OutOfSync {
        return Decision::Rest;
    }
    let extra = |resource: &&ResourceStatus| resource.requires_pruning == Some(true);
    // What hooks left says nothing of what a sync would do.
    let resources: Vec<_> = status.resources.iter().flatten().filter(|one| !one.is_hook()).collect();
    let differing = resources.iter().filter(|resource| resource.status != Some(SyncStatusCode::Synced));
    if !automated.prunes() && differing.clone().count() > 0 && differing.clone().all(extra) {
        return Decision::Rest;
    }
    if automated.prunes() && !automated.allows_empty() && !resources.is_empty() && resources.iter().all(extra) {
        let words = "automated sync would delete all resources: allow that with `allowEmpty: true` if it is meant";
        return Decision::Refused(words.into());
    }
    let Some(last) = attempted(status) else {
        let state = status.operation_state.as_ref();
        let is_open = state.is_some_and(|state| !state.phase.is_completed() && state.sync_result.is_none());
        return if is_open { Decision::Rest } else { Decision::Sync(Attempt::default()) };
    };
    match last.phase {
        OperationPhase::Succeeded if !automated.heals() => Decision::Rest,
        OperationPhase::Succeeded => heal(last, healing, now),
        OperationPhase::Failed | OperationPhase::Error => again(application, last, now),
        _ => Decision::Rest,
    }
}

/// The last operation, where it was of the revisions that the Application compares with now, and of everything.
fn attempted(status: &ApplicationStatus) -> Option<&OperationState> {
    let (sync, state) = (status.sync.as_ref()?, status.operation_state.as_ref()?);
    let result = state.sync_result.as_ref()?;
    let same = match (&sync.revisions, &sync.revision) {
        (Some(revisions), _) => result.revisions.as_ref() == Some(revisions),
        (None, Some(revision)) => result.revision == *revision,
        (None, None) => false,
    };
    same.then_some(state)
}

fn heal(last: &OperationState, healing: &SelfHeal, now: Timestamp) -> Decision {
    let finished = last.finished_at.as_ref().map_or(last.started_at.0, |time| time.0);
    let before = last.operation.sync.as_ref().and_then(|sync| sync.self_heal_attempts_count).unwrap_or_default();
    let before =
        if now.duration_since(finished) > healing.calm { 0 } else { u32::try_from(before).unwrap_or_default() };
    match finished.checked_add(healing.pause(before)) {
        Ok(at) if at > now => Decision::Later(at),
        _ => Decision::Sync(Attempt { heals: before.saturating_add(1), retries: 0 }),
    }
}

/// The same revision again after a failure: only as the Application's `retry` has it.
fn again(application: &Application, last: &OperationState, now: Timestamp) -> Decision {
    let retries = u32::try_from(last.retry_count.unwrap_or_default()).unwrap_or_default();
    let policy = application.spec.sync_policy.as_ref();
    let usual = automated_retry();
    let strategy = policy.and_then(|policy| policy.retry.as_ref()).unwrap_or(&usual);
    // What was ended before its time is not begun again by itself.
    let is_terminated = last.message.as_deref().is_some_and(|words| words.starts_with(TERMINATED));
    if is_terminated || !retry::allows(strategy, retries) {
        let revision = last.sync_result.as_ref().map(|result| result.revision.as_str()).unwrap_or_default();
        let words = last.message.as_deref().unwrap_or_default();
        return Decision::Refused(format!("failed last sync attempt to {revision}: {words}"));
    }
    let pause = match retry::wait(strategy, retries) {
        Ok(pause) => pause,
        Err(error) => return Decision::Refused(format!("spec.syncPolicy.retry.backoff: {error}")),
    };
    let finished = last.finished_at.as_ref().map_or(last.started_at.0, |time| time.0);
    match finished.checked_add(pause) {
        Ok(at) if at > now => Decision::Later(at),
        _ => Decision::Sync(Attempt { heals: 0, retries: retries.saturating_add(1) }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// An Application that compares out of sync with the revision `b`; its policy and its last operation are given.
    fn application(automated: Value, operation: Option<Value>) -> Application {
        let mut value = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "web", "namespace": "argocd"},
            "spec": {
                "project": "default", "destination": {}, "source": {"repoURL": "file:///repo"},
                "syncPolicy": {"automated": automated, "retry": {"limit": 2, "backoff": {"duration": "10s", "factor": 2}}},
            },
            "status": {
                "sync": {"status": "OutOfSync", "revision": "b"},
                "resources": [{"kind": "ConfigMap", "name": "a", "status": "OutOfSync"}],
            },
        });
        if let Some(operation) = operation {
            value["status"]["operationState"] = operation;
        }
        serde_json::from_value(value).unwrap()
    }

    fn decide(application: &Application, now: Timestamp) -> Decision {
        super::decide(application, &SelfHeal::default(), now)
    }

    fn operation(phase: &str, revision: &str, heals: i64, retries: i64) -> Value {
        json!({
            "phase": phase, "message": "no", "startedAt": at(100).to_string(), "finishedAt": at(100).to_string(),
            "retryCount": retries, "operation": {"sync": {"autoHealAttemptsCount": heals}},
            "syncResult": {"revision": revision},
        })
    }

    #[test]
    fn a_new_revision_is_synced_and_an_old_one_only_healed() {
        let sync = |heals, retries| Decision::Sync(Attempt { heals, retries });
        assert_eq!(decide(&application(json!({}), None), at(101)), sync(0, 0));
        let other = Some(operation("Failed", "a", 0, 9));
        assert_eq!(decide(&application(json!({}), other), at(101)), sync(0, 0));
        let done = Some(operation("Succeeded", "b", 0, 0));
        assert_eq!(decide(&application(json!({}), done.clone()), at(101)), Decision::Rest);
        assert_eq!(decide(&application(json!({"selfHeal": true}), done), at(101)), sync(1, 0));
        assert_eq!(decide(&application(json!({"enabled": false}), None), at(101)), Decision::Rest);
    }

    #[test]
    fn heals_of_one_revision_grow_apart() {
        let healed = |count| application(json!({"selfHeal": true}), Some(operation("Succeeded", "b", count, 0)));
        assert_eq!(decide(&healed(1), at(101)), Decision::Later(at(102)));
        assert_eq!(decide(&healed(2), at(101)), Decision::Later(at(106)));
        assert_eq!(decide(&healed(9), at(101)), Decision::Later(at(400)));
        assert_eq!(decide(&healed(9), at(431)), Decision::Sync(Attempt { heals: 1, retries: 0 }));
    }

    #[test]
    fn pauses_between_heals_are_as_is_said() {
        let said = |pairs: &'static [(&str, &str)]| {
            let value = |name: &str| pairs.iter().find(|(key, _)| name.ends_with(&format!("_SELF_HEAL_{key}")));
            let healing = SelfHeal::said(|name| value(name).map(|(_, value)| (*value).to_owned()));
            [0, 1, 2, 3, 9].map(|before| healing.pause(before).as_secs())
        };
        assert_eq!(said(&[]), [0, 2, 6, 18, 300]);
        assert_eq!(said(&[("BACKOFF_TIMEOUT_SECONDS", "5"), ("BACKOFF_FACTOR", "2")]), [0, 5, 10, 20, 300]);
        assert_eq!(said(&[("BACKOFF_CAP_SECONDS", "10"), ("BACKOFF_FACTOR", "x")]), [0, 2, 6, 10, 10]);
        assert_eq!(said(&[("BACKOFF_FACTOR", "0")]), [0, 2, 2, 2, 2]);
        let fixed: &[_] = &[("BACKOFF_TIMEOUT_SECONDS", "0"), ("TIMEOUT_SECONDS", "7")];
        assert_eq!(said(fixed), [7; 5]);
        assert_eq!(said(&[("TIMEOUT_SECONDS", "7")]), [0, 2, 6, 18, 300], "growing pauses come first");
    }

    #[test]
    fn a_failed_revision_is_tried_as_often_as_its_policy_says() {
        let failed = |retries| application(json!({}), Some(operation("Failed", "b", 0, retries)));
        assert_eq!(decide(&failed(0), at(101)), Decision::Later(at(110)));
        assert_eq!(decide(&failed(0), at(110)), Decision::Sync(Attempt { heals: 0, retries: 1 }));
        assert_eq!(decide(&failed(1), at(110)), Decision::Later(at(120)));
        assert_eq!(decide(&failed(2), at(999)), Decision::Refused("failed last sync attempt to b: no".into()));
        let mut terminated = operation("Failed", "b", 0, 0);
        terminated["message"] = "Operation terminated, triggered by controller sync timeout".into();
        assert!(matches!(decide(&application(json!({}), Some(terminated)), at(999)), Decision::Refused(_)));
    }

    #[test]
    fn deleting_needs_prune_and_deleting_everything_needs_more() {
        let extra = |automated| {
            let mut application = application(automated, None);
            for resource in application.status.iter_mut().flat_map(|status| status.resources.iter_mut().flatten()) {
                resource.requires_pruning = Some(true);
            }
            decide(&application, at(101))
        };
        assert_eq!(extra(json!({})), Decision::Rest);
        assert!(matches!(extra(json!({"prune": true})), Decision::Refused(_)));
        assert!(matches!(extra(json!({"prune": true, "allowEmpty": true})), Decision::Sync(_)));
    }
}
