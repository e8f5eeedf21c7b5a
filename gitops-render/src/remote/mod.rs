//! What lies elsewhere: repositories and files that a kustomization names by URL.
//!
//! The files of another repository are a tree of their own. A path in one is written as `ADDRESS@REVISION//PATH`, which no
//! path of the source's own tree can be, since those hold no empty part; so it says in every message where a file is, and
//! nothing that is written in a repository leads from one tree into the other but an address.

mod address;
mod find;
mod query;

use std::sync::Mutex;
use std::sync::PoisonError;

use gitops_core::need::RepositoryNeed;
use gitops_core::tree::{Tree, TreePath};
use gitops_core::{Answer, Need, Provided};

pub(crate) use address::RepositoryAddress;
pub(crate) use find::{Found, find, foresee, read};

/// What a text of a kustomization may name elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    /// The URL of a file, where it may be one.
    pub(crate) file: Option<String>,
    /// A directory of a repository, where it may be one.
    pub(crate) repository: Option<RepositoryAddress>,
}

impl Remote {
    /// Reads a text; none where it names a path of the tree. kustomize asks every `http` URL for a file first and takes
    /// it for a repository where what comes back is no list of resources; here a URL that says itself where the
    /// repository ends is taken for one at once, unless it ends like the name of a file.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let repository = RepositoryAddress::parse(text);
        let web = is_web(text);
        if repository.is_none() && !web {
            return None;
        }
        let explicit = repository.as_ref().is_some_and(|repository| repository.explicit);
        let file = (web && (!explicit || ends_like_a_file(text))).then(|| text.to_owned());
        Some(Self { file, repository })
    }
}

/// What a text needs that names a directory of another repository, such as `github.com/org/repo//base?ref=v1`, and the
/// path of the directory there, as `kustomize build` takes one for its argument; none where the text names a path.
pub fn remote_directory(text: &str) -> Option<(Need, String)> {
    RepositoryAddress::parse(text).map(|RepositoryAddress { need, path, .. }| (Need::Repository(need), path))
}

/// Whether a text is the URL of something on the web.
pub(crate) fn is_web(text: &str) -> bool {
    let starts =
        |scheme: &str| text.split_at_checked(scheme.len()).is_some_and(|(start, _)| start.eq_ignore_ascii_case(scheme));
    starts("https://") || starts("http://")
}

fn ends_like_a_file(text: &str) -> bool {
    let path = text.split('?').next().unwrap_or_default();
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

/// The trees of other repositories, and what is still to be got.
pub(crate) struct Remotes<'a> {
    provided: &'a Provided,
    mounts: Vec<Mount<'a>>,
    missing: Mutex<Vec<Need>>,
    used: Mutex<Vec<Need>>,
}

struct Mount<'a> {
    root: TreePath,
    tree: &'a dyn Tree,
}

impl<'a> Remotes<'a> {
    pub(crate) fn new(provided: &'a Provided) -> Self {
        let mount = |(need, answer): (&Need, &'a Answer)| match (need, answer) {
            (Need::Repository(need), Answer::Tree { tree, .. }) => {
                Some(Mount { root: root_of(need), tree: tree.as_ref() })
            }
            _ => None,
        };
        let mounts = provided.iter().filter_map(mount).collect();
        Self { provided, mounts, missing: Mutex::default(), used: Mutex::default() }
    }

    /// The tree that a path is of, where it is another repository's: its root, the tree, and the path in it.
    pub(crate) fn locate(&self, path: &TreePath) -> Option<(&TreePath, &'a dyn Tree, TreePath)> {
        let mount = self.mounts.iter().find(|mount| path.is_within(&mount.root))?;
        let inner = path.as_str().get(mount.root.as_str().len()..)?;
        Some((&mount.root, mount.tree, TreePath::new(inner.trim_start_matches('/')).ok()?))
    }

    /// The answer to a need. Where there is none, the need is noted.
    pub(crate) fn ask(&self, need: Need) -> Option<&'a Answer> {
        let answer = self.provided.get(&need);
        let notes = if answer.is_some() { &self.used } else { &self.missing };
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&need) {
            notes.push(need);
        }
        answer
    }

    /// What was asked for and is not there.
    pub(crate) fn missing(&self) -> Vec<Need> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was asked for and is there, in the order of needs.
    pub(crate) fn used(&self) -> Vec<Need> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner).clone();
        used.sort();
        used
    }
}

/// The path of a repository's own root.
pub(crate) fn root_of(need: &RepositoryNeed) -> TreePath {
    TreePath::root().child(&format!("{}/", Need::Repository(need.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (bool, bool) {
        let remote = Remote::parse(text).unwrap();
        (remote.file.is_some(), remote.repository.is_some())
    }

    #[test]
    fn files_and_repositories_are_told_apart() {
        assert_eq!(parts("https://github.com/org/repo//a?ref=v1"), (false, true));
        assert_eq!(parts("https://host.example/org/repo/a"), (true, true));
        assert_eq!(parts("https://host.example/web.yaml"), (true, false));
        assert_eq!(parts("https://host.example/org/repo.git/web.yaml?ref=v1"), (true, true));
        assert_eq!(parts("ssh://git@host.example/org/repo/web.yaml"), (false, true));
        assert_eq!(Remote::parse("../web.yaml"), None);
    }
}
