//! Operations that failed and are tried again, as Argo CD writes them (`processRequestedAppOperation`,
//! controller/appcontroller.go, v3.5): such an operation goes on running, and says when its last attempt ended.

use gitops_apply::retry;
use gitops_core::Timestamp;
use gitops_core::api::{Application, OperationPhase, OperationState, Time};

use crate::status;

/// The hour and minute of a moment, in UTC (`time.Kitchen` of Go).
const KITCHEN: &str = "%-I:%M%p";

/// Lets an operation that failed now go on, where its own strategy says so.
pub(crate) fn try_again(state: &mut OperationState, now: Timestamp) {
    if !matches!(state.phase, OperationPhase::Failed | OperationPhase::Error) {
        return;
    }
    let (strategy, retries) = (state.operation.retry.clone().unwrap_or_default(), retries(state));
    let words = state.message.take().unwrap_or_default();
    let message = if !retry::allows(&strategy, retries) {
        if retries > 0 { format!("{words} (retried {retries} times).") } else { words }
    } else {
        match retry::wait(&strategy, retries) {
            Err(error) => {
                state.phase = OperationPhase::Failed;
                format!("{words} (failed to retry: {error})")
            }
            Ok(pause) => {
                let attempt = retries.saturating_add(1);
                let at = now.checked_add(pause).unwrap_or(Timestamp::MAX).strftime(KITCHEN);
                state.phase = OperationPhase::Running;
                (state.retry_count, state.finished_at) = (Some(i64::from(attempt)), Some(Time(now)));
                format!("{words}. Retrying attempt #{attempt} at {at}.")
            }
        }
    };
    state.message = Some(message);
}

/// Whether an operation that runs is to be gone on with now: it was never ended, or its next attempt is due.
pub(crate) fn is_due(state: &OperationState, now: Timestamp) -> bool {
    due(state).is_none_or(|at| at <= now)
}

/// When the next attempt of the operation is due that an Application waits for.
pub(crate) fn next(application: &Application) -> Option<Timestamp> {
    due(status::running(application)?)
}

/// When the next attempt is due. As in Argo CD, that is counted with the attempt that is due, and so later than was said.
fn due(state: &OperationState) -> Option<Timestamp> {
    let ended = state.finished_at.as_ref()?.0;
    let strategy = state.operation.retry.clone().unwrap_or_default();
    let pause = retry::wait(&strategy, retries(state)).ok()?;
    Some(ended.checked_add(pause).unwrap_or(Timestamp::MAX))
}

fn retries(state: &OperationState) -> u32 {
    state.retry_count.and_then(|count| count.try_into().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failed(limit: i64, retries: i64) -> OperationState {
        serde_json::from_value(json!({
            "phase": "Failed", "message": "no", "startedAt": "2024-01-01T00:00:00Z", "retryCount": retries,
            "operation": {"retry": {"limit": limit, "backoff": {"duration": "10s", "factor": 3}}},
        }))
        .unwrap()
    }

    #[test]
    fn an_operation_goes_on_until_its_limit_and_says_when() {
        let now: Timestamp = "2024-01-01T19:04:55Z".parse().unwrap();
        let mut state = failed(2, 0);
        try_again(&mut state, now);
        assert_eq!((state.phase.as_str(), state.retry_count), ("Running", Some(1)));
        assert_eq!(state.message.as_deref(), Some("no. Retrying attempt #1 at 7:05PM."));
        let after = |seconds: i64| Timestamp::from_second(now.as_second() + seconds).unwrap();
        assert!(!is_due(&state, after(29)) && is_due(&state, after(30)));
        let mut last = failed(2, 2);
        try_again(&mut last, now);
        assert_eq!((last.phase.as_str(), last.message.as_deref()), ("Failed", Some("no (retried 2 times).")));
        let mut once = failed(0, 0);
        try_again(&mut once, now);
        assert_eq!((once.phase.as_str(), once.message.as_deref()), ("Failed", Some("no")));
        let mut begun = failed(2, 0);
        begun.phase = OperationPhase::Running;
        assert!(is_due(&begun, now), "it was never ended");
    }
}
