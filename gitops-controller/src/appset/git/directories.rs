//! Directories of a repository.

use gitops_core::api::{GitDirectoryItem, GitGenerator};
use gitops_core::tree::{EntryKind, TreePath};
use gitops_template::Map;

use super::{Walk, add_path};
use crate::appset::error::GenerateError;
use crate::appset::parameters::Parameters;
use crate::appset::pattern::{Pattern, folder};

/// A pattern that takes directories in or leaves them out.
struct Item<'i> {
    pattern: Pattern,
    folder: &'i str,
    excludes: bool,
}

/// The directories that a pattern takes and none leaves out, parents before what is in them. Those whose names begin with a
/// dot do not count, nor does what is in them.
pub(super) fn generate(
    git: &GitGenerator,
    asked: &[GitDirectoryItem],
    walk: &mut Walk<'_>,
) -> Result<Vec<Parameters>, GenerateError> {
    let item = |item: &'_ GitDirectoryItem| {
        let pattern = Pattern::of_go(&item.path)?;
        Some((pattern, item.exclude == Some(true)))
    };
    // A malformed pattern matches nothing, as in Argo CD.
    let items: Vec<Item<'_>> = asked
        .iter()
        .filter_map(|one| item(one).map(|(pattern, excludes)| Item { pattern, folder: folder(&one.path), excludes }))
        .collect();
    let deepest = asked.iter().map(|one| depth(&one.path)).max().unwrap_or_default();
    let mut found = Vec::new();
    visit(&TreePath::root(), &items, deepest, walk, &mut found)?;
    let mut sets = Vec::new();
    for directory in found {
        walk.generation.admit(sets.len() + 1)?;
        let parameters = Map::default();
        add_path(git, &parameters, &directory, None, walk.generation)?;
        sets.push(parameters);
    }
    Ok(sets)
}

/// How many folders deep a pattern can match: stars end at slashes, sets of characters need not.
fn depth(pattern: &str) -> usize {
    if pattern.contains('[') { usize::MAX } else { pattern.split('/').count() }
}

fn visit(
    path: &TreePath,
    items: &[Item<'_>],
    deepest: usize,
    walk: &mut Walk<'_>,
    found: &mut Vec<String>,
) -> Result<(), GenerateError> {
    for entry in walk.list(path)? {
        let is_directory = matches!(entry.kind, EntryKind::Directory | EntryKind::Submodule);
        if !is_directory || entry.name.starts_with('.') && !walk.generation.settings.hidden_directories {
            continue;
        }
        let path = path.child(&entry.name);
        let text = path.as_str();
        let matching = || items.iter().filter(|item| item.pattern.matches(text));
        if matching().next().is_some() && matching().all(|item| !item.excludes) {
            found.push(text.to_owned());
        }
        let leads_on = |item: &Item<'_>| {
            !item.excludes
                && (TreePath::new(item.folder).is_ok_and(|folder| folder.is_within(&path) || path.is_within(&folder)))
        };
        if entry.kind == EntryKind::Directory && path.parts().count() < deepest && items.iter().any(leads_on) {
            visit(&path, items, deepest, walk, found)?;
        }
    }
    Ok(())
}
