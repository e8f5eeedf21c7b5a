//! Operations that failed and are tried again, as Argo CD writes them (`processRequestedAppOperation`,
//! controller/appcontroller.go, v3.5): such an operation goes on running, and says when its last attempt ended.

use gitops_apply::retry;
use gitops_core::Timestamp;
use gitops_core::api::{Application, OperationPhase, OperationState, Time};

use crate::conduct::Conduct;
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
        final_words(words, retries)
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

/// Ends an operation for good that was terminated because its time is over: it is not tried again.
pub(crate) fn terminated(state: &mut OperationState) {
    let words = state.message.take().unwrap_or_default();
    state.message = Some(final_words(format!("{words}, triggered by controller sync timeout"), retries(state)));
}

fn final_words(words: String, retries: u32) -> String {
    if retries > 0 { format!("{words} (retried {retries} times).") } else { words }
}

/// Whether an operation that runs is to be gone on with now: it was never ended, its next attempt is due, or its time is over.
pub(crate) fn is_due(state: &OperationState, conduct: &Conduct, now: Timestamp) -> bool {
    let is_late = conduct.deadline(state.started_at.0).is_some_and(|at| at <= now);
    is_late || due(state).is_none_or(|at| at <= now)
}

/// When the operation that an Application waits for is gone on with: its next attempt is due, or its time is over.
pub(crate) fn next(application: &Application, conduct: &Conduct) -> Option<Timestamp> {
    let state = status::running(application)?;
    let due = due(state)?;
    Some(conduct.deadline(state.started_at.0).map_or(due, |deadline| deadline.min(due)))
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
        let mut conduct = Conduct::default();
        assert!(!is_due(&state, &conduct, after(29)) && is_due(&state, &conduct, after(30)));
        // It began ages ago, and its time is over.
        conduct.sync_timeout = Some(jiff::SignedDuration::from_mins(1));
        assert!(is_due(&state, &conduct, now));
        let mut last = failed(2, 2);
        try_again(&mut last, now);
        assert_eq!((last.phase.as_str(), last.message.as_deref()), ("Failed", Some("no (retried 2 times).")));
        let mut once = failed(0, 0);
        try_again(&mut once, now);
        assert_eq!((once.phase.as_str(), once.message.as_deref()), ("Failed", Some("no")));
        let mut begun = failed(2, 0);
        begun.phase = OperationPhase::Running;
        assert!(is_due(&begun, &Conduct::default(), now), "it was never ended");

        for (retries, words) in [
            (0, "no, triggered by controller sync timeout"),
            (1, "no, triggered by controller sync timeout (retried 1 times)."),
        ] {
            let mut late = failed(2, retries);
            terminated(&mut late);
            assert_eq!((late.phase.as_str(), late.message.as_deref()), ("Failed", Some(words)));
        }
    }
}
