//! The files of a chart, out of a folder or an archive.

use bytes::Bytes;
use gitops_core::tree::{ArchiveLimits, EntryKind, Meta, Tree, TreePath, unpack};

use super::HelmError;
use super::chart::ChartFile;
use super::ignore::Ignore;
use crate::RenderError;
use crate::files::Files;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn without_mark(data: Bytes) -> Bytes {
    if data.starts_with(BYTE_ORDER_MARK) { data.slice(BYTE_ORDER_MARK.len()..) } else { data }
}

/// A file of a folder that was not read yet.
pub(super) struct Listed {
    /// Its path in the chart.
    pub(super) name: String,
    /// Where it lies in the tree, no part of which is a link.
    pub(super) path: TreePath,
    pub(super) meta: Meta,
}

/// The files of a folder that its `.helmignore` does not leave out, in the order in which Helm walks.
pub(super) fn folder(files: &Files<'_>, folder: &TreePath) -> Result<Vec<ChartFile>, RenderError> {
    read(files, list(files, folder)?)
}

/// What is in files; those that are gone by now are left out.
pub(super) fn read(files: &Files<'_>, listed: Vec<Listed>) -> Result<Vec<ChartFile>, RenderError> {
    let read = |file: Listed| match files.read_resolved(&file.path) {
        Ok(data) => data.map(|data| Ok(ChartFile::new(file.name, without_mark(data)))),
        Err(error) => Some(Err(error)),
    };
    listed.into_iter().filter_map(read).collect()
}

/// As [`folder`], without reading them.
pub(super) fn list(files: &Files<'_>, folder: &TreePath) -> Result<Vec<Listed>, RenderError> {
    let rules = match files.read(&folder.child(".helmignore"))? {
        Some(blob) => blob.to_vec(),
        None => Vec::new(),
    };
    let ignore = Ignore::new(&rules).map_err(HelmError::Chart)?;
    let mut walk = Walk { files, ignore, found: Vec::new(), folders: 0 };
    let direct = files.resolve(folder)?.is_some_and(|resolved| resolved == *folder);
    walk.folder(folder, "", direct, 0)?;
    Ok(walk.found)
}

struct Walk<'f, 't> {
    files: &'f Files<'t>,
    ignore: Ignore,
    found: Vec<Listed>,
    /// Folders that were listed: links can lead into the same ones again and again.
    folders: usize,
}

impl Walk<'_, '_> {
    /// `direct`: no part of the path is a link.
    fn folder(&mut self, folder: &TreePath, inside: &str, direct: bool, depth: usize) -> Result<(), RenderError> {
        let limits = self.files.limits;
        self.folders += 1;
        if depth > limits.depth {
            return Err(RenderError::Budget {
                what: "folders of a chart inside each other",
                limit: limits.depth as u64,
            });
        }
        if self.folders > limits.files {
            return Err(RenderError::Budget { what: "folders of a chart", limit: limits.files as u64 });
        }
        let entries = if direct { self.files.list_resolved(folder)? } else { self.files.list(folder)? };
        for entry in entries.unwrap_or_default() {
            let path = folder.child(&entry.name);
            let name = if inside.is_empty() { entry.name.clone() } else { format!("{inside}/{}", entry.name) };
            let linked = entry.kind == EntryKind::Symlink;
            let kind = if linked { self.files.stat(&path)?.map_or(entry.kind, |meta| meta.kind) } else { entry.kind };
            let directory = matches!(kind, EntryKind::Directory | EntryKind::Submodule);
            if self.ignore.ignores(&name, directory) {
                continue;
            }
            if directory {
                self.folder(&path, &name, direct && !linked, depth + 1)?;
                continue;
            }
            let path = if direct && !linked { Some(path) } else { self.files.resolve(&path)? };
            let Some(path) = path else { continue };
            if let Some(meta) = self.files.stat_resolved(&path)? {
                self.found.push(Listed { name, path, meta });
            }
        }
        Ok(())
    }
}

/// The files of an archive, which take their part of the limits: archives in it have the rest.
pub(super) fn archive(archive: &[u8], limits: &mut ArchiveLimits) -> Result<Vec<ChartFile>, HelmError> {
    let broken = |error: &dyn std::error::Error| {
        let why = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        HelmError::Chart(format!("{error}{why}"))
    };
    let tree = unpack(archive, limits).map_err(|error| broken(&error))?;
    let mut found = Vec::new();
    collect(&tree, &TreePath::root(), &mut found).map_err(|error| broken(&error))?;
    let bytes: u64 = found.iter().map(|file| file.data.len() as u64).sum();
    limits.total_bytes = limits.total_bytes.saturating_sub(bytes);
    limits.entries = limits.entries.saturating_sub(found.len());
    Ok(found)
}

fn collect(tree: &dyn Tree, folder: &TreePath, found: &mut Vec<ChartFile>) -> Result<(), gitops_core::tree::TreeError> {
    for entry in tree.list(folder)?.unwrap_or_default() {
        let path = folder.child(&entry.name);
        if entry.kind == EntryKind::Directory {
            collect(tree, &path, found)?;
        } else if let Some(blob) = tree.read(&path)? {
            found.push(ChartFile::new(path.as_str(), without_mark(blob.bytes)));
        }
    }
    Ok(())
}
