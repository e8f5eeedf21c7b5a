//! Chart repositories: an `index.yaml`, and archives that it names.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gitops_core::need::ChartNeed;
use serde::Deserialize;

use super::{ChartError, Location, MAX_ARCHIVE_BYTES, choose};
use crate::web::{Ask, Files};

/// Bytes of an index. 64 MiB.
const MAX_INDEX_BYTES: u64 = 64 << 20;
/// How long an index serves for further charts before it is asked for again.
const FRESH: Duration = Duration::from_secs(60);

/// Indexes by the addresses of their repositories. The charts of one render come from few repositories, each of which
/// is asked once.
#[derive(Default)]
pub(crate) struct Indexes(Mutex<HashMap<Key, Arc<Slot>>>);

/// Who asks, and the address of the repository.
type Key = (Option<String>, String);

/// An index and when it was read. Who reads it keeps the others waiting, so that it is read once.
#[derive(Default)]
struct Slot(Mutex<Option<(Instant, Arc<Index>)>>);

/// What is read of an index.
#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    entries: BTreeMap<String, Option<Vec<Option<Entry>>>>,
}

/// What is read of a chart's version.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    version: String,
    #[serde(default)]
    urls: Vec<String>,
    digest: Option<String>,
}

/// The location of a chart's archive, and the archive itself, which is not asked for where the index names its digest
/// and it is kept already.
pub(super) fn get(files: &Files, need: &ChartNeed, wanted: &str) -> Result<(Location, Bytes), ChartError> {
    let base = need.repository.trim_end_matches('/');
    let url = index_url(base);
    let malformed = |message: String| ChartError::Malformed { url: shown(&url), message };
    let index = files.indexes.get(files, base, &url)?;
    let entries = index.entries.get(&need.name).and_then(Option::as_deref).unwrap_or_default();
    let entries: Vec<&Entry> = entries.iter().flatten().collect();
    if entries.is_empty() {
        let nearest = index.entries.keys().filter(|name| is_near(name, &need.name)).min_by_key(|name| name.len());
        return Err(ChartError::UnknownChart { name: need.name.clone(), nearest: nearest.cloned() });
    }
    let versions: Vec<&str> = entries.iter().map(|entry| entry.version.as_str()).collect();
    let version = choose(&versions, wanted)?;
    let entry = entries.iter().find(|entry| entry.version == version);
    let (Some(entry), Some(archive)) = (entry, entry.and_then(|entry| entry.urls.first())) else {
        return Err(malformed(format!("`{}` {version} has no URL", need.name)));
    };
    let digest = entry.digest.clone().filter(|digest| !digest.is_empty());
    if let Some((registry, tag)) = archive.strip_prefix("oci://").and_then(|rest| rest.rsplit_once(':')) {
        let (mut location, bytes) = super::registry::get(files, registry, "", tag)?;
        location.version = version.into();
        return Ok((location, bytes));
    }
    let archive = joined(base, archive).ok_or_else(|| malformed(format!("`{archive}` is no URL of an archive")))?;
    let location = Location { url: shown(&archive), version: version.into(), digest };
    if let Some(bytes) = location.digest.as_deref().and_then(|digest| files.stored(&super::whole(digest))) {
        return Ok((location, bytes));
    }
    let mut ask = Ask::new(&archive, MAX_ARCHIVE_BYTES);
    if need.pass_credentials || host(&archive) == host(base) {
        ask = ask.with_credentials_of(base);
    }
    let bytes = read(files, &ask)?;
    Ok((location, bytes))
}

impl Indexes {
    /// Forgets what callers were told but these.
    pub(crate) fn sweep(&self, keep: &BTreeSet<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(partition, _), _| partition.as_ref().is_none_or(|partition| keep.contains(partition)));
    }

    fn get(&self, files: &Files, base: &str, url: &str) -> Result<Arc<Index>, ChartError> {
        let key = (files.partition.clone(), base.to_owned());
        let slot = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        let mut known = slot.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read, index)) = &*known
            && read.elapsed() < FRESH
        {
            return Ok(Arc::clone(index));
        }
        let text = read(files, &Ask::new(url, MAX_INDEX_BYTES).with_credentials_of(base))?;
        let malformed = |message: String| ChartError::Malformed { url: shown(url), message };
        let index: Index = serde_yaml::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
        let index = Arc::new(index);
        *known = Some((Instant::now(), Arc::clone(&index)));
        Ok(index)
    }
}

/// The address of a repository's index: its path with one more part, before a query.
fn index_url(base: &str) -> String {
    let (address, query) = base.split_once('?').map_or((base, String::new()), |(at, query)| (at, format!("?{query}")));
    format!("{}/index.yaml{query}", address.trim_end_matches('/'))
}

fn shown(url: &str) -> String {
    gitops_core::need::without_password(url).into_owned()
}

fn read(files: &Files, ask: &Ask<'_>) -> Result<Bytes, ChartError> {
    let url = shown(ask.url);
    match files.ask(ask) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(ChartError::NotFound { url }),
        Err(source) => Err(ChartError::Web { url, source }),
    }
}

/// The address of an archive, which may be relative to the repository's. A query of the repository's address, which may
/// hold a token, stays with relative ones.
fn joined(base: &str, url: &str) -> Option<String> {
    let base = reqwest::Url::parse(base).ok()?;
    let mut folder = base.clone();
    folder.set_path(&format!("{}/", base.path().trim_end_matches('/')));
    let mut joined = folder.join(url).ok()?;
    let relative = reqwest::Url::parse(url).is_err();
    if relative && joined.query().is_none() {
        joined.set_query(base.query());
    }
    matches!(joined.scheme(), "http" | "https").then(|| joined.to_string())
}

/// Scheme, host and port.
fn host(url: &str) -> Option<(String, String, Option<u16>)> {
    let url = reqwest::Url::parse(url).ok()?;
    Some((url.scheme().into(), url.host_str()?.into(), url.port_or_known_default()))
}

/// Whether one name is the other with something more, or they differ in one letter.
fn is_near(one: &str, other: &str) -> bool {
    let differing = || one.chars().zip(other.chars()).filter(|(one, other)| one != other).count();
    one.contains(other) || other.contains(one) || one.len() == other.len() && differing() == 1
}
