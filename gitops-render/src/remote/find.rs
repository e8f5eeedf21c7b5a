//! What an address leads to, of what was provided.

use bytes::Bytes;
use gitops_core::tree::{EntryKind, TreePath};
use gitops_core::{Answer, Need};

use super::{Remote, RepositoryAddress, root_of};
use crate::documents::{self, Dialect};
use crate::files::{Files, text};
use crate::nearest::nearest;
use crate::{Problem, RenderError};

/// What an address leads to.
pub(crate) enum Found {
    /// A file of resources, which [`read`] gives.
    File,
    /// A directory of a repository.
    Directory(TreePath),
}

/// Makes an error of the place where the address is written.
pub(crate) type Blame<'a> = &'a dyn Fn(Problem) -> RenderError;

/// What an address of resources leads to: a file, or the directory of a repository.
pub(crate) fn find(files: &Files<'_>, written: &str, remote: &Remote, blame: Blame<'_>) -> Result<Found, RenderError> {
    if let Some(url) = &remote.file {
        match (ask(files, Need::File { url: url.clone() })?, &remote.repository) {
            (Answer::File(_), None) => return Ok(Found::File),
            (Answer::File(bytes), Some(_)) if has_resources(files, bytes) => return Ok(Found::File),
            (_, None) => return Err(blame(missing(written, None))),
            _ => {}
        }
    }
    match &remote.repository {
        Some(address) => directory(files, written, address, blame).map(Found::Directory),
        None => Err(blame(missing(written, None))),
    }
}

/// Notes what other addresses beside one that is missing will be asked for, so that all are got at once.
pub(crate) fn foresee<'a>(files: &Files<'_>, written: impl Iterator<Item = &'a str>) {
    let Some(remotes) = files.remotes() else { return };
    // Without a scheme it may be the path of a file, which is looked for first.
    for remote in written.filter(|text| text.contains("://")).filter_map(Remote::parse) {
        match (remote.file, remote.repository) {
            (Some(url), _) => drop(remotes.ask(Need::File { url })),
            (None, Some(address)) => drop(remotes.ask(Need::Repository(address.need))),
            (None, None) => {}
        }
    }
}

/// The file of a URL, and what to call it.
pub(crate) fn read(files: &Files<'_>, url: &str, blame: Blame<'_>) -> Result<(TreePath, Bytes), RenderError> {
    let Answer::File(bytes) = ask(files, Need::File { url: url.into() })? else {
        return Err(blame(missing(url, None)));
    };
    if bytes.len() as u64 > files.limits.file_bytes {
        let (size, limit) = (bytes.len(), files.limits.file_bytes);
        return Err(blame(Problem::Value(format!("`{url}` has {size} bytes, more than the {limit} allowed"))));
    }
    files.count(bytes)?;
    Ok((TreePath::root().child(url), bytes.clone()))
}

fn directory(
    files: &Files<'_>,
    written: &str,
    address: &RepositoryAddress,
    blame: Blame<'_>,
) -> Result<TreePath, RenderError> {
    ask(files, Need::Repository(address.need.clone()))?;
    let joined = files.join(&root_of(&address.need), &address.path).map_err(|error| blame(Problem::Path(error)))?;
    let found = match files.resolve(&joined)? {
        Some(resolved) => files.stat(&resolved)?.map(|meta| (meta.kind, resolved)),
        None => None,
    };
    match found {
        Some((EntryKind::Directory, resolved)) => Ok(resolved),
        Some((EntryKind::Submodule, _)) => {
            Err(blame(Problem::Value(format!("`{written}` is in another repository, which was not fetched"))))
        }
        Some(_) => Err(blame(Problem::Value(format!("`{written}` is a file, expected a directory")))),
        None => {
            let siblings = joined.parent().map(|parent| files.list(&parent)).transpose()?.flatten();
            let names = siblings.iter().flatten().map(|entry| entry.name.as_str());
            Err(blame(missing(written, nearest(joined.name(), names).map(Into::into))))
        }
    }
}

fn ask<'a>(files: &Files<'a>, need: Need) -> Result<&'a Answer, RenderError> {
    let answer = files.remotes().and_then(|remotes| remotes.ask(need.clone()));
    answer.ok_or(RenderError::Elsewhere(need))
}

/// Whether a file is one of resources, and not the page that a server shows for a repository.
fn has_resources(files: &Files<'_>, bytes: &Bytes) -> bool {
    let Some(text) = text(bytes) else { return false };
    let documents = documents::read(text, "", Dialect::Kustomize, files.limits);
    let is_one = |document: &documents::Document| document.value.is_null() || document.value.get("kind").is_some();
    documents.is_ok_and(|documents| !documents.is_empty() && documents.iter().all(is_one))
}

fn missing(written: &str, nearest: Option<String>) -> Problem {
    Problem::Missing { path: written.into(), nearest }
}
