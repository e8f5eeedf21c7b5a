//! From a revision to a commit.

use thiserror::Error;

use crate::commit::{Commit, CommitId};
use crate::constraint::{Constraint, parse_version};
use crate::failure::Failure;
use crate::similar;

/// Digits of an abbreviated commit id at least.
const MIN_PREFIX: usize = 4;
/// Bytes of a ref's name, and of a part of it, that can exist.
const MAX_NAME: usize = 1024;
const MAX_PART: usize = 255;

/// Refs that can be asked by their full names: a local repository's, or what a remote advertised.
pub(crate) trait Refs {
    /// The branch that `HEAD` names, if it names one, and the commit.
    fn head(&self) -> Result<Option<(Option<String>, gix::ObjectId)>, Failure>;
    /// The commit that a full ref name leads to, tags followed.
    fn find(&self, name: &str) -> Result<Option<gix::ObjectId>, Failure>;
    /// All full names below a prefix such as `refs/tags/`, in order.
    fn names(&self, prefix: &str) -> Result<Vec<String>, Failure>;
}

/// What a revision turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A ref and the commit that it names.
    Ref { name: String, id: gix::ObjectId },
    /// A full commit id, which may not exist.
    Id(gix::ObjectId),
    /// The start of a commit id, which may not exist.
    Prefix(String),
}

/// Finds what a revision is among refs.
pub(crate) fn target(refs: &dyn Refs, revision: &str) -> Result<Target, ResolveError> {
    let failed = |source| ResolveError::Refs { source };
    let revision = revision.trim();
    if revision.is_empty() || revision == "HEAD" {
        let (name, id) = refs.head().map_err(failed)?.ok_or(ResolveError::NoCommits)?;
        return Ok(Target::Ref { name: name.unwrap_or_else(|| "HEAD".into()), id });
    }
    if let Ok(id) = revision.parse::<CommitId>() {
        return Ok(Target::Id(id.0));
    }
    let revision = match highest_tag(refs, revision).map_err(failed)? {
        Some(tag) => tag,
        None => revision.to_owned(),
    };
    let mut names = vec![format!("refs/heads/{revision}"), format!("refs/tags/{revision}")];
    names.push(format!("refs/remotes/{revision}"));
    names.push(format!("refs/remotes/origin/{revision}"));
    if revision.starts_with("refs/") {
        names.insert(0, revision.clone());
    }
    for name in names {
        if let Some(id) = refs.find(&name).map_err(failed)? {
            return Ok(Target::Ref { name, id });
        }
    }
    if revision.len() >= MIN_PREFIX && revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Target::Prefix(revision.to_ascii_lowercase()));
    }
    Err(unknown(refs, &revision))
}

/// The tag that a range of versions leads to. A plain version is no range: it names a tag.
fn highest_tag(refs: &dyn Refs, revision: &str) -> Result<Option<String>, Failure> {
    if parse_version(revision).is_some() {
        return Ok(None);
    }
    let Ok(constraint) = revision.parse::<Constraint>() else { return Ok(None) };
    let tags = refs.names("refs/tags/")?;
    let tags = tags.iter().filter_map(|name| name.strip_prefix("refs/tags/"));
    Ok(constraint.highest(tags).map(Into::into))
}

pub(crate) fn unknown(refs: &dyn Refs, revision: &str) -> ResolveError {
    let short = |prefix: &str| -> Vec<String> {
        let names = refs.names(prefix).unwrap_or_default();
        names.iter().filter_map(|name| name.strip_prefix(prefix)).map(Into::into).collect()
    };
    let (mut branches, tags) = (short("refs/heads/"), short("refs/tags/"));
    branches.extend(short("refs/remotes/origin/").into_iter().filter(|name| name != "HEAD"));
    let range = revision.parse::<Constraint>().is_ok() && parse_version(revision).is_none();
    let hint = match range {
        true => similar::range_hint(&tags),
        false => similar::hint(revision, &branches, &tags),
    };
    let shown: String = revision.chars().take(MAX_PART).collect();
    ResolveError::Unknown { revision: shown, hint }
}

/// The commit that a revision names in a local repository; `known` is one that was read before.
pub(crate) fn resolve(
    repository: &gix::Repository,
    revision: &str,
    known: Option<&Commit>,
) -> Result<Commit, ResolveError> {
    let refs = LocalRefs { repository, known: known.map(|known| known.id.0) };
    let read = |id| match known.filter(|known| known.id == id) {
        Some(known) => Ok(known.clone()),
        None => Commit::read(repository, id),
    };
    match target(&refs, revision)? {
        Target::Id(id) => read(CommitId(id)),
        Target::Prefix(prefix) => match with_prefix(repository, &prefix)? {
            Some(id) => read(id),
            None => Err(unknown(&refs, &prefix)),
        },
        Target::Ref { name, id } => {
            let commit = read(CommitId(id)).map_err(|error| match error {
                ResolveError::NotACommit { kind, .. } => ResolveError::NotACommit { revision: name.clone(), kind },
                other => other,
            })?;
            Ok(Commit { ref_name: Some(name), ..commit })
        }
    }
}

/// The only commit whose id starts with these digits.
pub(crate) fn with_prefix(repository: &gix::Repository, prefix: &str) -> Result<Option<CommitId>, ResolveError> {
    let failed = |source: gix::Error| ResolveError::Refs { source: source.into() };
    let Ok(wanted) = gix::hash::Prefix::from_hex(prefix) else { return Ok(None) };
    let mut candidates = Default::default();
    repository.objects.lookup_prefix(wanted, Some(&mut candidates)).map_err(failed)?;
    let mut commits = Vec::new();
    for id in candidates {
        let header = repository.find_header(id).map_err(failed)?;
        if header.kind() == gix::objs::Kind::Commit {
            commits.push(CommitId(id));
        }
    }
    match commits.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        several => {
            let candidates = several.iter().take(5).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
            Err(ResolveError::Ambiguous { prefix: prefix.into(), candidates })
        }
    }
}

struct LocalRefs<'a> {
    repository: &'a gix::Repository,
    /// A commit, which need not be looked into to know that it is one.
    known: Option<gix::ObjectId>,
}

impl Refs for LocalRefs<'_> {
    fn head(&self) -> Result<Option<(Option<String>, gix::ObjectId)>, Failure> {
        let head = self.repository.head()?;
        if head.is_unborn() {
            return Ok(None);
        }
        let name = head.referent_name().map(|name| name.as_bstr().to_string());
        let known = head.id().map(gix::Id::detach).filter(|id| self.known == Some(*id));
        let id = match known {
            Some(id) => id,
            None => head.into_peeled_id()?.detach(),
        };
        Ok(Some((name, id)))
    }

    fn find(&self, name: &str) -> Result<Option<gix::ObjectId>, Failure> {
        // A text that is no valid ref name, or too long for a file system's, names nothing.
        if name.len() > MAX_NAME || name.split('/').any(|part| part.len() > MAX_PART) {
            return Ok(None);
        }
        let Ok(name) = gix::refs::FullName::try_from(name) else { return Ok(None) };
        let Some(reference) = self.repository.try_find_reference(&name)? else { return Ok(None) };
        let known = reference.try_id().map(gix::Id::detach).filter(|id| self.known == Some(*id));
        match known {
            Some(id) => Ok(Some(id)),
            None => Ok(Some(reference.into_fully_peeled_id()?.detach())),
        }
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let platform = self.repository.references()?;
        let mut names = Vec::new();
        for reference in platform.prefixed(prefix)? {
            names.push(reference?.name().as_bstr().to_string());
        }
        names.sort();
        Ok(names)
    }
}

/// Why a revision leads to no commit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// No branch, tag or commit has this name.
    #[error("`{revision}` names no branch, tag or commit{hint}")]
    Unknown {
        /// The revision.
        revision: String,
        /// Similar names, as the end of the sentence.
        hint: String,
    },
    /// The repository has no such commit.
    #[error("the repository has no commit `{id}`")]
    UnknownCommit {
        /// The commit id.
        id: String,
    },
    /// Several commits start with these digits.
    #[error("several commits start with `{prefix}`: {candidates}")]
    Ambiguous {
        /// The digits.
        prefix: String,
        /// Some of the commits.
        candidates: String,
    },
    /// The name leads to something else.
    #[error("`{revision}` names a {kind}, not a commit")]
    NotACommit {
        /// The revision.
        revision: String,
        /// What it names: `tree`, `blob` or `tag`.
        kind: String,
    },
    /// The repository has no commit yet.
    #[error("the repository has no commits yet")]
    NoCommits,
    /// The refs cannot be read.
    #[error("the refs cannot be read")]
    Refs {
        /// Why.
        #[source]
        source: Failure,
    },
    /// The commit's objects cannot be read.
    #[error("the commit `{id}` cannot be read")]
    Unreadable {
        /// The commit.
        id: CommitId,
        /// Why.
        #[source]
        source: Failure,
    },
}
