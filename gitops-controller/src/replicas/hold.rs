//! Holding a shard, on the holder's own clock: a write is made only for as long as nobody else can have taken the shard.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use gitops_core::cluster::{ClusterError, ErrorKind};
use tokio::sync::{RwLock, watch};
use tokio::time::{Instant, sleep_until};

/// Holding a shard. Clones are the same hold.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    term: Arc<watch::Sender<Term>>,
    /// Read by every write on its way, so that who gives the shard away waits for them.
    writes: Arc<RwLock<()>>,
}

/// How long a hold lasts.
#[derive(Clone, Copy, Debug)]
enum Term {
    /// Until this moment, if it is not renewed.
    Until(Instant),
    /// Nothing is begun any more, and what was begun has until this moment.
    Closing(Instant),
    Over,
}

impl Term {
    fn end(self) -> Option<Instant> {
        match self {
            Self::Until(end) | Self::Closing(end) => Some(end),
            Self::Over => None,
        }
    }
}

impl Hold {
    /// A hold until a moment.
    pub(super) fn until(end: Instant) -> Self {
        Self { term: Arc::new(watch::Sender::new(Term::Until(end))), writes: Arc::default() }
    }

    /// The hold lasts until this moment. One that is over stays so.
    pub(super) fn extend(&self, end: Instant) {
        self.term.send_modify(|term| match term {
            Term::Until(before) if *before > Instant::now() => *before = end,
            Term::Closing(before) if *before > Instant::now() => *before = end,
            other => *other = Term::Over,
        });
    }

    /// Ends the hold once the writes that are on their way have ended; no further ones begin.
    pub(super) async fn close(&self) {
        self.term.send_modify(|term| {
            if let Term::Until(end) = *term {
                *term = Term::Closing(end);
            }
        });
        drop(self.writes.write().await);
        self.end();
    }

    /// Ends the hold now.
    pub(super) fn end(&self) {
        self.term.send_replace(Term::Over);
    }

    /// Makes a write; one that has not ended when the hold ends is cut off.
    pub(crate) async fn write<T>(
        &self,
        call: impl Future<Output = Result<T, ClusterError>>,
    ) -> Result<T, ClusterError> {
        let _on_its_way = self.writes.read().await;
        if !matches!(*self.term.borrow(), Term::Until(_)) {
            return Err(lost());
        }
        self.during(call).await.unwrap_or_else(|| Err(lost()))
    }

    /// Does something for as long as the hold lasts; nothing where that ends first.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let mut over = pin!(self.over());
        poll_fn(|context| {
            // A process that was stopped may go on here before its timers do.
            let is_over = self.term.borrow().end().is_none_or(|end| end <= Instant::now());
            if is_over || over.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Over when the hold is.
    async fn over(&self) {
        let mut told = self.term.subscribe();
        loop {
            let end = match told.borrow_and_update().end() {
                Some(end) if end > Instant::now() => end,
                _ => return,
            };
            tokio::select! {
                () = sleep_until(end) => {}
                changed = told.changed() => if changed.is_err() { return },
            }
        }
    }
}

fn lost() -> ClusterError {
    ClusterError::new(ErrorKind::Forbidden, "this replica does not hold the shard any more: another one goes on")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;
    use tokio::time::sleep;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(40);

    async fn takes(time: Duration) -> Result<(), ClusterError> {
        sleep(time).await;
        Ok(())
    }

    #[tokio::test]
    async fn a_write_that_outlasts_the_hold_is_cut_off() {
        let hold = Hold::until(Instant::now() + 5 * MOMENT);
        hold.write(takes(MOMENT)).await.unwrap();
        let begun = Instant::now();
        assert!(hold.write(takes(1_000 * MOMENT)).await.is_err());
        assert!(begun.elapsed() < 100 * MOMENT);
        assert!(hold.write(takes(Duration::ZERO)).await.is_err());
        hold.extend(Instant::now() + 1_000 * MOMENT);
        assert!(hold.write(takes(Duration::ZERO)).await.is_err(), "what is over stays so");
    }

    #[tokio::test]
    async fn a_hold_that_is_renewed_in_time_lasts() {
        let hold = Hold::until(Instant::now() + 100 * MOMENT);
        let (written, ()) = tokio::join!(hold.write(takes(110 * MOMENT)), async {
            sleep(MOMENT).await;
            hold.extend(Instant::now() + 1_000 * MOMENT);
        });
        written.unwrap();
    }

    #[tokio::test]
    async fn a_process_that_stood_still_ends_the_hold_before_it_does_anything_else() {
        let hold = Hold::until(Instant::now() + 50 * MOMENT);
        let mut polls = 0;
        let call = poll_fn(|_| {
            polls += 1;
            Poll::<Result<(), ClusterError>>::Pending
        });
        let mut write = Box::pin(hold.write(call));
        assert!(write.as_mut().now_or_never().is_none());
        std::thread::sleep(60 * MOMENT);
        assert!(write.as_mut().now_or_never().is_some_and(|written| written.is_err()));
        drop(write);
        assert_eq!(polls, 1);
    }

    #[tokio::test]
    async fn who_gives_a_shard_away_waits_for_what_is_on_its_way() {
        let hold = Hold::until(Instant::now() + 1_000 * MOMENT);
        let (written, release) = tokio::sync::oneshot::channel::<()>();
        let call = hold.write(async {
            let _ = release.await;
            Ok(())
        });
        let mut call = Box::pin(call);
        assert!(call.as_mut().now_or_never().is_none());
        let mut closed = Box::pin(hold.close());
        assert!(closed.as_mut().now_or_never().is_none(), "it waits");
        let late = hold.write(takes(Duration::ZERO));
        written.send(()).unwrap();
        call.await.unwrap();
        closed.await;
        assert!(late.await.is_err());
    }
}
