use std::collections::{BTreeMap, BTreeSet, HashMap};

use gitops_core::tree::{Read, ReadSet, Tree, TreeError, TreePath};

/// Who read what of a repository: from paths to users, such as Applications.
///
/// All users' reads must hold in one commit. A step from that commit to another takes the paths that differ between them
/// and looks at the reads of those and of the directories above them only; then the reads of the users that the step does
/// not touch hold in the new commit as well, and those of the others are renewed by rendering them again.
///
/// ```
/// use std::sync::Arc;
/// use gitops_core::TreePath;
/// use gitops_core::tree::{MemoryTree, RecordingTree, read};
/// use gitops_render::memo::Affected;
///
/// let before = MemoryTree::new().with_file("web/a.yaml", "a: 1").with_file("db/a.yaml", "a: 1");
/// let mut affected = Affected::new();
/// for user in ["web", "db"] {
///     let tree = RecordingTree::new(Arc::new(before.clone()));
///     read(&tree, &TreePath::new(user)?.child("a.yaml"), 100)?;
///     affected.insert(user, &tree.reads());
/// }
/// let after = before.with_file("web/a.yaml", "a: 2");
/// assert_eq!(affected.by(&[TreePath::new("web/a.yaml")?], &after)?.into_iter().collect::<Vec<_>>(), ["web"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Affected<User> {
    users: HashMap<User, u32>,
    names: Vec<Option<User>>,
    /// By path, the different answers that were given there, and who got each.
    readers: HashMap<TreePath, BTreeMap<Read, BTreeSet<u32>>>,
    /// By user, where it is a reader.
    paths: Vec<Vec<TreePath>>,
    free: Vec<u32>,
}

impl<User: Clone + Ord + std::hash::Hash> Affected<User> {
    /// Without users.
    pub fn new() -> Self {
        Self { users: HashMap::new(), names: Vec::new(), readers: HashMap::new(), paths: Vec::new(), free: Vec::new() }
    }

    /// Adds a user with what it read, in the place of what it read before.
    pub fn insert(&mut self, user: User, reads: &ReadSet) {
        self.remove(&user);
        let number = self.free.pop().unwrap_or_else(|| {
            self.names.push(None);
            self.paths.push(Vec::new());
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        });
        for (path, read) in reads.iter() {
            let answers = self.readers.entry(path.clone()).or_default();
            answers.entry(read.clone()).or_default().insert(number);
        }
        if let (Some(name), Some(paths)) = (self.names.get_mut(number as usize), self.paths.get_mut(number as usize)) {
            *name = Some(user.clone());
            *paths = reads.iter().map(|(path, _)| path.clone()).collect();
            self.users.insert(user, number);
        }
    }

    /// Forgets a user.
    pub fn remove(&mut self, user: &User) {
        let Some(number) = self.users.remove(user) else { return };
        let paths = self.paths.get_mut(number as usize).map(std::mem::take).unwrap_or_default();
        for path in paths {
            let Some(answers) = self.readers.get_mut(&path) else { continue };
            answers.retain(|_, readers| {
                readers.remove(&number);
                !readers.is_empty()
            });
            if answers.is_empty() {
                self.readers.remove(&path);
            }
        }
        if let Some(name) = self.names.get_mut(number as usize) {
            *name = None;
        }
        self.free.push(number);
    }

    #[cfg(test)]
    pub(super) fn reads_of(&self, user: &User) -> BTreeMap<TreePath, Read> {
        let number = self.users[user];
        let of = |path: &TreePath| {
            let (read, _) = self.readers[path].iter().find(|(_, readers)| readers.contains(&number)).unwrap();
            (path.clone(), read.clone())
        };
        self.paths[number as usize].iter().map(of).collect()
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there is no user.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The users that got an answer which `tree` does not give any more, where it differs from the tree that all of them
    /// read in these paths at most. Files are enough: the directories that come and go with them are looked at.
    ///
    /// # Errors
    /// Where the storage fails.
    pub fn by(&self, changed: &[TreePath], tree: &dyn Tree) -> Result<BTreeSet<User>, TreeError> {
        let mut seen = BTreeSet::new();
        let mut touched = BTreeSet::new();
        for path in changed {
            let mut next = Some(path.clone());
            while let Some(path) = next {
                next = path.parent();
                // Who comes by here came by everything above as well.
                if !seen.insert(path.clone()) {
                    break;
                }
                for (read, readers) in self.readers.get(&path).into_iter().flatten() {
                    if !readers.is_subset(&touched) && !read.holds_in(tree, &path)? {
                        touched.extend(readers);
                    }
                }
            }
        }
        let name = |number: u32| self.names.get(number as usize).cloned().flatten();
        Ok(touched.into_iter().filter_map(name).collect())
    }
}

impl<User: Clone + Ord + std::hash::Hash> Default for Affected<User> {
    fn default() -> Self {
        Self::new()
    }
}
