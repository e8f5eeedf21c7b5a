use gitops_fixtures::TestRepository;
use gitops_git::{PathChange, Repository};

use crate::support::{git, has_git};

#[test]
fn changed_paths_are_those_of_git_diff() {
    if !has_git() {
        return;
    }
    let mut repository = TestRepository::new().unwrap();
    let many: Vec<String> = (0..50).map(|n| format!("dir{}/sub/file{n}", n % 5)).collect();
    repository.commit(many.iter().map(|path| (path.as_str(), path.as_str()))).unwrap();
    repository.commit([("dir1/sub/file1", "changed"), ("new/deep/file", "x"), ("dir.x", "y")]).unwrap();
    repository.remove(["dir2", "dir3/sub/file3"]).unwrap();
    repository.commit([("dir2", "a file where a directory was")]).unwrap();
    repository.link("dir1/sub/file6", "file1").unwrap();
    std::fs::remove_file(repository.path().join("dir.x")).unwrap();
    std::fs::create_dir(repository.path().join("dir.x")).unwrap();
    std::fs::write(repository.path().join("dir.x/inner"), "z").unwrap();
    git(repository.path(), &["add", "-A"]);
    git(repository.path(), &["update-index", "--chmod=+x", "dir4/sub/file4"]);
    git(repository.path(), &["commit", "-q", "-m", "A directory where a file was, and a mode"]);
    let opened = Repository::open(repository.path()).unwrap();
    let commits = opened.history(opened.resolve("HEAD").unwrap().id, 100).unwrap();
    let log = git(repository.path(), &["log", "--format=%H"]);
    assert_eq!(commits.iter().map(|commit| commit.id.to_string()).collect::<Vec<_>>(), log.lines().collect::<Vec<_>>());
    let mut compared = 0;
    for old in &commits {
        for new in &commits {
            let expected = git(
                repository.path(),
                &["diff", "--no-renames", "--name-status", &old.id.to_string(), &new.id.to_string()],
            );
            let mut expected: Vec<_> = expected.lines().map(|line| line.replace("T\t", "M\t")).collect();
            let letter = |change| match change {
                PathChange::Added => "A",
                PathChange::Removed => "D",
                PathChange::Changed => "M",
            };
            let found = opened.changed_paths(old.id, new.id).unwrap();
            assert!(found.is_sorted());
            let mut found: Vec<_> =
                found.iter().map(|path| format!("{}\t{}", letter(path.change), path.path)).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected);
            compared += 1;
        }
    }
    assert_eq!(compared, 36);
    assert_eq!(opened.changed_by(commits.last().unwrap()).unwrap().len(), 50);
}
