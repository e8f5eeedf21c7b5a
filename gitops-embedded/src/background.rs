//! What happens without a call: controllers take their steps, and watches hear of other processes' changes.
//!
//! A step is due at a moment that is kept with its object, and is taken as if at that moment: a cluster that was closed
//! for an hour is, once it is open again, as it would be had it been open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gitops_core::Timestamp;
use rusqlite::Connection;

use crate::catalog::Catalogs;
use crate::failure::Failure;
use crate::options::{Options, Pace};
use crate::watch::Pulse;
use crate::workers::Idle;

/// What calls and the background have in common.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) catalogs: Catalogs,
    pub(crate) pulse: Pulse,
}

/// The most steps in one transaction, and the longest that it takes.
const BATCH: (usize, Duration) = (64, Duration::from_millis(3));
/// How often another process's changes are looked for.
const POLL: Duration = Duration::from_millis(50);
/// How often watches are told that time went by.
const TICK: Duration = Duration::from_millis(500);
/// While calls come one after the other, controllers wait so long for their turn.
const PATIENCE: Duration = Duration::from_millis(40);
/// Calls come one after the other if so little time is between them.
const PRESS: Duration = Duration::from_millis(2);
/// How long a step that failed waits, in steps.
const RETRY: i64 = 10;
/// How long opening waits at most for what happened meanwhile.
const CATCH_UP: Duration = Duration::from_millis(500);

/// Takes steps that are due up to a moment, in one transaction; how many.
pub(crate) fn batch(shared: &Shared, connection: &mut Connection, until: i64) -> Result<usize, Failure> {
    let started = Instant::now();
    let now = shared.options.clock.now();
    shared.transact(connection, now, |server| {
        let mut steps = 0;
        let mut server = server.clone();
        while steps < BATCH.0 && (steps == 0 || started.elapsed() < BATCH.1) {
            let Some(stored) = server.session.next_due(until)? else { break };
            let due = stored.due.unwrap_or(until);
            server.now = Timestamp::from_millisecond(due).unwrap_or(now);
            // A definition may have changed in the step before.
            server.catalog = shared.catalogs.within(server.session, &server.catalog)?;
            let id = stored.id;
            match server.step(stored) {
                Ok(()) => {}
                Err(Failure::Storage(error)) => return Err(error.into()),
                Err(refused) => {
                    tracing::debug!(reason = %refused.into_refusal(), "a controller's step was refused");
                    server.session.set_due(id, Some(due.max(now.as_millisecond()) + server.step * RETRY))?;
                }
            }
            steps += 1;
        }
        Ok(steps)
    })
}

/// Takes the steps that became due while nobody had the cluster open.
pub(crate) fn catch_up(shared: &Shared, connection: &mut Connection) -> Result<(), Failure> {
    let started = Instant::now();
    let until = shared.options.clock.now().as_millisecond();
    if first_due(shared, connection)?.is_none_or(|due| due > until) {
        return Ok(());
    }
    while started.elapsed() < CATCH_UP && batch(shared, connection, until)? > 0 {}
    Ok(())
}

fn first_due(shared: &Shared, connection: &Connection) -> Result<Option<i64>, Failure> {
    crate::store::Session::new(connection, shared.options.history).first_due()
}

/// What the writing thread does between calls.
pub(crate) fn idle(shared: Arc<Shared>) -> Idle {
    let mut seen = None;
    let (mut last_call, mut last_batch, mut last_tick) = (Instant::now(), Instant::now(), Instant::now());
    Box::new(move |connection, called| {
        if called {
            last_call = Instant::now();
        }
        look(&shared, connection, &mut seen);
        if last_tick.elapsed() >= TICK {
            last_tick = Instant::now();
            shared.pulse.tick();
        }
        if shared.options.pace == Pace::Manual {
            return shared.pulse.is_watched().then_some(POLL);
        }
        let now = shared.options.clock.now().as_millisecond();
        match first_due(&shared, connection) {
            Ok(Some(due)) if due <= now => {
                if last_call.elapsed() < PRESS && last_batch.elapsed() < PATIENCE {
                    return Some(PRESS);
                }
                let done = batch(&shared, connection, now);
                last_batch = Instant::now();
                match done {
                    Ok(_) => Some(Duration::ZERO),
                    Err(failure) => {
                        tracing::warn!(reason = %failure.into_refusal(), "controllers cannot take their steps");
                        Some(Duration::from_secs(1))
                    }
                }
            }
            Ok(Some(due)) => Some(POLL.min(Duration::from_millis((due - now).unsigned_abs().max(1)))),
            _ => Some(POLL),
        }
    })
}

/// Tells watches where another process changed something.
fn look(shared: &Shared, connection: &Connection, seen: &mut Option<i64>) {
    let number = connection
        .prepare_cached("PRAGMA data_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)));
    let Ok(number) = number else { return };
    if *seen != Some(number) {
        *seen = Some(number);
        if let Ok(version) = crate::store::Session::new(connection, shared.options.history).version() {
            shared.pulse.moved(version);
        }
    }
}
