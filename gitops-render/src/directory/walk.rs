//! Which files of a directory are read.

use gitops_core::api::DirectorySource;
use gitops_core::tree::{EntryKind, TreePath};

use crate::files::Files;
use crate::glob::Glob;
use crate::{Place, Problem, RenderError, Warning, WarningKind};

const EXTENSIONS: [&str; 4] = [".yaml", ".yml", ".json", ".jsonnet"];

/// The files that the options ask for, in the order in which Argo CD walks: by name, a directory in the place of its
/// name. The globs match the path from the directory, and `*` matches slashes.
///
/// A malformed glob is an error (Argo CD takes it for one that matches nothing, and would prune everything).
pub(super) fn files(
    files: &Files<'_>,
    directory: &TreePath,
    options: &DirectorySource,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<TreePath>, RenderError> {
    let mut walk = Walk {
        files,
        directory,
        recurse: options.recurse.unwrap_or_default(),
        all_extensions: options.disable_extension_filter.unwrap_or_default(),
        include: pattern(options.include.as_deref(), "include")?,
        exclude: pattern(options.exclude.as_deref(), "exclude")?,
        found: Vec::new(),
        warnings,
    };
    walk.visit(directory, 0)?;
    Ok(walk.found)
}

fn pattern(text: Option<&str>, field: &str) -> Result<Option<Glob>, RenderError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let refused = |reason| {
        let place = Place { file: "spec.source.directory".into(), ..Place::default() };
        place.field(field).is(Problem::Pattern { pattern: text.into(), reason })
    };
    Glob::new(text).map(Some).map_err(refused)
}

struct Walk<'a, 'w> {
    files: &'a Files<'a>,
    directory: &'a TreePath,
    recurse: bool,
    all_extensions: bool,
    include: Option<Glob>,
    exclude: Option<Glob>,
    found: Vec<TreePath>,
    warnings: &'w mut Vec<Warning>,
}

impl Walk<'_, '_> {
    fn visit(&mut self, directory: &TreePath, depth: usize) -> Result<(), RenderError> {
        if depth > self.files.limits.depth {
            return Err(RenderError::Budget { what: "levels of directories", limit: self.files.limits.depth as u64 });
        }
        for entry in self.files.list(directory)?.unwrap_or_default() {
            let path = directory.child(&entry.name);
            match entry.kind {
                EntryKind::Directory if self.recurse => self.visit(&path, depth + 1)?,
                EntryKind::Directory | EntryKind::Submodule => {}
                _ if !self.is_wanted(&path) => {}
                EntryKind::Symlink => self.link(path)?,
                EntryKind::File | EntryKind::Executable => self.add(path)?,
            }
        }
        Ok(())
    }

    fn is_wanted(&self, path: &TreePath) -> bool {
        let below = path.as_str().strip_prefix(self.directory.as_str()).unwrap_or(path.as_str());
        let below = below.trim_start_matches('/');
        let extension = self.all_extensions || EXTENSIONS.iter().any(|extension| path.name().ends_with(extension));
        extension
            && !self.exclude.as_ref().is_some_and(|exclude| exclude.matches(below))
            && self.include.as_ref().is_none_or(|include| include.matches(below))
    }

    fn link(&mut self, path: TreePath) -> Result<(), RenderError> {
        match self.files.stat(&path)? {
            Some(meta) if matches!(meta.kind, EntryKind::File | EntryKind::Executable) => self.add(path),
            Some(_) => self.skip(&path, "the symbolic link names no regular file"),
            None => self.skip(&path, "the symbolic link names a file that does not exist"),
        }
    }

    fn skip(&mut self, path: &TreePath, reason: &str) -> Result<(), RenderError> {
        self.warnings.push(Warning::new(WarningKind::Skipped, Place::file(path), format!("left out: {reason}")));
        Ok(())
    }

    fn add(&mut self, path: TreePath) -> Result<(), RenderError> {
        if self.found.len() >= self.files.limits.files {
            return Err(RenderError::Budget { what: "files", limit: self.files.limits.files as u64 });
        }
        self.found.push(path);
        Ok(())
    }
}
