use std::fs;

use gitops_fixtures::TestRepository;
use gitops_git::{OpenError, Repository};

use crate::support::{git, has_git, real_repository};

#[test]
fn work_trees_bare_repositories_and_subdirectories_are_told_apart() {
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("apps/web/a.yaml", "a: 1\n")]).unwrap();
    let below = repository.path().join("apps/web");
    let error = Repository::open(&below).unwrap_err().to_string();
    assert!(error.contains("is not a Git repository, but lies in the one at"), "{error}");
    let found = Repository::discover(&below).unwrap();
    assert_eq!(found.work_tree().unwrap().canonicalize().unwrap(), repository.path().canonicalize().unwrap());
    assert!(Repository::open(repository.path().join(".git")).is_ok());
    let bare = TestRepository::bare().unwrap();
    assert_eq!(Repository::open(bare.path()).unwrap().work_tree(), None);
    let error = Repository::open(bare.path()).unwrap().resolve("HEAD").unwrap_err();
    assert_eq!(error.to_string(), "the repository has no commits yet");
}

#[test]
fn linked_work_trees_and_submodule_style_git_files_open() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    git(main.path(), &["worktree", "add", "-q", "-b", "side", "linked"]);
    let linked = Repository::open(main.path().join("linked")).unwrap();
    assert_eq!(linked.resolve("HEAD").unwrap().ref_name.unwrap(), "refs/heads/side");
    assert_eq!(linked.resolve("main").unwrap().title(), "First");
}

#[test]
fn alternates_and_packed_refs_are_read() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    git(main.path(), &["tag", "v1.0.0"]);
    git(main.path(), &["pack-refs", "--all"]);
    git(main.path(), &["gc", "-q"]);
    assert_eq!(Repository::open(main.path()).unwrap().resolve("v1.*").unwrap().title(), "First");
    let place = tempfile::tempdir().unwrap();
    let source = main.path().display().to_string();
    git(place.path(), &["clone", "-q", "--shared", "--bare", &source, "shared.git"]);
    let shared = Repository::open(place.path().join("shared.git")).unwrap();
    let commit = shared.resolve("v1.0.0").unwrap();
    assert!(shared.tree(commit.id).unwrap().list(&Default::default()).unwrap().is_some());
}

#[test]
fn partial_clones_are_refused() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    git(main.path(), &["config", "uploadpack.allowFilter", "true"]);
    let place = tempfile::tempdir().unwrap();
    let source = format!("file://{}", main.path().display());
    git(place.path(), &["clone", "-q", "--filter=blob:none", "--bare", &source, "partial.git"]);
    let error = Repository::open(place.path().join("partial.git")).unwrap_err();
    assert!(matches!(error, OpenError::PartialClone { .. }), "{error:?}");
}

#[test]
fn shallow_clones_are_read_to_their_boundary() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    git(main.path(), &["commit", "-q", "--allow-empty", "-m", "Second"]);
    let place = tempfile::tempdir().unwrap();
    let source = format!("file://{}", main.path().display());
    git(place.path(), &["clone", "-q", "--depth=1", &source, "shallow"]);
    let shallow = Repository::open(place.path().join("shallow")).unwrap();
    let head = shallow.resolve("").unwrap();
    let titles: Vec<_> = shallow.history(head.id, 10).unwrap().iter().map(|commit| commit.title().to_owned()).collect();
    assert_eq!(titles, ["Second"]);
}

#[test]
fn sha256_repositories_are_refused() {
    if !has_git() {
        return;
    }
    let main = real_repository(&["--object-format=sha256"]);
    let error = Repository::open(main.path()).unwrap_err();
    assert!(matches!(error, OpenError::ObjectFormat { .. }), "{error:?}");
}

#[test]
fn broken_repositories_and_files_are_clear_errors() {
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("a", "1")]).unwrap();
    let error = Repository::open(repository.path().join("a")).unwrap_err();
    assert!(error.to_string().contains("is not a Git repository"), "{error}");
    fs::write(repository.path().join(".git/config"), "[core\nbroken").unwrap();
    let error = Repository::open(repository.path()).unwrap_err();
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error:?}");
}

#[test]
fn missing_objects_are_clear_errors() {
    let mut repository = TestRepository::new().unwrap();
    let commit = repository.commit([("a", "1")]).unwrap();
    let objects = repository.path().join(".git/objects");
    for entry in fs::read_dir(&objects).unwrap().flatten() {
        if entry.file_name().len() == 2 && !commit.id.to_string().starts_with(entry.file_name().to_str().unwrap()) {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    let opened = Repository::open(repository.path()).unwrap();
    let tree = opened.tree(opened.resolve("main").unwrap().id).unwrap();
    let error = tree.list(&Default::default()).unwrap_err();
    assert_eq!(error.to_string(), ".: the object cannot be read");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("not"), "{error:?}");
}

#[cfg(unix)]
#[test]
fn unreadable_directories_say_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let repository = TestRepository::new().unwrap();
    let closed = repository.path().join(".git");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&closed).is_ok() {
        println!("skipped: this user reads everything");
    } else {
        let error = Repository::open(repository.path()).unwrap_err();
        assert!(matches!(error, OpenError::Permission { .. }), "{error:?}");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn other_ref_storage_is_refused() {
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("a", "1")]).unwrap();
    let config = repository.path().join(".git/config");
    let text =
        fs::read_to_string(&config).unwrap().replace("repositoryformatversion = 0", "repositoryformatversion = 1");
    fs::write(&config, text + "[extensions]\n\trefStorage = reftable\n").unwrap();
    let error = Repository::open(repository.path()).unwrap_err();
    assert!(matches!(error, OpenError::RefStorage { .. }), "{error:?}");
}
