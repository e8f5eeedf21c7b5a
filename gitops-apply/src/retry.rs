//! When a failed sync is tried again: Argo CD's `syncPolicy.retry`.

use gitops_core::api::RetryStrategy;
use jiff::SignedDuration;
use thiserror::Error;

use crate::duration::go_duration;

const FIRST: SignedDuration = SignedDuration::from_secs(5);
const FACTOR: i64 = 2;
const LONGEST: SignedDuration = SignedDuration::from_mins(3);
const NANOS: f64 = 1e9;

/// Why a retry strategy says no time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unable to parse {0} as a duration")]
pub struct RetryError(
    /// The text that is no duration.
    pub String,
);

/// How long after the end of a failed attempt the next one begins: `duration * factor^retries`, at most `maxDuration`
/// (where that is 0, as long as it takes). Without a strategy's word it is 5 s, 2 and 3 min.
///
/// # Errors
/// Where a duration of the strategy is none.
pub fn wait(strategy: &RetryStrategy, retries: u32) -> Result<SignedDuration, RetryError> {
    let backoff = strategy.backoff.as_ref();
    let read = |text: Option<&String>, otherwise| match text.map(String::as_str) {
        None | Some("") => Ok(otherwise),
        Some(text) => duration(text).ok_or_else(|| RetryError(text.into())),
    };
    let first = read(backoff.and_then(|backoff| backoff.duration.as_ref()), FIRST)?;
    let longest = read(backoff.and_then(|backoff| backoff.max_duration.as_ref()), LONGEST)?;
    let factor = backoff.and_then(|backoff| backoff.factor).unwrap_or(FACTOR);
    let grown = first.as_nanos() as f64 * (factor as f64).powf(f64::from(retries));
    let bounded = if longest > SignedDuration::ZERO { grown.min(longest.as_nanos() as f64) } else { grown };
    Ok(SignedDuration::try_from_secs_f64(bounded / NANOS).unwrap_or(SignedDuration::MAX))
}

/// Whether a sync that failed after so many retries is tried once more: a limit below 0 is none, and 0 allows no retry.
pub fn allows(strategy: &RetryStrategy, retries: u32) -> bool {
    let limit = strategy.limit.unwrap_or(0);
    limit < 0 || i64::from(retries) < limit
}

/// A duration as Argo CD reads it: whole seconds, or Go's notation such as `1m30s`.
fn duration(text: &str) -> Option<SignedDuration> {
    text.parse::<i64>().map_or_else(|_| go_duration(text), |seconds| Some(SignedDuration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use gitops_core::api::Backoff;

    use super::*;

    #[test]
    fn waits_grow_to_their_bound() {
        let waited = |retries| wait(&RetryStrategy::default(), retries).unwrap().as_secs();
        assert_eq!([0, 1, 2, 10].map(waited), [5, 10, 20, 180]);
    }

    #[test]
    fn durations_are_seconds_or_go_s() {
        assert_eq!(duration("30"), Some(SignedDuration::from_secs(30)));
        assert_eq!(duration("1m30s"), Some(SignedDuration::from_secs(90)));
        assert_eq!(duration("-1.5h"), Some(SignedDuration::from_mins(-90)));
        let mut backoff = Backoff::default();
        backoff.duration = Some("x".into());
        let mut strategy = RetryStrategy::default();
        strategy.backoff = Some(backoff);
        assert_eq!(wait(&strategy, 0), Err(RetryError("x".into())));
    }

    #[test]
    fn limits_bound_the_retries() {
        let allowed = |limit, retries| {
            let mut strategy = RetryStrategy::default();
            strategy.limit = limit;
            allows(&strategy, retries)
        };
        assert!(!allowed(None, 0) && !allowed(Some(2), 2));
        assert!(allowed(Some(2), 1) && allowed(Some(-1), 1_000));
    }
}
