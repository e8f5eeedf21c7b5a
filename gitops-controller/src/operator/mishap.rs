//! Looks that panic, by a bug here or in a library: each ends alone. Its Application says so, and is looked at again after a pause
//! that grows, while all others go on.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use gitops_core::api::ApplicationConditionType;
use jiff::SignedDuration;

use super::project;
use super::queue::Key;
use crate::applications::{ApplicationError, Applications};
use crate::engine::Engine;
use crate::status;

/// The pause after the first of several panics in a row; each one after it is twice as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// What is said of it. What the panic said stays in the log: it may hold anything.
pub(super) const WORDS: &str = "internal error: a look at the Application panicked, as the log of the operator says; it is looked at again \
                                after a pause that grows, and a report of that line of the log helps to end it";

/// Why there is no look.
#[derive(Debug)]
pub(super) enum Unlooked {
    /// The cluster cannot read or write the Application itself.
    Failed(String),
    /// It panicked.
    Panicked,
}

/// Does something whose panic ends it alone. What looks share lies behind locks that nobody leaves half done, or in the cluster.
pub(super) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Unlooked> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Unlooked::Panicked)
}

/// Says in a condition of the Application that a look at it panicked.
///
/// # Errors
/// Where the Application cannot be read or written.
pub(super) async fn tell(engine: &Engine, key: &Key) -> Result<(), ApplicationError> {
    let applications = Applications::of(engine.cluster.as_ref());
    let mut application = applications.get(&key.namespace, &key.name).await?;
    let before = application.status.clone();
    let condition = (ApplicationConditionType::UnknownError, WORDS.to_owned());
    let evaluated = [ApplicationConditionType::UnknownError];
    let told = application.status.get_or_insert_default();
    project::set_conditions(told, &[condition], &evaluated, engine.clock.now());
    if status::moved(before.as_ref(), application.status.as_ref()) {
        applications.set_status(&application, before.as_ref()).await?;
    }
    Ok(())
}

/// How many looks at each Application panicked in a row.
#[derive(Debug, Default)]
pub(super) struct Mishaps(HashMap<Key, u32>);

impl Mishaps {
    /// How long after another one the Application is looked at again.
    pub(super) fn pause(&mut self, key: &Key) -> SignedDuration {
        let count = self.0.entry(key.clone()).or_default();
        let pause = FIRST_PAUSE.saturating_mul(2_i32.saturating_pow(*count)).min(LONGEST_PAUSE);
        *count = count.saturating_add(1);
        pause
    }

    /// A look came to its end, or the Application is gone.
    pub(super) fn forget(&mut self, key: &Key) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_a_look_ends_well() {
        let (mut mishaps, key) = (Mishaps::default(), Key::new("argocd", "web"));
        let mut next = || mishaps.pause(&key).as_secs();
        assert_eq!([next(), next(), next()], [1, 2, 4]);
        (0..60).for_each(|_| _ = next());
        assert_eq!(next(), 300);
        mishaps.forget(&key);
        assert_eq!(mishaps.pause(&key).as_secs(), 1);
    }

    #[tokio::test]
    async fn a_panic_ends_what_it_happens_in() {
        assert!(matches!(caught(async { 1 }).await, Ok(1)));
        assert!(matches!(caught(async { "no number".parse::<u32>().unwrap() }).await, Err(Unlooked::Panicked)));
    }
}
