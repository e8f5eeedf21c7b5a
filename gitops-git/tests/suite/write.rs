use std::fs;

use gitops_core::{Timestamp, TreePath};
use gitops_fixtures::{Dice, TestRepository};
use gitops_git::{Change, CommitDetails, Person, RepositoryWriter, WriteError};

use crate::support::{git, has_git, real_repository};

fn details(message: &str) -> CommitDetails {
    let time = "2024-05-06T07:08:09Z".parse::<Timestamp>().unwrap();
    CommitDetails::new(Person::new("Ada <x>\nLovelace", "ada@example.com"), time, message)
}

fn write(path: &str, text: &str) -> Change {
    Change::write(TreePath::new(path).unwrap(), text)
}

#[test]
fn commits_are_clean_for_the_real_git() {
    if !has_git() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let writer = RepositoryWriter::init(directory.path(), "main").unwrap();
    writer.commit(&[write("a/b/c.yaml", "x: 1\n"), write("z", "z")], &details("First\n\nBody")).unwrap();
    writer.commit(&[Change::link(TreePath::new("l").unwrap(), "z")], &details("Link")).unwrap();
    let last = writer.commit(&[Change::remove(TreePath::new("a").unwrap())], &details("Remove")).unwrap();
    git(directory.path(), &["fsck", "--strict"]);
    assert_eq!(git(directory.path(), &["status", "--porcelain", "-b"]), "## main\n");
    assert_eq!(git(directory.path(), &["rev-parse", "HEAD"]).trim(), last.id.to_string());
    let log = git(directory.path(), &["log", "--format=%an|%ae|%aI|%s", "-1", "HEAD~2"]);
    assert_eq!(log, "Ada xLovelace|ada@example.com|2024-05-06T07:08:09+00:00|First\n");
    assert!(!directory.path().join("a").exists());
    fs::write(directory.path().join("z"), "by hand").unwrap();
    git(directory.path(), &["commit", "-q", "-a", "-m", "By git"]);
    writer.commit(&[write("z", "again")], &details("Again")).unwrap();
    assert_eq!(git(directory.path(), &["status", "--porcelain"]), "");
    assert_eq!(git(directory.path(), &["reflog", "--format=%gs", "-1"]), "commit: Again\n");
    let error = writer.commit(&[write("z", "again")], &details("Same")).unwrap_err();
    assert!(matches!(error, WriteError::Nothing), "{error:?}");
}

#[test]
fn staged_and_edited_files_are_not_overwritten() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    fs::write(main.path().join("b.yaml"), "b: 1\n").unwrap();
    git(main.path(), &["add", "."]);
    let writer = RepositoryWriter::open(main.path()).unwrap();
    writer.commit(&[write("c.yaml", "c: 1\n")], &details("C")).unwrap();
    assert_eq!(git(main.path(), &["status", "--porcelain"]), "A  b.yaml\n");
    for (file, change) in [("a.yaml", "a.yaml"), ("b.yaml", "b.yaml"), ("d.yaml", "d.yaml")] {
        fs::write(main.path().join(file), "by hand").unwrap();
        let error = writer.commit(&[write(change, "new"), write("other", "x")], &details("No")).unwrap_err();
        assert!(error.to_string().contains(&format!("uncommitted changes in `{file}`")), "{error}");
        assert_eq!(fs::read_to_string(main.path().join(file)).unwrap(), "by hand");
        assert!(!main.path().join("other").exists());
    }
    assert_eq!(git(main.path(), &["log", "--format=%s"]), "C\nFirst\n");
}

#[test]
fn links_and_git_directories_are_not_written_through() {
    let outside = tempfile::tempdir().unwrap();
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("a", "1")]).unwrap();
    std::os::unix::fs::symlink(outside.path(), repository.path().join("d")).unwrap();
    let error = repository.commit([("d/evil", "x")]).unwrap_err();
    assert!(error.to_string().contains("a symbolic link is in its way"), "{error}");
    assert!(fs::read_dir(outside.path()).unwrap().next().is_none());
    for path in [".git/config", "x/.GIT/hooks/pre-commit", "git~1/x"] {
        let error = repository.commit([(path, "x")]).unwrap_err();
        assert!(error.to_string().contains("the name belongs to Git"), "{error}");
    }
}

#[test]
fn reverts_are_those_of_the_real_git() {
    if !has_git() {
        return;
    }
    let lines = |changed: &[(usize, &str)]| -> String {
        let line =
            |n: usize| changed.iter().find(|(at, _)| *at == n).map_or(format!("line {n}"), |(_, text)| (*text).into());
        (0..30).map(|n| line(n) + "\n").collect()
    };
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("web.yaml", lines(&[]).as_str()), ("gone.yaml", "x: 1\n"), ("d/keep", "k")]).unwrap();
    let bad_files = [("web.yaml", lines(&[(3, "bad")])), ("added/deep.yaml", "new: 1\n".into())];
    let mut changes: Vec<_> = bad_files.iter().map(|(path, text)| write(path, text)).collect();
    changes.push(Change::remove(TreePath::new("gone.yaml").unwrap()));
    let bad = repository.commit_changes(&changes, Some("Bad: \"quoted\" change")).unwrap();
    let later = repository.commit([("web.yaml", lines(&[(3, "bad"), (20, "good")]).as_str())]).unwrap();
    let place = tempfile::tempdir().unwrap();
    git(place.path(), &["clone", "-q", &repository.path().display().to_string(), "real"]);
    let reverted = repository.revert(bad.id).unwrap();
    let real = place.path().join("real");
    git(&real, &["revert", "--no-edit", &bad.id.to_string()]);
    assert_eq!(git(repository.path(), &["rev-parse", "HEAD^{tree}"]), git(&real, &["rev-parse", "HEAD^{tree}"]));
    assert_eq!(git(repository.path(), &["log", "-1", "--format=%B"]), git(&real, &["log", "-1", "--format=%B"]));
    assert_eq!(git(repository.path(), &["status", "--porcelain"]), "");
    git(repository.path(), &["fsck", "--strict"]);
    assert_eq!(reverted.parents, [later.id]);
    assert!(!repository.path().join("added").exists());

    let again = repository.revert(bad.id).unwrap_err();
    assert!(again.to_string().starts_with("nothing to commit"), "{again}");
    repository.commit([("web.yaml", lines(&[(20, "worse")]).as_str())]).unwrap();
    let conflict = repository.revert(later.id).unwrap_err().to_string();
    assert!(conflict.ends_with("cannot be reverted: later commits changed `web.yaml`"), "{conflict}");
}

#[test]
fn bare_repositories_and_other_branches_are_reverted_without_a_work_tree() {
    let mut bare = TestRepository::bare().unwrap();
    bare.commit([("a", "1\n")]).unwrap();
    let bad = bare.commit([("a", "2\n")]).unwrap();
    bare.revert(bad.id).unwrap();
    assert_eq!(bare.git().resolve("main").unwrap().title(), "Revert \"Commit 2\"");

    let mut repository = TestRepository::new().unwrap();
    let first = repository.commit([("a", "1\n")]).unwrap();
    repository.branch("side", first.id).unwrap();
    let bad = repository.commit_to("side", [("a", "bad\n")]).unwrap();
    let undo = CommitDetails::reverting(&bad, Person::new("B", "b@example.com"), Timestamp::UNIX_EPOCH);
    let error = repository.writer().revert(bad.id, "main", &undo).unwrap_err();
    assert!(matches!(error, WriteError::NotInBranch { .. }), "{error:?}");
    repository.writer().revert(bad.id, "side", &undo).unwrap();
    assert_eq!(fs::read_to_string(repository.path().join("a")).unwrap(), "1\n");
    let error = repository.writer().branch("main", bad.id).unwrap_err();
    assert!(matches!(error, WriteError::CheckedOut { .. }), "{error:?}");
    let root = repository.revert(first.id);
    assert!(root.is_ok(), "the first commit is taken back to nothing: {root:?}");
}

#[test]
fn branches_checked_out_elsewhere_are_refused() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    git(main.path(), &["worktree", "add", "-q", "-b", "side", "linked"]);
    let writer = RepositoryWriter::open(main.path()).unwrap();
    let error = writer.commit_to("side", &[write("x", "x")], &details("No")).unwrap_err();
    assert!(error.to_string().contains("the branch `side` is checked out in"), "{error}");
}

#[test]
fn merges_are_not_reverted() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    git(main.path(), &["checkout", "-q", "-b", "side"]);
    git(main.path(), &["commit", "-q", "--allow-empty", "-m", "Side"]);
    git(main.path(), &["checkout", "-q", "main"]);
    git(main.path(), &["merge", "-q", "--no-ff", "--no-edit", "side"]);
    let writer = RepositoryWriter::open(main.path()).unwrap();
    let merge = writer.repository().resolve("main").unwrap();
    let error = writer.revert(merge.id, "main", &details("No")).unwrap_err();
    assert!(matches!(error, WriteError::Merge { .. }), "{error:?}");
}

/// A commit's worth of random changes to the lines of a few files.
fn change(files: &mut std::collections::BTreeMap<String, Vec<String>>, dice: &mut Dice, round: usize) {
    for _ in 0..=dice.place(3) {
        let name = ["a", "b", "d/c", "d/e/f"][dice.place(4)].to_owned();
        if dice.place(8) == 0 && files.len() > 1 {
            files.remove(&name);
            continue;
        }
        let lines = files.entry(name).or_insert_with(|| (0..10).map(|n| format!("line {n}")).collect());
        let at = dice.place(lines.len());
        match dice.place(4) {
            0 => lines.insert(at, format!("new {round}")),
            1 if lines.len() > 2 => drop(lines.remove(at)),
            _ => lines[at] = format!("changed {}", dice.place(4)),
        }
    }
}

#[test]
fn reverts_of_random_histories_end_as_with_the_real_git() {
    if !has_git() {
        return;
    }
    let (mut same, mut conflicts) = (0, 0);
    for seed in 1..=8 {
        let mut dice = Dice::new(seed * 0x9e37_79b9);
        let mut repository = TestRepository::new().unwrap();
        let mut files = std::collections::BTreeMap::new();
        let mut commits = vec![repository.commit([("keep", "k")]).unwrap()];
        while commits.len() < 12 {
            let before = files.clone();
            change(&mut files, &mut dice, commits.len());
            let gone = before.keys().filter(|name| !files.contains_key(*name));
            let mut changes: Vec<_> = gone.map(|name| Change::remove(TreePath::new(name).unwrap())).collect();
            changes.extend(files.iter().map(|(name, lines)| write(name, &(lines.join("\n") + "\n"))));
            commits.extend(repository.commit_changes(&changes, None).ok());
        }
        let place = tempfile::tempdir().unwrap();
        git(place.path(), &["clone", "-q", &repository.path().display().to_string(), "real"]);
        let real = place.path().join("real");
        for (n, commit) in commits.iter().enumerate().skip(1) {
            let branch = format!("try-{n}");
            repository.branch(&branch, commits.last().unwrap().id).unwrap();
            let undo = CommitDetails::reverting(commit, Person::new("B", "b@example.com"), Timestamp::UNIX_EPOCH);
            let ours = repository.writer().revert(commit.id, &branch, &undo);
            let id = commit.id.to_string();
            let arguments = ["revert", "--no-commit", "--strategy=recursive", "-X", "no-renames", &id];
            let theirs = crate::support::git_command(&real, &arguments).output().unwrap();
            let said = String::from_utf8_lossy(&theirs.stdout).into_owned() + &String::from_utf8_lossy(&theirs.stderr);
            let tree = theirs.status.success().then(|| git(&real, &["write-tree"]));
            crate::support::git_command(&real, &["revert", "--abort"]).output().unwrap();
            git(&real, &["reset", "-q", "--hard"]);
            let head = git(&real, &["rev-parse", "HEAD^{tree}"]);
            match (ours, tree) {
                (Ok(commit), Some(tree)) => {
                    let ours = git(repository.path(), &["rev-parse", &format!("{}^{{tree}}", commit.id)]);
                    assert_eq!(ours, tree, "seed {seed}, commit {n}");
                    same += 1;
                }
                (Err(WriteError::Nothing), Some(tree)) => assert_eq!(tree, head, "seed {seed}, commit {n}"),
                (Err(WriteError::Conflict { .. }), None) => conflicts += 1,
                (ours, theirs) => panic!("seed {seed}, commit {n}: {ours:?}, git: {theirs:?}, {said}"),
            }
        }
    }
    assert!(same > 20 && conflicts > 20, "{same} reverted, {conflicts} conflicts");
}
