//! A token that is kept for as long as it is valid, and renewed before it ends.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use gitops_core::secret::{Purpose, Reveal, Secret};
use tokio::sync::Mutex as Turn;

use crate::IdentityError;

/// How long before its end a token is not used any more: clocks differ, and a call takes its time.
const CUSHION: Duration = Duration::from_secs(30);
/// How long the making of a token may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long after a failure a token is made again.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest that a token is believed to be valid, whatever its maker says.
const LONGEST: Duration = Duration::from_hours(24);

/// A token, and until when it is used.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) value: Arc<Secret<String>>,
    /// From then on it is renewed beside the work.
    pub(crate) fresh_until: SystemTime,
    /// From then on it is not used.
    pub(crate) used_until: SystemTime,
}

impl Token {
    /// A token that is valid for this long.
    pub(crate) fn new(value: String, now: SystemTime, valid: Duration) -> Self {
        let valid = valid.min(LONGEST);
        let used = valid.saturating_sub(CUSHION.min(valid / 4));
        Self { value: Arc::new(Secret::new(value)), fresh_until: now + used / 4 * 3, used_until: now + used }
    }

    /// The token, for the call that carries it.
    pub(crate) fn reveal(&self) -> &str {
        self.value.reveal(&Reveal::granted(Purpose::Connection))
    }
}

/// Makes a token.
pub(crate) type Make = Box<dyn Fn(SystemTime) -> BoxFuture<'static, Result<Token, IdentityError>> + Send + Sync>;

/// The last token that was made. Clones are one.
#[derive(Clone)]
pub(crate) struct Held(Arc<Inner>);

struct Inner {
    make: Make,
    state: Mutex<State>,
    /// Whose turn it is to make the next one.
    turn: Arc<Turn<()>>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    failed: Option<(IdentityError, SystemTime)>,
}

impl Held {
    pub(crate) fn new(make: Make) -> Self {
        Self(Arc::new(Inner { make, state: Mutex::default(), turn: Arc::default() }))
    }

    /// A token that is valid now. Only who has none waits for one; one that ends soon is renewed beside.
    pub(crate) async fn get(&self, now: SystemTime) -> Result<Arc<Secret<String>>, IdentityError> {
        if let Some(token) = self.used(now) {
            if token.fresh_until <= now && self.0.failure(now).is_none() {
                self.renew(now);
            }
            return Ok(token.value);
        }
        let turn = Arc::clone(&self.0.turn).lock_owned().await;
        // Who waited for a turn wants what was made in the last one, or hears why there is none.
        match (self.used(now), self.0.failure(now)) {
            (Some(token), _) => return Ok(token.value),
            (None, Some(error)) => return Err(error),
            (None, None) => {}
        }
        // Who waits no longer does not end it: the next one to ask has it then.
        let inner = Arc::clone(&self.0);
        let made = tokio::spawn(async move {
            let _turn = turn;
            inner.make(now).await
        });
        made.await.unwrap_or(Err(IdentityError::Ended)).map(|token| token.value)
    }

    fn used(&self, now: SystemTime) -> Option<Token> {
        self.0.state().token.clone().filter(|token| now < token.used_until)
    }

    fn renew(&self, now: SystemTime) {
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            // Somebody else's turn is for the same token.
            let Ok(_turn) = inner.turn.try_lock() else { return };
            let is_renewed = inner.state().token.as_ref().is_some_and(|token| now < token.fresh_until);
            if !is_renewed {
                drop(inner.make(now).await);
            }
        });
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failure(&self, now: SystemTime) -> Option<IdentityError> {
        let rests = |since: &SystemTime| now.duration_since(*since).is_ok_and(|since| since < PAUSE);
        self.state().failed.as_ref().filter(|(_, since)| rests(since)).map(|(error, _)| error.clone())
    }

    async fn make(&self, now: SystemTime) -> Result<Token, IdentityError> {
        let made = tokio::time::timeout(PATIENCE, (self.make)(now)).await;
        let made = made.unwrap_or(Err(IdentityError::Late(PATIENCE.as_secs())));
        let mut state = self.state();
        match &made {
            Ok(token) => (state.token, state.failed) = (Some(token.clone()), None),
            Err(error) => state.failed = Some((error.clone(), now)),
        }
        made
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Held").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use futures::future::{FutureExt as _, join_all};
    use tokio::sync::Semaphore;

    use super::*;

    /// Makes numbered tokens of an hour, when it is let to.
    struct Maker {
        made: AtomicU32,
        fails: AtomicBool,
        permits: Semaphore,
    }

    fn maker() -> (Arc<Maker>, Held) {
        let maker = Maker { made: AtomicU32::new(0), fails: AtomicBool::new(false), permits: Semaphore::new(100) };
        let maker = Arc::new(maker);
        let shared = Arc::clone(&maker);
        let make: Make = Box::new(move |now| {
            let maker = Arc::clone(&shared);
            async move {
                maker.permits.acquire().await.unwrap().forget();
                let number = maker.made.fetch_add(1, Ordering::SeqCst);
                match maker.fails.load(Ordering::SeqCst) {
                    true => Err(IdentityError::Sign),
                    false => Ok(Token::new(number.to_string(), now, Duration::from_hours(1))),
                }
            }
            .boxed()
        });
        (maker, Held::new(make))
    }

    async fn get(held: &Held, now: SystemTime) -> Result<String, IdentityError> {
        let token = held.get(now).await?;
        Ok(token.reveal(&Reveal::granted(Purpose::Connection)).clone())
    }

    #[tokio::test]
    async fn a_token_is_made_once_for_all_who_wait_and_used_until_it_ends() {
        let (maker, held) = maker();
        let now = SystemTime::UNIX_EPOCH;
        let all = join_all((0..50).map(|_| get(&held, now))).await;
        assert!(all.iter().all(|one| one.as_deref().unwrap() == "0"));
        assert_eq!(get(&held, now + Duration::from_mins(44)).await.unwrap(), "0");
        assert_eq!(maker.made.load(Ordering::SeqCst), 1);
        assert_eq!(get(&held, now + Duration::from_secs(3_570)).await.unwrap(), "1");
        assert!(!format!("{held:?}").contains('1'));
    }

    #[tokio::test]
    async fn one_that_ends_soon_is_renewed_beside_who_uses_it() {
        let (maker, held) = maker();
        let now = SystemTime::UNIX_EPOCH;
        get(&held, now).await.unwrap();
        maker.permits.forget_permits(99);
        let soon = now + Duration::from_mins(45);
        for _ in 0..10 {
            assert_eq!(get(&held, soon).await.unwrap(), "0");
            tokio::task::yield_now().await;
        }
        maker.permits.add_permits(1);
        while get(&held, soon).await.unwrap() != "1" {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(maker.made.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_who_waits_and_tried_again_after_a_pause() {
        let (maker, held) = maker();
        let now = SystemTime::UNIX_EPOCH;
        maker.fails.store(true, Ordering::SeqCst);
        let all = join_all((0..50).map(|_| get(&held, now))).await;
        assert!(all.iter().all(Result::is_err));
        assert_eq!(maker.made.load(Ordering::SeqCst), 1);
        maker.fails.store(false, Ordering::SeqCst);
        assert!(get(&held, now + Duration::from_secs(4)).await.is_err());
        assert_eq!(get(&held, now + Duration::from_secs(5)).await.unwrap(), "1");
    }

    #[tokio::test]
    async fn who_waits_no_longer_does_not_end_the_making() {
        let (maker, held) = maker();
        let now = SystemTime::UNIX_EPOCH;
        maker.permits.forget_permits(100);
        assert!(tokio::time::timeout(Duration::from_millis(20), get(&held, now)).await.is_err());
        maker.permits.add_permits(1);
        assert_eq!(get(&held, now).await.unwrap(), "0");
    }
}
