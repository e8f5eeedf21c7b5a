//! Watches: opened again from the last resource version where the server ends them, or goes away for a while.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use gitops_core::Value;
use gitops_core::cluster::{ApiResource, ClusterError, ErrorKind, Query, WatchEvent, WatchStream};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, sleep, timeout};

use crate::answer::{Status, unreadable};
use crate::call::{Call, Caller};
use crate::counts::CallKind;
use crate::event::Event;
use crate::list::{Extent, accept, selected, typed};
use crate::path::Address;

/// After so many seconds the server ends a watch by itself.
const LIFE: u64 = 290;
/// A watch that says nothing for so long after that is dead.
const SILENCE: Duration = Duration::from_secs(LIFE + 30);
/// The longest pause before a watch is opened again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// For so long a server may be away before the watch gives up.
const AWAY: Duration = Duration::from_secs(300);
/// The longest line of a watch: one event.
const MAX_LINE: usize = 64 << 20;

/// What is watched, and how far it was told.
struct Watch {
    caller: Caller,
    resource: ApiResource,
    query: Query,
    extent: Extent,
    version: String,
    lines: Option<BoxStream<'static, Result<Bytes, ClusterError>>>,
    failing_since: Option<Instant>,
    pause: Duration,
    ended: bool,
}

/// Changes after a resource version.
pub(crate) async fn watch(
    caller: Caller,
    resource: ApiResource,
    query: Query,
    after: &str,
    extent: Extent,
) -> Result<WatchStream, ClusterError> {
    let mut watch = Watch {
        caller,
        resource,
        query,
        extent,
        version: after.to_owned(),
        lines: None,
        failing_since: None,
        pause: Duration::from_millis(50),
        ended: false,
    };
    // What is refused now is said at once.
    watch.open().await?;
    Ok(stream::unfold(watch, |mut watch| async move {
        let next = watch.next().await?;
        watch.ended = next.is_err();
        Some((next, watch))
    })
    .boxed())
}

impl Watch {
    async fn open(&mut self) -> Result<(), ClusterError> {
        let address = selected(Address::of_all(&self.resource, self.query.namespace.as_deref()), &self.query)
            .ask("watch", "true")
            .ask("allowWatchBookmarks", "true")
            .ask("resourceVersion", &self.version)
            .ask("timeoutSeconds", &LIFE.to_string());
        let mut call = Call::get(CallKind::Watch, address, None);
        call.accept = accept(self.extent);
        let response = self.caller.open(call).await?;
        self.lines = Some(lines(response.into_body()));
        Ok(())
    }

    async fn next(&mut self) -> Option<Result<WatchEvent, ClusterError>> {
        if self.ended {
            return None;
        }
        loop {
            let failure = match self.step().await {
                Ok(Some(event)) => return Some(Ok(event)),
                // The server ended the watch: it goes on where it was.
                Ok(None) => None,
                Err(error) if error.kind == ErrorKind::Unavailable => Some(error),
                Err(error) => return Some(Err(error)),
            };
            self.lines = None;
            if let Some(error) = failure {
                let since = *self.failing_since.get_or_insert_with(Instant::now);
                if since.elapsed() > AWAY {
                    return Some(Err(error));
                }
                tracing::debug!(%error, "a watch is opened again");
                sleep(self.pause).await;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// The next event; none where the stream came to its end.
    async fn step(&mut self) -> Result<Option<WatchEvent>, ClusterError> {
        if self.lines.is_none() {
            self.open().await?;
        }
        let Some(lines) = &mut self.lines else { return Ok(None) };
        let line = timeout(SILENCE, lines.next()).await.map_err(|_| silent())?;
        let Some(line) = line.transpose()? else { return Ok(None) };
        (self.failing_since, self.pause) = (None, Duration::from_millis(50));
        self.told(&line).map(Some)
    }

    fn told(&mut self, line: &[u8]) -> Result<WatchEvent, ClusterError> {
        let Event { kind, object } = Event::read(line, self.extent).map_err(|error| unreadable(&error, None))?;
        if kind == "ERROR" {
            let status: Status = serde_json::from_value(object).unwrap_or_default();
            return Err(status.refusal(500, None));
        }
        if let Some(version) = object.pointer("/metadata/resourceVersion").and_then(Value::as_str) {
            version.clone_into(&mut self.version);
        }
        Ok(match kind.as_str() {
            "ADDED" | "MODIFIED" => WatchEvent::Changed(Arc::new(typed(object, &self.resource, self.extent)?)),
            "DELETED" => WatchEvent::Gone(Arc::new(typed(object, &self.resource, self.extent)?)),
            "BOOKMARK" => WatchEvent::Bookmark(self.version.clone()),
            other => {
                return Err(ClusterError::new(ErrorKind::Internal, format!("a watch told an event of type `{other}`")));
            }
        })
    }
}

fn silent() -> ClusterError {
    ClusterError::new(ErrorKind::Unavailable, "a watch said nothing for too long")
}

/// The lines of a body. The rest after the last line end is half an event, and told by nobody.
fn lines(body: kube::client::Body) -> BoxStream<'static, Result<Bytes, ClusterError>> {
    let state = (body.into_data_stream(), BytesMut::new(), 0);
    stream::try_unfold(state, |(mut data, mut held, mut searched)| async move {
        loop {
            if let Some(place) = held.get(searched..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
                let line = held.split_to(searched + place).freeze();
                held.advance(1);
                return Ok(Some((line, (data, held, 0))));
            }
            searched = held.len();
            if searched > MAX_LINE {
                return Err(ClusterError::new(ErrorKind::Internal, "an event of a watch is too long"));
            }
            match data.next().await {
                Some(Ok(more)) => held.extend_from_slice(&more),
                Some(Err(error)) => {
                    return Err(ClusterError::new(ErrorKind::Unavailable, format!("a watch was cut off: {error}")));
                }
                None => return Ok(None),
            }
        }
    })
    .boxed()
}
