//! Watches: changes of a kind after a resource version, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, Stream};
use gitops_core::Value;
use gitops_merge::schema::Kind;
use tokio::sync::watch;

use crate::failure::Failure;
use crate::open::Inner;
use crate::server::as_version;
use crate::server::selector::Selection;
use crate::store::{Change, LogEntry, parse};

/// Tells watches that there are changes.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// The last resource version, and how often the time was told.
    version: watch::Sender<(u64, u64)>,
}

impl Pulse {
    pub(crate) fn new(version: u64) -> Self {
        Self { version: watch::Sender::new((version, 0)) }
    }

    /// There are changes up to this resource version.
    pub(crate) fn moved(&self, version: u64) {
        self.version.send_if_modified(|held| {
            let moved = version > held.0;
            held.0 = version.max(held.0);
            moved
        });
    }

    /// Some time went by: watches look whether they are to end.
    pub(crate) fn tick(&self) {
        self.version.send_modify(|held| held.1 = held.1.wrapping_add(1));
    }

    /// Whether anybody listens.
    pub(crate) fn is_watched(&self) -> bool {
        self.version.receiver_count() > 0
    }
}

/// What a watch tells.
#[derive(Debug)]
pub(crate) enum Event {
    /// An object came to be, or came to be selected.
    Added(Value),
    /// An object changed.
    Modified(Value),
    /// An object is gone, or is selected no more.
    Deleted(Value),
    /// Nothing more happened up to this resource version.
    Bookmark(u64),
}

/// The most changes that are read at once.
const PORTION: usize = 500;
/// Bookmarks come after so many foreign changes, or so much time.
const BOOKMARK: (u64, Duration) = (256, Duration::from_secs(1));

struct State {
    inner: Arc<Inner>,
    kind: Arc<Kind>,
    selection: Arc<Selection>,
    pulse: watch::Receiver<(u64, u64)>,
    until: Option<Instant>,
    cursor: u64,
    told: (u64, Instant),
    waiting: VecDeque<Event>,
    ended: bool,
}

/// Changes of a kind after a resource version. The stream ends after an error, and about when its limit is over.
///
/// # Errors
/// 410 where the history does not reach back that far.
pub(crate) async fn watch(
    inner: Arc<Inner>,
    kind: Arc<Kind>,
    selection: Selection,
    after: u64,
    limit: Option<Duration>,
) -> Result<impl Stream<Item = Result<Event, Failure>> + Send + 'static, Failure> {
    let pulse = inner.shared.pulse.version.subscribe();
    inner.wake().await?;
    inner.read(move |server| server.session.check_history(after)).await?;
    let state = State {
        inner,
        kind,
        selection: Arc::new(selection),
        pulse,
        until: limit.and_then(|limit| Instant::now().checked_add(limit)),
        cursor: after,
        told: (after, Instant::now()),
        waiting: VecDeque::new(),
        ended: false,
    };
    Ok(stream::unfold(state, |mut state| async move {
        let next = state.next().await?;
        state.ended = next.is_err();
        Some((next, state))
    }))
}

impl State {
    async fn next(&mut self) -> Option<Result<Event, Failure>> {
        loop {
            if self.ended {
                return None;
            }
            if let Some(event) = self.waiting.pop_front() {
                return Some(Ok(event));
            }
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            let (known, _) = *self.pulse.borrow_and_update();
            if known > self.cursor {
                if let Err(failure) = self.read().await {
                    return Some(Err(failure));
                }
                continue;
            }
            if self.cursor > self.told.0 && self.told.1.elapsed() >= BOOKMARK.1 {
                self.told = (self.cursor, Instant::now());
                return Some(Ok(Event::Bookmark(self.cursor)));
            }
            if self.pulse.changed().await.is_err() {
                return None;
            }
        }
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let (kind, selection, after) = (Arc::clone(&self.kind), Arc::clone(&self.selection), self.cursor);
        let (events, cursor) = self
            .inner
            .read(move |server| {
                server.session.check_history(after)?;
                // The watch ends with its kind.
                server.catalog.kind(&kind.api_version, &kind.kind)?;
                let place = (kind.group(), kind.kind.as_str());
                let changes = server.session.changes(place, selection.namespace.as_deref(), after, PORTION)?;
                let full = changes.len() == PORTION;
                let cursor = match changes.last() {
                    Some(last) if full => last.version,
                    _ => server.session.version()?,
                };
                let events = changes.into_iter().map(|change| event(&kind, &selection, change));
                let events = events.filter_map(Result::transpose).collect::<Result<VecDeque<_>, _>>()?;
                Ok((events, cursor))
            })
            .await?;
        self.cursor = cursor;
        self.waiting = events;
        let late = cursor - self.told.0 >= BOOKMARK.0 || self.told.1.elapsed() >= BOOKMARK.1;
        if !self.waiting.is_empty() {
            self.told = (cursor, Instant::now());
        } else if late {
            self.told = (cursor, Instant::now());
            self.waiting.push_back(Event::Bookmark(cursor));
        }
        Ok(())
    }
}

fn event(kind: &Kind, selection: &Selection, entry: LogEntry) -> Result<Option<Event>, Failure> {
    let object = as_version(parse(&entry.body)?, kind);
    let before = entry.labels_before.as_deref().map(parse).transpose()?;
    let fields = selection.matches_fields(&object);
    let after = fields && selection.matches_labels(object.pointer("/metadata/labels"));
    let before = match &before {
        Some(labels) => fields && selection.matches_labels(Some(labels)),
        None => after,
    };
    Ok(match (entry.change, before, after) {
        (Change::Added, _, true) | (Change::Modified, false, true) => Some(Event::Added(object)),
        (Change::Modified, true, true) => Some(Event::Modified(object)),
        (Change::Modified, true, false) | (Change::Deleted, true, _) => Some(Event::Deleted(object)),
        _ => None,
    })
}
