//! What a render may need from elsewhere, and the answers to it.
//!
//! Rendering reads nothing but its tree. Where a file of it names another repository or a URL, it says so by a [`Need`],
//! whoever called it gets that, puts the [`Answer`] into [`Provided`] and renders again.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::Tree;

/// Something remote that a render lacks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Need {
    /// The files of a repository at a revision.
    Repository(RepositoryNeed),
    /// The file of an `http://` or `https://` URL.
    File {
        /// The URL.
        url: String,
    },
    /// A Helm chart of a chart repository or an OCI registry.
    Chart(ChartNeed),
}

/// A chart at a version.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChartNeed {
    /// The repository: an `http://` or `https://` URL under which an `index.yaml` lies, or `oci://HOST/PATH` of which the
    /// chart's name is the last part.
    pub repository: String,
    /// The chart's name.
    pub name: String,
    /// A version, or a range of versions of which the highest is taken; empty for the highest that is no pre-release.
    pub version: String,
    /// Whether credentials of the repository are sent to another host that its index names.
    pub pass_credentials: bool,
}

/// A repository at a revision.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RepositoryNeed {
    /// Its address, as `git clone` takes it.
    pub address: String,
    /// A branch, tag or commit; empty for the branch that the server names.
    pub revision: String,
    /// How long getting it may take.
    pub timeout: Duration,
    /// Whether the repositories that it names as submodules are wanted too.
    pub submodules: bool,
}

/// What was got for a [`Need`].
#[derive(Clone)]
#[non_exhaustive]
pub enum Answer {
    /// The files of a commit.
    Tree {
        /// The files.
        tree: Arc<dyn Tree>,
        /// The commit's id.
        commit: String,
    },
    /// The content of a file.
    File(Bytes),
    /// The server answers, and no file is there.
    NoFile,
    /// The files of a chart.
    Chart {
        /// The files, `Chart.yaml` at the root.
        tree: Arc<dyn Tree>,
        /// The version that was found.
        version: String,
        /// The digest of the archive.
        digest: crate::Digest,
    },
}

/// The answers that a render has at hand. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Provided(Arc<BTreeMap<Need, Answer>>);

/// One answer in a form that two renders can be compared by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pinned {
    /// What was needed.
    pub need: Need,
    /// The commit's id, the digest of the file, or the chart's version and digest; empty where no file is there.
    pub pin: String,
}

impl RepositoryNeed {
    /// The branch that the server names, without submodules, within 27 seconds as kustomize allows.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), revision: String::new(), timeout: Duration::from_secs(27), submodules: false }
    }
}

impl ChartNeed {
    /// The highest version of a chart that is no pre-release.
    pub fn new(repository: impl Into<String>, name: impl Into<String>) -> Self {
        Self { repository: repository.into(), name: name.into(), version: String::new(), pass_credentials: false }
    }
}

impl fmt::Display for Need {
    /// `ADDRESS@REVISION` for a repository, `ADDRESS` where the server's own branch is meant, the URL for a file,
    /// `REPOSITORY/NAME@VERSION` for a chart; without passwords.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(need) if need.revision.is_empty() => out.write_str(&without_password(&need.address)),
            Self::Repository(need) => write!(out, "{}@{}", without_password(&need.address), need.revision),
            Self::File { url } => out.write_str(&without_password(url)),
            Self::Chart(need) => fmt::Debug::fmt(need, out),
        }
    }
}

/// An address without the password that may stand before its host.
pub fn without_password(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else { return address.into() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, host)) = authority.rsplit_once('@') else { return address.into() };
    let Some((name, _)) = user.split_once(':') else { return address.into() };
    let path = rest.get(authority.len()..).unwrap_or_default();
    format!("{scheme}://{name}@{host}{path}").into()
}

impl fmt::Debug for Need {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Debug for ChartNeed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repository = without_password(&self.repository);
        write!(out, "{}/{}", repository.trim_end_matches('/'), self.name)?;
        if self.version.is_empty() { Ok(()) } else { write!(out, "@{}", self.version) }
    }
}

impl fmt::Debug for RepositoryNeed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", without_password(&self.address), self.revision)
    }
}

impl Answer {
    /// What names the content: a commit's id, the digest of a file, or a chart's version and the digest of its archive;
    /// empty where no file is there.
    pub fn pin(&self) -> String {
        match self {
            Self::Tree { commit, .. } => commit.clone(),
            Self::File(bytes) => crate::Digest::of(bytes).to_string(),
            Self::NoFile => String::new(),
            Self::Chart { version, digest, .. } => format!("{version} {digest}"),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tree { commit, .. } => write!(out, "Tree({commit})"),
            Self::File(bytes) => write!(out, "File({} bytes)", bytes.len()),
            Self::NoFile => out.write_str("NoFile"),
            Self::Chart { version, digest, .. } => write!(out, "Chart({version}, {digest})"),
        }
    }
}

impl Provided {
    /// Without any answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The answer to a need.
    pub fn get(&self, need: &Need) -> Option<&Answer> {
        self.0.get(need)
    }

    /// Adds an answer, in the place of an earlier one.
    pub fn insert(&mut self, need: Need, answer: Answer) {
        Arc::make_mut(&mut self.0).insert(need, answer);
    }

    /// What is there, in the order of needs.
    pub fn iter(&self) -> impl Iterator<Item = (&Need, &Answer)> {
        self.0.iter()
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_written_for_people() {
        let mut need = RepositoryNeed::new("https://github.com/org/repo");
        assert_eq!(Need::Repository(need.clone()).to_string(), "https://github.com/org/repo");
        need.revision = "v1".into();
        assert_eq!(Need::Repository(need).to_string(), "https://github.com/org/repo@v1");
        let need = RepositoryNeed::new("https://me:secret@host.example/org/repo");
        assert_eq!(Need::Repository(need).to_string(), "https://me@host.example/org/repo");
        assert_eq!(without_password("https://host.example/a:b@c"), "https://host.example/a:b@c");
    }

    #[test]
    fn files_are_pinned_by_their_digest() {
        assert_eq!(Answer::File(Bytes::from_static(b"abc")).pin(), crate::Digest::of(b"abc").to_string());
        assert_eq!(Answer::NoFile.pin(), "");
    }
}
