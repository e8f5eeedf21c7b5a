//! Watches as streams of JSON lines.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt as _};
use gitops_core::Value;
use gitops_merge::schema::Kind;
use http::{HeaderValue, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use serde_json::json;

use super::answer::Form;
use super::{Call, ResponseBody};
use crate::cluster::EmbeddedCluster;
use crate::failure::Failure;
use crate::server::Page;
use crate::server::selector::Selection;
use crate::watch::{self, Event};

/// The longest that a watch goes on where its client names no time.
const LONGEST: u64 = 3_600;

/// Answers a watch.
pub(super) async fn watch(
    cluster: &EmbeddedCluster,
    kind: Arc<Kind>,
    selection: Selection,
    call: &Call,
) -> Result<Response<ResponseBody>, Failure> {
    let lines = Lines { form: Form::of(&call.accept), kind: Arc::clone(&kind) };
    let bookmarks = call.parameters.is_true("allowWatchBookmarks");
    let initial = call.parameters.is_true("sendInitialEvents");
    let asked = call.parameters.text("resourceVersion");
    let (first, after) = match asked {
        "" | "0" => {
            let (kind, selection) = (Arc::clone(&kind), selection.clone());
            let listing = cluster.inner.read(move |server| server.list(&kind, &selection, Page::default())).await?;
            let mut first: Vec<Bytes> =
                listing.objects.into_iter().map(|object| lines.line("ADDED", lines.form.object(object))).collect();
            if initial && bookmarks {
                first.push(lines.bookmark(listing.version, true));
            }
            (first, Ok(listing.version))
        }
        asked => (Vec::new(), asked.parse::<u64>()),
    };
    let after = after.map_err(|_| {
        let message =
            format!("resourceVersion: Invalid value: {asked:?}: strconv.ParseUint: parsing {asked:?}: invalid syntax");
        gitops_merge::server::ServerError::bad_request(message)
    })?;
    let seconds = call.parameters.text("timeoutSeconds").parse().unwrap_or(LONGEST).min(LONGEST);
    let limit = Duration::from_secs(seconds);
    let body: futures::stream::BoxStream<'static, Bytes> =
        match watch::watch(Arc::clone(&cluster.inner), kind, selection, after, Some(limit)).await {
            Ok(events) => stream::iter(first).chain(lines.all(events, bookmarks)).boxed(),
            // Told in the stream, as the API server does.
            Err(failure) => stream::iter([lines.failure(failure)]).boxed(),
        };
    let frames = body.map(|line| Ok::<_, Infallible>(Frame::data(line)));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

#[derive(Clone)]
struct Lines {
    form: Form,
    kind: Arc<Kind>,
}

impl Lines {
    fn all(
        self,
        events: impl Stream<Item = Result<Event, Failure>> + Send + 'static,
        bookmarks: bool,
    ) -> impl Stream<Item = Bytes> + Send + 'static {
        events.filter_map(move |event| {
            let line = match event {
                Ok(Event::Added(object)) => Some(self.line("ADDED", self.form.object(object))),
                Ok(Event::Modified(object)) => Some(self.line("MODIFIED", self.form.object(object))),
                Ok(Event::Deleted(object)) => Some(self.line("DELETED", self.form.object(object))),
                Ok(Event::Bookmark(version)) => bookmarks.then(|| self.bookmark(version, false)),
                Err(failure) => Some(self.failure(failure)),
            };
            futures::future::ready(line)
        })
    }

    #[expect(clippy::unused_self, reason = "lines are written in one place")]
    fn line(&self, kind: &str, object: Value) -> Bytes {
        let mut line = json!({"type": kind, "object": object}).to_string();
        line.push('\n');
        Bytes::from(line)
    }

    fn bookmark(&self, version: u64, initial: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": version.to_string(), "creationTimestamp": null});
        if let (true, Some(metadata)) = (initial, metadata.as_object_mut()) {
            metadata.insert("annotations".to_owned(), json!({"k8s.io/initial-events-end": "true"}));
        }
        let (api_version, kind) = match self.form {
            Form::Whole => (self.kind.api_version.as_str(), self.kind.kind.as_str()),
            Form::Metadata => ("meta.k8s.io/v1", "PartialObjectMetadata"),
        };
        self.line("BOOKMARK", json!({"apiVersion": api_version, "kind": kind, "metadata": metadata}))
    }

    fn failure(&self, failure: Failure) -> Bytes {
        self.line("ERROR", failure.into_refusal().status())
    }
}
