//! What parent and child say to each other: one JSON value a line.

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use gitops_core::Value;
use gitops_core::tree::{Blob, ContentId, Entry, EntryKind, Meta, Tree, TreeError, TreePath};
use gitops_render::jsonnet::{JsonnetError, JsonnetRequest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest line: a file of the largest size that rendering reads, in base64, and some.
const MAX_LINE: u64 = 256 << 20;

/// What the parent starts with.
#[derive(Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) request: JsonnetRequest,
    pub(super) memory_bytes: u64,
    pub(super) processor_seconds: u64,
}

/// What the child says.
#[derive(Serialize, Deserialize)]
pub(super) enum Say {
    Stat(TreePath),
    Read(TreePath),
    List(TreePath),
    Done(Value),
    Failed(JsonnetError),
}

/// What the parent answers.
#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    Stat(Option<WireMeta>),
    Read(Option<WireBlob>),
    List(Option<Vec<(String, EntryKind)>>),
    Failed(String),
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireMeta {
    kind: EntryKind,
    size: u64,
    id: Arc<str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireBlob {
    id: Arc<str>,
    base64: String,
}

pub(super) fn send(out: &mut dyn Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// The next message; `None` where the other side has closed.
pub(super) fn receive<T: DeserializeOwned>(input: &mut dyn BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    // A line without an end is one that was longer than allowed, and does not parse.
    let read = io::Read::take(&mut *input, MAX_LINE).read_until(b'\n', &mut line)?;
    if read == 0 { Ok(None) } else { Ok(Some(serde_json::from_slice(&line)?)) }
}

/// The tree's answer to a question; none where what was said is no question.
pub(super) fn answer(tree: &dyn Tree, say: &Say) -> Option<Answer> {
    let failed = |error: TreeError| Answer::Failed(error.to_string());
    Some(match say {
        Say::Stat(path) => tree.stat(path).map_or_else(failed, |meta| Answer::Stat(meta.map(Into::into))),
        Say::Read(path) => tree.read(path).map_or_else(failed, |blob| Answer::Read(blob.map(Into::into))),
        Say::List(path) => tree.list(path).map_or_else(failed, |entries| {
            Answer::List(entries.map(|entries| entries.into_iter().map(|entry| (entry.name, entry.kind)).collect()))
        }),
        Say::Done(_) | Say::Failed(_) => return None,
    })
}

impl From<Meta> for WireMeta {
    fn from(meta: Meta) -> Self {
        Self { kind: meta.kind, size: meta.size, id: meta.id.0 }
    }
}

impl From<WireMeta> for Meta {
    fn from(meta: WireMeta) -> Self {
        Self { kind: meta.kind, size: meta.size, id: ContentId(meta.id) }
    }
}

impl From<Blob> for WireBlob {
    fn from(blob: Blob) -> Self {
        Self { id: blob.id.0, base64: BASE64.encode(&blob.bytes) }
    }
}

impl TryFrom<WireBlob> for Blob {
    type Error = base64::DecodeError;

    fn try_from(blob: WireBlob) -> Result<Self, Self::Error> {
        Ok(Self { id: ContentId(blob.id), bytes: Bytes::from(BASE64.decode(blob.base64)?) })
    }
}

pub(super) fn entries(entries: Vec<(String, EntryKind)>) -> Vec<Entry> {
    entries.into_iter().map(|(name, kind)| Entry { name, kind }).collect()
}
