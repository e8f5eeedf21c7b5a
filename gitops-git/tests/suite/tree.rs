use std::sync::Arc;

use gitops_core::tree::{EntryKind, resolve};
use gitops_core::{Tree, TreePath};
use gitops_fixtures::TestRepository;
use gitops_git::{Change, Repository};

use crate::support::{git, has_git, real_repository};

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// Every file below a path as `git ls-tree -r -l` writes it: mode, type, id, size and path.
fn listing(tree: &dyn Tree, below: &TreePath, lines: &mut Vec<String>) {
    for entry in tree.list(below).unwrap().unwrap() {
        let path = below.child(&entry.name);
        let meta = tree.stat(&path).unwrap().unwrap();
        assert_eq!(meta.kind, entry.kind);
        let (mode, kind) = match entry.kind {
            EntryKind::Directory => {
                listing(tree, &path, lines);
                continue;
            }
            EntryKind::File => ("100644", "blob"),
            EntryKind::Executable => ("100755", "blob"),
            EntryKind::Symlink => ("120000", "blob"),
            EntryKind::Submodule => ("160000", "commit"),
        };
        let size = if kind == "blob" { meta.size.to_string() } else { "-".into() };
        if let Some(blob) = tree.read(&path).unwrap() {
            assert_eq!((blob.bytes.len() as u64, &blob.id), (meta.size, &meta.id));
        }
        lines.push(format!("{mode} {kind} {} {size:>7}\t{path}", meta.id.0));
    }
}

#[test]
fn trees_list_what_ls_tree_lists() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    let mut changes = vec![
        Change::write(path("dir.d"), "file that sorts between"),
        Change::write(path("dir/run.sh"), "#!/bin/sh\n").with_kind(EntryKind::Executable),
        Change::link(path("dir/link"), "../a.yaml"),
        Change::write(path("dir-1"), "before the directory in bytes"),
        Change::write(path("ünï/ß.yaml"), "x: 1"),
        Change::write(path("empty"), ""),
    ];
    changes.extend((0..300).map(|n| Change::write(path(&format!("many/{}/f{n}", n % 7)), "y\n".repeat(n))));
    let copy = TestRepository::of_directory(main.path()).unwrap();
    let writer = copy.writer();
    let details = gitops_git::CommitDetails::new(
        gitops_git::Person::new("A", "a@example.com"),
        gitops_core::Timestamp::UNIX_EPOCH,
        "All kinds",
    );
    writer.commit(&changes, &details).unwrap();
    git(copy.path(), &["update-index", "--add", "--cacheinfo", "160000,0123456789012345678901234567890123456789,sub"]);
    git(copy.path(), &["commit", "-q", "-m", "Submodule"]);
    for packed in [false, true] {
        if packed {
            git(copy.path(), &["gc", "-q"]);
        }
        let repository = Repository::open(copy.path()).unwrap();
        let tree = repository.tree(repository.resolve("HEAD").unwrap().id).unwrap();
        let mut lines = Vec::new();
        listing(tree.as_ref(), &TreePath::root(), &mut lines);
        let expected = git(copy.path(), &["-c", "core.quotePath=false", "ls-tree", "-r", "-l", "HEAD"]);
        let mut expected: Vec<_> = expected.lines().map(str::to_owned).collect();
        lines.sort();
        expected.sort();
        assert_eq!(lines, expected);
        let entries = tree.list(&TreePath::root()).unwrap().unwrap();
        assert!(entries.is_sorted_by(|one, other| one.name < other.name), "{entries:?}");
        assert_eq!(tree.read(&path("sub")).unwrap(), None);
    }
}

#[test]
fn misses_are_answers_and_links_are_followed_inside() {
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("base/a.yaml", "a: 1")]).unwrap();
    repository.link("overlay", "base").unwrap();
    repository.link("out", "../../etc/passwd").unwrap();
    let tree = repository.git().tree(repository.git().resolve("main").unwrap().id).unwrap();
    assert_eq!(tree.stat(&path("none/a")).unwrap(), None);
    assert_eq!(tree.read(&path("base")).unwrap(), None);
    assert_eq!(tree.list(&path("base/a.yaml")).unwrap(), None);
    assert_eq!(tree.list(&path("base/a.yaml/x")).unwrap(), None);
    assert_eq!(tree.read(&path("overlay")).unwrap().unwrap().bytes, "base");
    assert_eq!(resolve(tree.as_ref(), &path("overlay/a.yaml")).unwrap(), Some(path("base/a.yaml")));
    let error = resolve(tree.as_ref(), &path("out")).unwrap_err();
    assert_eq!(error.to_string(), "out: the symbolic link points outside the repository, to `../../etc/passwd`");
}

#[test]
fn a_directory_keeps_its_name_until_something_in_it_moves() {
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("apps/a/deep/a.yaml", "a: 1"), ("apps/b/b.yaml", "b: 1")]).unwrap();
    let names = |repository: &TestRepository| {
        let tree = repository.git().tree(repository.git().resolve("main").unwrap().id).unwrap();
        ["apps/a", "apps/b"].map(|directory| tree.identify_whole(&path(directory)).unwrap().unwrap())
    };
    let before = names(&repository);
    repository.commit([("apps/a/deep/a.yaml", "a: 2")]).unwrap();
    let after = names(&repository);
    assert_ne!(before[0], after[0]);
    assert_eq!(before[1], after[1]);
    let tree = repository.git().tree(repository.git().resolve("main").unwrap().id).unwrap();
    assert_eq!(tree.identify_whole(&path("apps/b/b.yaml")).unwrap(), None, "a file is no directory");
    assert_eq!(tree.identify_whole(&path("none")).unwrap(), None);
}

#[test]
fn one_tree_is_read_by_many_threads() {
    let mut repository = TestRepository::new().unwrap();
    let files: Vec<(String, String)> = (0..200).map(|n| (format!("d{}/f{n}", n % 10), format!("{n}"))).collect();
    repository.commit(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))).unwrap();
    let tree = repository.git().tree(repository.git().resolve("main").unwrap().id).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (tree, files) = (Arc::clone(&tree), &files);
            scope.spawn(move || {
                for (name, text) in files {
                    assert_eq!(tree.read(&path(name)).unwrap().unwrap().bytes, text.as_bytes());
                }
            });
        }
    });
}

#[test]
fn hostile_directory_entries_are_refused() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    let blob = git(main.path(), &["rev-parse", "HEAD:a.yaml"]);
    for name in ["..", ".", "a/b"] {
        let mut object = format!("100644 {name}\0").into_bytes();
        let digits = blob.trim().as_bytes();
        object.extend(digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()));
        let file = main.path().join("object");
        std::fs::write(&file, object).unwrap();
        let tree = git(main.path(), &["hash-object", "--literally", "-t", "tree", "-w", "object"]);
        let commit = git(main.path(), &["commit-tree", "-m", "hostile", tree.trim()]);
        let repository = Repository::open(main.path()).unwrap();
        let tree = repository.tree(commit.trim().parse().unwrap()).unwrap();
        assert!(tree.list(&TreePath::root()).is_err(), "{name}");
    }
}
