//! Chart repositories: an `index.yaml`, and archives that it names.

use std::collections::BTreeMap;

use bytes::Bytes;
use gitops_core::need::ChartNeed;
use serde::Deserialize;

use super::{ChartError, Location, MAX_ARCHIVE_BYTES, choose};
use crate::web::{Ask, Files};

/// Bytes of an index. 64 MiB.
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// What is read of an index.
#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    entries: BTreeMap<String, Option<Vec<Entry>>>,
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

pub(super) fn get(files: &Files, need: &ChartNeed, wanted: &str) -> Result<(Location, Bytes), ChartError> {
    let base = need.repository.trim_end_matches('/');
    let url = format!("{base}/index.yaml");
    let text = read(files, &Ask::new(&url, MAX_INDEX_BYTES).with_credentials_of(base))?;
    let malformed = |message: String| ChartError::Malformed { url: url.clone(), message };
    let index: Index = serde_yaml::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
    let entries = index.entries.get(&need.name).and_then(Option::as_deref).unwrap_or_default();
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
    let archive = joined(base, archive).ok_or_else(|| malformed(format!("`{archive}` is no URL of an archive")))?;
    let mut ask = Ask::new(&archive, MAX_ARCHIVE_BYTES);
    if need.pass_credentials || host(&archive) == host(base) {
        ask = ask.with_credentials_of(base);
    }
    let bytes = read(files, &ask)?;
    let digest = entry.digest.clone().filter(|digest| !digest.is_empty());
    Ok((Location { url: archive.clone(), version: version.into(), digest }, bytes))
}

fn read(files: &Files, ask: &Ask<'_>) -> Result<Bytes, ChartError> {
    let url = gitops_core::need::without_password(ask.url).into_owned();
    match files.ask(ask) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(ChartError::NotFound { url }),
        Err(source) => Err(ChartError::Web { url, source }),
    }
}

/// The address of an archive, which may be relative to the repository's.
fn joined(base: &str, url: &str) -> Option<String> {
    let base = reqwest::Url::parse(&format!("{base}/")).ok()?;
    let joined = base.join(url).ok()?;
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
