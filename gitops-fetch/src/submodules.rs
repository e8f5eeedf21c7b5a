//! Repositories inside a repository.

use std::sync::Arc;

use gitops_core::tree::{Blob, Entry, EntryKind, Meta, Tree, TreeError, TreePath};

/// Bytes of `.gitmodules` that are read.
const MAX_BYTES: u64 = 1 << 20;

/// One repository that another names: where its files go, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submodule {
    pub(crate) path: TreePath,
    pub(crate) address: String,
    pub(crate) commit: String,
}

/// The submodules of a tree. Those that `.gitmodules` names without a commit in the tree, or the other way round, are none.
///
/// # Errors
/// Where the storage fails.
pub(crate) fn of(tree: &dyn Tree, address: &str) -> Result<Vec<Submodule>, TreeError> {
    let path = TreePath::root().child(".gitmodules");
    let Some(blob) = gitops_core::tree::read(tree, &path, MAX_BYTES)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (path, url) in parse(&String::from_utf8_lossy(&blob.bytes)) {
        let (Ok(path), Some(address)) = (TreePath::new(&path), joined(address, &url)) else { continue };
        if let Some(Meta { kind: EntryKind::Submodule, id, .. }) = tree.stat(&path)? {
            found.push(Submodule { path, address, commit: id.0.to_string() });
        }
    }
    Ok(found)
}

/// Path and URL of each section of `.gitmodules` that has both.
fn parse(text: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(Option<String>, Option<String>)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            sections.push((None, None));
            continue;
        }
        let (Some((path, url)), Some((key, value))) = (sections.last_mut(), line.split_once('=')) else { continue };
        let value = value.trim().trim_matches('"').to_owned();
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => *path = Some(value),
            "url" => *url = Some(value),
            _ => {}
        }
    }
    sections.into_iter().filter_map(|(path, url)| Some((path?, url?))).collect()
}

/// An address that may be relative to another (gitmodules(5)): each `../` takes the last part off that one.
fn joined(base: &str, url: &str) -> Option<String> {
    if !url.starts_with("./") && !url.starts_with("../") {
        return Some(url.into());
    }
    let mut base = base.trim_end_matches('/');
    let mut rest = url;
    loop {
        if let Some(after) = rest.strip_prefix("../") {
            let end = base.rfind(['/', ':'])?;
            // The host stays.
            if base.get(..end)?.ends_with('/') {
                return None;
            }
            base = base.get(..end)?;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else {
            return Some(format!("{base}/{rest}"));
        }
    }
}

/// A tree with others in the places of its submodules.
pub(crate) struct WithSubmodules {
    pub(crate) tree: Arc<dyn Tree>,
    pub(crate) modules: Vec<(TreePath, Arc<dyn Tree>)>,
}

impl WithSubmodules {
    /// The tree of a path, and the path in it.
    fn locate(&self, path: &TreePath) -> (&dyn Tree, TreePath) {
        let inside = |root: &TreePath| {
            let rest = path.as_str().get(root.as_str().len()..).filter(|_| path.is_within(root))?;
            TreePath::new(rest.trim_start_matches('/')).ok()
        };
        let found = self.modules.iter().filter_map(|(root, tree)| Some((root, tree, inside(root)?)));
        match found.max_by_key(|(root, ..)| root.as_str().len()) {
            Some((_, tree, inner)) => (tree.as_ref(), inner),
            None => (self.tree.as_ref(), path.clone()),
        }
    }
}

impl Tree for WithSubmodules {
    fn stat(&self, path: &TreePath) -> Result<Option<Meta>, TreeError> {
        let (tree, inner) = self.locate(path);
        tree.stat(&inner)
    }

    fn read(&self, path: &TreePath) -> Result<Option<Blob>, TreeError> {
        let (tree, inner) = self.locate(path);
        tree.read(&inner)
    }

    fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError> {
        let (tree, inner) = self.locate(path);
        let Some(mut entries) = tree.list(&inner)? else { return Ok(None) };
        for entry in entries.iter_mut().filter(|entry| entry.kind == EntryKind::Submodule) {
            let child = path.child(&entry.name);
            if self.modules.iter().any(|(root, _)| *root == child) {
                entry.kind = EntryKind::Directory;
            }
        }
        Ok(Some(entries))
    }
}

#[cfg(test)]
mod tests {
    use gitops_core::tree::MemoryTree;

    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn addresses_may_be_relative() {
        let cases = [
            ("https://host.example/org/repo.git", "../other.git", Some("https://host.example/org/other.git")),
            ("https://host.example/org/repo", "./inner", Some("https://host.example/org/repo/inner")),
            ("git@host.example:org/repo", "../../x/other", Some("git@host.example/x/other")),
            ("https://host.example/org/repo", "../../../other", None),
            ("https://host.example/org/repo", "https://b.example/x", Some("https://b.example/x")),
        ];
        for (base, url, expected) in cases {
            assert_eq!(joined(base, url).as_deref(), expected, "{base} {url}");
        }
    }

    #[test]
    fn sections_have_a_path_and_an_address() {
        let text = "[submodule \"a\"]\n\tpath = lib/a\n\turl = \"../a.git\"\n[submodule \"b\"]\n\tpath = b\n# c\n";
        assert_eq!(parse(text), [("lib/a".to_owned(), "../a.git".to_owned())]);
    }

    #[test]
    fn trees_are_put_into_each_other() {
        let outer = MemoryTree::new().with_file("lib/x.yaml", "x: 1").with_file("a.yaml", "a: 1");
        let inner = MemoryTree::new().with_file("base/b.yaml", "b: 1");
        let tree = WithSubmodules { tree: Arc::new(outer), modules: vec![(path("lib/b"), Arc::new(inner))] };
        assert_eq!(tree.stat(&path("lib/b")).unwrap().unwrap().kind, EntryKind::Directory);
        assert_eq!(tree.read(&path("lib/b/base/b.yaml")).unwrap().unwrap().bytes, "b: 1");
        assert_eq!(tree.read(&path("lib/x.yaml")).unwrap().unwrap().bytes, "x: 1");
        assert_eq!(tree.list(&path("lib/b")).unwrap().unwrap().len(), 1);
    }
}
