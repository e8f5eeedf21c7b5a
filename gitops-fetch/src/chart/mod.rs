//! Helm charts of chart repositories and OCI registries.

mod index;
mod registry;

use gitops_core::need::ChartNeed;
use gitops_core::tree::{ArchiveError, ArchiveLimits, unpack};
use gitops_core::{Answer, Digest};
use gitops_git::{AccessError, ConstraintError};
use std::sync::Arc;
use thiserror::Error;

use crate::WebError;
use crate::web::Files;

pub(crate) use index::Indexes;

/// Bytes of a packed chart. 64 MiB.
const MAX_ARCHIVE_BYTES: u64 = 64 << 20;

/// Why a chart is not to be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChartError {
    /// It is not known who to be for the chart's repository.
    #[error("`{address}` is not asked")]
    Access {
        /// The repository's address.
        address: String,
        /// Why.
        #[source]
        source: AccessError,
    },
    /// The server cannot be asked, or has nothing there.
    #[error("`{url}` cannot be read")]
    Web {
        /// What was asked for.
        url: String,
        /// Why.
        #[source]
        source: WebError,
    },
    /// The server has nothing under the address.
    #[error("`{url}` is not there")]
    NotFound {
        /// What was asked for.
        url: String,
    },
    /// What the server gives is not what it should be.
    #[error("`{url}` is malformed: {message}")]
    Malformed {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        message: String,
    },
    /// The repository has no such chart.
    #[error("there is no chart `{name}`{}", hint(.nearest.as_deref()))]
    UnknownChart {
        /// The name.
        name: String,
        /// A chart with nearly the same name.
        nearest: Option<String>,
    },
    /// The chart has no such version.
    #[error("no version matches `{version}`; the highest is `{highest}`")]
    UnknownVersion {
        /// What was asked for.
        version: String,
        /// The highest version that there is.
        highest: String,
    },
    /// The version is neither one nor a range.
    #[error("`{version}` is no version")]
    Version {
        /// What was asked for.
        version: String,
        /// Why.
        #[source]
        source: ConstraintError,
    },
    /// The archive has another digest than its repository says, or than it was locked with.
    #[error("`{url}` has the digest `{found}`, expected `{expected}`")]
    Digest {
        /// The archive.
        url: String,
        /// Its digest.
        found: String,
        /// The digest that it should have.
        expected: String,
    },
    /// The archive cannot be unpacked.
    #[error("`{url}` cannot be unpacked")]
    Archive {
        /// The archive.
        url: String,
        /// Why.
        #[source]
        source: ArchiveError,
    },
}

/// Where an archive is, and what is known of it.
struct Location {
    url: String,
    version: String,
    digest: Option<String>,
}

/// Gets a chart; where its pin is known, exactly that.
pub(crate) fn get(files: &Files, need: &ChartNeed, pin: Option<&str>) -> Result<Answer, ChartError> {
    let failed = |source| ChartError::Access { address: need.repository.clone(), source };
    let files = &files.for_charts(&need.repository).map_err(failed)?;
    let pin = pin.and_then(|pin| pin.split_once(' '));
    if let Some((version, digest)) = pin
        && let Some(bytes) = files.stored(digest)
    {
        return answer(&need.repository, version, &Digest::of(&bytes), &bytes);
    }
    let wanted = pin.map_or(need.version.as_str(), |(version, _)| version);
    let (location, bytes) = match need.repository.strip_prefix("oci://") {
        Some(repository) => registry::get(files, repository, &need.name, wanted)?,
        None => index::get(files, need, wanted)?,
    };
    let digest = Digest::of(&bytes);
    let expected = [location.digest.as_deref(), pin.map(|(_, digest)| digest)];
    if let Some(expected) = expected.into_iter().flatten().find(|expected| !is_same(expected, &digest)) {
        let (found, expected) = (digest.to_string(), expected.to_owned());
        return Err(ChartError::Digest { url: location.url, found, expected });
    }
    let answer = answer(&location.url, &location.version, &digest, &bytes)?;
    files.keep(&digest, &bytes);
    Ok(answer)
}

/// Digests are written with and without what they are made by.
fn is_same(text: &str, digest: &Digest) -> bool {
    whole(text) == digest.as_str()
}

/// A digest as the store knows it.
fn whole(digest: &str) -> String {
    let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
    format!("sha256:{}", digits.to_ascii_lowercase())
}

fn answer(url: &str, version: &str, digest: &Digest, bytes: &[u8]) -> Result<Answer, ChartError> {
    let tree =
        unpack(bytes, &ArchiveLimits::default()).map_err(|source| ChartError::Archive { url: url.into(), source })?;
    Ok(Answer::Chart { tree: Arc::new(tree), version: version.into(), digest: digest.clone() })
}

fn hint(name: Option<&str>) -> String {
    name.map(|name| format!("; nearest: `{name}`")).unwrap_or_default()
}

/// The version that Helm takes of those there are (`IndexFile.Get`): the one with exactly this text, else the highest in
/// the range; of no text the highest that is no pre-release.
fn choose<'a>(versions: &[&'a str], wanted: &str) -> Result<&'a str, ChartError> {
    if let Some(exact) = versions.iter().find(|version| **version == wanted) {
        return Ok(exact);
    }
    let text = if wanted.is_empty() { "*" } else { wanted };
    let range = text.parse::<gitops_git::Constraint>();
    let range = range.map_err(|source| ChartError::Version { version: wanted.into(), source })?;
    range.highest(versions.iter().copied()).ok_or_else(|| {
        let highest = ">=0.0.0-0".parse::<gitops_git::Constraint>().ok();
        let highest = highest.and_then(|all| all.highest(versions.iter().copied())).unwrap_or("none");
        ChartError::UnknownVersion { version: text.into(), highest: highest.into() }
    })
}
