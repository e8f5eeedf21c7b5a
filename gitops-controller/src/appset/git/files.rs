//! Files of a repository, whose content is parameters.

use std::collections::BTreeSet;

use gitops_core::Value as Json;
use gitops_core::api::{GitFileItem, GitGenerator};
use gitops_core::tree::{self, EntryKind, TreePath};
use gitops_template::Map;
use gitops_yaml::Limits;
use globset::GlobBuilder;

use super::{Walk, add_path};
use crate::appset::error::GenerateError;
use crate::appset::list;
use crate::appset::outside::FileGlobbing;
use crate::appset::parameters::{self, Parameters, set_text};
use crate::appset::pattern::{Pattern, folder, is_special};

/// The content of the files that a pattern takes and none leaves out, by their paths. A file has one map, or a list of them.
pub(super) fn generate(
    git: &GitGenerator,
    asked: &[GitFileItem],
    walk: &mut Walk<'_>,
) -> Result<Vec<Parameters>, GenerateError> {
    let (left_out, taken): (Vec<_>, Vec<_>) = asked.iter().partition(|item| item.exclude == Some(true));
    let mut files: BTreeSet<String> = BTreeSet::new();
    for item in taken {
        files.extend(listed(&item.path, walk)?);
    }
    for item in left_out {
        for file in listed(&item.path, walk)? {
            files.remove(&file);
        }
    }
    let mut left = walk.generation.settings.limits.all_file_bytes;
    let mut sets = Vec::new();
    for file in files {
        for parameters in read(&file, walk, &mut left)? {
            walk.generation.admit(sets.len() + 1)?;
            let (directory, name) = file.rsplit_once('/').unwrap_or((".", &file));
            let parameters = if walk.generation.renderer.is_go() { parameters } else { flat(&parameters) };
            add_path(git, &parameters, directory, Some(name), walk.generation)?;
            sets.push(parameters);
        }
    }
    Ok(sets)
}

fn flat(parameters: &Parameters) -> Parameters {
    let flat = Map::default();
    parameters::flatten(parameters).into_iter().for_each(|(key, text)| set_text(&flat, key, text));
    flat
}

/// The maps of a file.
fn read(file: &str, walk: &Walk<'_>, left: &mut u64) -> Result<Vec<Parameters>, GenerateError> {
    let wrong = |message: String| GenerateError::File {
        repository: walk.repository.to_owned(),
        file: file.to_owned(),
        message,
    };
    let path = TreePath::new(file).map_err(|error| wrong(error.to_string()))?;
    let limit = walk.generation.settings.limits.file_bytes;
    let blob = tree::read_required(&*walk.tree, &path, limit).map_err(|source| walk.failed(source))?;
    *left = left.checked_sub(blob.bytes.len() as u64).ok_or(GenerateError::TooMany {
        what: "bytes of files",
        limit: usize::try_from(walk.generation.settings.limits.all_file_bytes).unwrap_or(usize::MAX),
    })?;
    match gitops_yaml::read_first(&blob.bytes, &Limits::default()).map_err(wrong)? {
        Json::Null => Ok(vec![Map::default()]),
        Json::Object(map) => Ok(vec![parameters::of_json(&map)]),
        other => list::maps(&other).ok_or_else(|| wrong("expected a mapping, or a list of mappings".into())),
    }
}

/// The files that a pattern names.
fn listed(pattern: &str, walk: &mut Walk<'_>) -> Result<Vec<String>, GenerateError> {
    let wrong = |message: String| GenerateError::Field(format!("files: `{pattern}`: {message}"));
    match walk.generation.settings.globbing {
        FileGlobbing::DoubleStar => {
            let built = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
            let glob = built.map_err(|error| wrong(error.to_string()))?.compile_matcher();
            below(folder(pattern), walk, &|path| glob.is_match(path))
        }
        FileGlobbing::GitListing => {
            if pattern.is_empty() {
                return Err(wrong("an empty pattern names no file".into()));
            }
            if pattern.starts_with(':') {
                return Err(wrong("the signs of Git's pathspecs are not supported".into()));
            }
            let path = TreePath::new(pattern).map_err(|error| wrong(error.to_string()))?;
            if is_special(pattern) {
                let end = if pattern.ends_with('/') { "/" } else { "" };
                let Some(glob) = Pattern::of_git(&format!("{}{end}", path.as_str())) else { return Ok(Vec::new()) };
                return below(folder(path.as_str()), walk, &|path| glob.matches(path));
            }
            let mut found = below(path.as_str(), walk, &|_| true)?;
            let is_file = walk.tree.stat(&path).map_err(|source| walk.failed(source))?;
            if is_file.is_some_and(|meta| is_listed(meta.kind)) && !pattern.ends_with('/') {
                found.push(path.as_str().to_owned());
            }
            Ok(found)
        }
    }
}

fn is_listed(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::File | EntryKind::Executable | EntryKind::Symlink)
}

/// The files at any depth below a folder that a test takes.
fn below(folder: &str, walk: &mut Walk<'_>, takes: &dyn Fn(&str) -> bool) -> Result<Vec<String>, GenerateError> {
    let Ok(folder) = TreePath::new(folder) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut pending = vec![folder];
    while let Some(folder) = pending.pop() {
        for entry in walk.list(&folder)? {
            let path = folder.child(&entry.name);
            if entry.kind == EntryKind::Directory {
                pending.push(path);
            } else if is_listed(entry.kind) && takes(path.as_str()) {
                found.push(path.as_str().to_owned());
            }
        }
    }
    Ok(found)
}
