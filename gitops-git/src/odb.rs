//! A commit's files, read from the object database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gitops_core::Tree;
use gitops_core::tree::{Blob, ContentId, Entry, EntryKind, Meta, TreeError, TreePath};
use gix::ObjectId;

use crate::commit::{CommitId, unreadable};
use crate::failure::Failure;
use crate::fetch::Hold;
use crate::handles::Handles;
use crate::revision::ResolveError;

/// Entries of directories kept in memory; beyond it the memory starts anew.
const MAX_REMEMBERED: usize = 500_000;
/// Bytes of one directory object: half a million entries.
const MAX_DIRECTORY_BYTES: u64 = 32 << 20;

/// A commit's files. Nothing is read before it is asked for, and no blob is inflated for its size.
pub(crate) struct GitTree {
    root: ObjectId,
    handles: Handles,
    directories: Mutex<Directories>,
    /// What keeps the repository in a cache.
    _hold: Option<Hold>,
}

/// The directories that were read, by their ids.
#[derive(Default)]
struct Directories {
    known: HashMap<ObjectId, Arc<Directory>>,
    entries: usize,
}

/// The entries of one directory, in the order of their names.
type Directory = Vec<Found>;

/// What is at a path of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) kind: EntryKind,
    pub(crate) id: ObjectId,
}

impl GitTree {
    pub(crate) fn new(source: gix::ThreadSafeRepository, id: CommitId) -> Result<Self, ResolveError> {
        // Of its own: what they remember is of this commit, and goes with it.
        let handles = Handles::new(source);
        let root = handles.with(|repository| root_of(repository, id))?;
        Ok(Self { root, handles, directories: Mutex::default(), _hold: None })
    }

    /// The same for as long as which something is held.
    pub(crate) fn held(self, hold: Option<Hold>) -> Self {
        Self { _hold: hold, ..self }
    }

    /// How many entries of directories are remembered.
    pub(crate) fn entries(&self) -> usize {
        self.directories.lock().unwrap_or_else(PoisonError::into_inner).entries
    }

    /// What is at a path, without following symbolic links.
    fn find(&self, path: &TreePath) -> Result<Option<Found>, TreeError> {
        find_in(self.root, path, |id| self.directory(path, id))
    }

    fn directory(&self, path: &TreePath, id: ObjectId) -> Result<Arc<Directory>, TreeError> {
        let known = self.directories.lock().unwrap_or_else(PoisonError::into_inner).known.get(&id).cloned();
        if let Some(directory) = known {
            return Ok(directory);
        }
        let entries = Arc::new(self.handles.with(|repository| read_directory(repository, path, id))?);
        let mut directories = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        if directories.entries >= MAX_REMEMBERED {
            *directories = Directories::default();
        }
        directories.entries += entries.len() + 1;
        directories.known.insert(id, entries.clone());
        Ok(entries)
    }
}

/// The directory object that a commit is of.
fn root_of(repository: &gix::Repository, id: CommitId) -> Result<ObjectId, ResolveError> {
    let object = repository.try_find_object(id.0).map_err(unreadable(id))?;
    let object = object.ok_or_else(|| ResolveError::UnknownCommit { id: id.to_string() })?;
    let kind = object.kind.to_string();
    let commit = object.try_into_commit().map_err(|_| ResolveError::NotACommit { revision: id.to_string(), kind })?;
    Ok(commit.tree_id().map_err(unreadable(id))?.detach())
}

/// What is at a path below a directory object.
fn find_in(
    root: ObjectId,
    path: &TreePath,
    mut directory: impl FnMut(ObjectId) -> Result<Arc<Directory>, TreeError>,
) -> Result<Option<Found>, TreeError> {
    let mut here = Found { name: String::new(), kind: EntryKind::Directory, id: root };
    for part in path.parts() {
        if here.kind != EntryKind::Directory {
            return Ok(None);
        }
        let entries = directory(here.id)?;
        let position = entries.binary_search_by(|entry| entry.name.as_str().cmp(part));
        match position.ok().and_then(|position| entries.get(position)) {
            Some(entry) => here = entry.clone(),
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// What is at a path below a directory object, read without keeping anything.
pub(crate) fn find(repository: &gix::Repository, root: ObjectId, path: &TreePath) -> Result<Option<Found>, TreeError> {
    find_in(root, path, |id| read_directory(repository, path, id).map(Arc::new))
}

/// The entries of a directory object, in the order of their names.
pub(crate) fn read_directory(
    repository: &gix::Repository,
    path: &TreePath,
    id: ObjectId,
) -> Result<Vec<Found>, TreeError> {
    let size = repository.find_header(id).map_err(storage(path))?.size();
    if size > MAX_DIRECTORY_BYTES {
        return Err(TreeError::TooLarge { path: path.clone(), size, limit: MAX_DIRECTORY_BYTES });
    }
    let tree = repository.find_tree(id).map_err(storage(path))?;
    let mut entries = Directory::new();
    for entry in tree.iter() {
        let entry = entry.map_err(storage(path))?;
        let name = entry.filename().to_string();
        if name.is_empty() || name == "." || name == ".." || name.contains('/') {
            let source = Box::new(Failure::new(format!("the directory has an entry named `{name}`")));
            return Err(TreeError::Storage { path: path.clone(), source });
        }
        entries.push(Found { name, kind: kind_of(entry.mode()), id: entry.object_id() });
    }
    // Git orders directories as if their names ended in a slash.
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

fn kind_of(mode: gix::objs::tree::EntryMode) -> EntryKind {
    use gix::objs::tree::EntryKind as Mode;
    match mode.kind() {
        Mode::Tree => EntryKind::Directory,
        Mode::Blob => EntryKind::File,
        Mode::BlobExecutable => EntryKind::Executable,
        Mode::Link => EntryKind::Symlink,
        Mode::Commit => EntryKind::Submodule,
    }
}

fn storage(path: &TreePath) -> impl Fn(gix::Error) -> TreeError {
    let path = path.clone();
    move |error| TreeError::Storage { path: path.clone(), source: Box::new(Failure::from(error)) }
}

fn content_id(id: ObjectId) -> ContentId {
    ContentId(id.to_string().into())
}

fn has_content(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::File | EntryKind::Executable | EntryKind::Symlink)
}

impl Tree for GitTree {
    fn stat(&self, path: &TreePath) -> Result<Option<Meta>, TreeError> {
        let Some(found) = self.find(path)? else { return Ok(None) };
        let size = match has_content(found.kind) {
            true => self.handles.with(|repository| repository.find_header(found.id)).map_err(storage(path))?.size(),
            false => 0,
        };
        Ok(Some(Meta { kind: found.kind, size, id: content_id(found.id) }))
    }

    fn identify(&self, path: &TreePath) -> Result<Option<(EntryKind, ContentId)>, TreeError> {
        Ok(self.find(path)?.map(|found| (found.kind, content_id(found.id))))
    }

    fn identify_whole(&self, path: &TreePath) -> Result<Option<ContentId>, TreeError> {
        let found = self.find(path)?.filter(|found| found.kind == EntryKind::Directory);
        Ok(found.map(|found| content_id(found.id)))
    }

    fn read(&self, path: &TreePath) -> Result<Option<Blob>, TreeError> {
        self.read_within(path, u64::MAX)
    }

    fn read_within(&self, path: &TreePath, limit: u64) -> Result<Option<Blob>, TreeError> {
        let Some(found) = self.find(path)? else { return Ok(None) };
        if !has_content(found.kind) {
            return Ok(None);
        }
        if limit < u64::MAX {
            let header = self.handles.with(|repository| repository.find_header(found.id));
            let size = header.map_err(storage(path))?.size();
            if size > limit {
                return Err(TreeError::TooLarge { path: path.clone(), size, limit });
            }
        }
        let bytes = self.handles.with(|repository| repository.find_blob(found.id).map(|mut blob| blob.take_data()));
        let bytes = bytes.map_err(storage(path))?.into();
        Ok(Some(Blob { id: content_id(found.id), bytes }))
    }

    fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError> {
        let Some(found) = self.find(path)? else { return Ok(None) };
        if found.kind != EntryKind::Directory {
            return Ok(None);
        }
        let entries = self.directory(path, found.id)?;
        Ok(Some(entries.iter().map(|entry| Entry { name: entry.name.clone(), kind: entry.kind }).collect()))
    }
}
