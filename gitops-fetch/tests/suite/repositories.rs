use gitops_core::need::{Pinned, RepositoryNeed};
use gitops_core::{Answer, Need, TreePath};
use gitops_fetch::{Fetcher, LockFile, LockMode, ProvideError, Session};
use gitops_fixtures::TestRepository;

fn need(repository: &TestRepository, revision: &str) -> Need {
    let mut need = RepositoryNeed::new(repository.url());
    need.revision = revision.into();
    Need::Repository(need)
}

fn content(session: &Session<'_>, need: &Need) -> String {
    let Some(Answer::Tree { tree, .. }) = session.provided().get(need) else { panic!("{need} is not there") };
    let blob = tree.read(&TreePath::new("a.yaml").unwrap()).unwrap().unwrap();
    String::from_utf8_lossy(&blob.bytes).into_owned()
}

#[test]
fn what_is_locked_stays_when_a_branch_moves() {
    let place = tempfile::tempdir().unwrap();
    let mut bases = TestRepository::new().unwrap();
    let first = bases.commit([("a.yaml", "a: 1\n")]).unwrap();
    bases.tag("v1", first.id).unwrap();
    let fetcher = Fetcher::new(place.path());
    let (main, tag) = (need(&bases, "main"), need(&bases, "v1"));
    let mut session = Session::new(&fetcher, LockFile::default());
    session.provide(&[main.clone(), tag.clone()]).unwrap();
    let lock = session.lock().clone();
    assert_eq!(lock.pin(&main), Some(first.id.to_string().as_str()));

    let second = bases.commit([("a.yaml", "a: 2\n")]).unwrap();
    let mut locked = Session::new(&fetcher, lock.clone()).with_mode(LockMode::Locked);
    locked.provide(&[main.clone(), tag.clone()]).unwrap();
    assert_eq!((content(&locked, &main), content(&locked, &tag)), ("a: 1\n".into(), "a: 1\n".into()));
    let mut fresh = Session::new(&fetcher, LockFile::default());
    fresh.provide(std::slice::from_ref(&main)).unwrap();
    assert_eq!(content(&fresh, &main), "a: 2\n");

    let pinned = |commit: &gitops_git::Commit| vec![Pinned { need: main.clone(), pin: commit.id.to_string() }];
    assert!(fresh.still(&pinned(&second)) && !fresh.still(&pinned(&first)));
    let other = need(&bases, "other");
    assert!(matches!(locked.provide(std::slice::from_ref(&other)), Err(ProvideError::NotLocked { .. })));
    let error = fresh.provide(&[other]).unwrap_err();
    assert!(matches!(error, ProvideError::Revision { .. }), "{error}");
}

#[test]
fn several_are_got_at_once() {
    let place = tempfile::tempdir().unwrap();
    let repositories: Vec<TestRepository> = (0..12)
        .map(|number| {
            let mut repository = TestRepository::new().unwrap();
            repository.commit([("a.yaml", format!("a: {number}\n").as_str())]).unwrap();
            repository
        })
        .collect();
    let needs: Vec<Need> = repositories.iter().map(|repository| need(repository, "")).collect();
    let fetcher = Fetcher::new(place.path());
    let mut session = Session::new(&fetcher, LockFile::default());
    session.provide(&needs).unwrap();
    for (number, need) in needs.iter().enumerate() {
        assert_eq!(content(&session, need), format!("a: {number}\n"));
    }
}

#[test]
fn submodules_are_part_of_their_repository() {
    if !std::process::Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: no git program");
        return;
    }
    let (place, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut inner = TestRepository::new().unwrap();
    inner.commit([("a.yaml", "a: inner\n")]).unwrap();
    let mut outer = TestRepository::new().unwrap();
    outer.commit([("b.yaml", "b: 1\n")]).unwrap();
    let outer_path = outer.path().to_str().unwrap().to_owned();
    let git = |directory: &std::path::Path, arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "protocol.file.allow=always", "-c", "user.name=a", "-c", "user.email=a@b"]);
        assert!(command.current_dir(directory).args(arguments).status().unwrap().success(), "{arguments:?}");
    };
    git(work.path(), &["clone", "-q", &outer_path, "clone"]);
    let clone = work.path().join("clone");
    git(&clone, &["submodule", "--quiet", "add", &inner.url(), "lib/inner"]);
    git(&clone, &["commit", "-q", "-m", "Add"]);
    let mut wanted = RepositoryNeed::new(format!("file://{}", clone.display()));
    wanted.submodules = true;
    let (with, mut without) = (Need::Repository(wanted.clone()), wanted.clone());
    without.submodules = false;
    let without = Need::Repository(without);
    inner.commit([("a.yaml", "a: later\n")]).unwrap();
    let fetcher = Fetcher::new(place.path());
    let mut session = Session::new(&fetcher, LockFile::default());
    session.provide(&[with.clone(), without.clone()]).unwrap();
    let read = |need: &Need| {
        let Some(Answer::Tree { tree, .. }) = session.provided().get(need) else { panic!("{need} is not there") };
        tree.read(&TreePath::new("lib/inner/a.yaml").unwrap()).unwrap().map(|blob| blob.bytes)
    };
    assert_eq!(read(&with).unwrap(), "a: inner\n");
    assert_eq!(read(&without), None);
    let inner_url = inner.url();
    let refuse = move |need: &Need| match need {
        Need::Repository(need) if need.address == inner_url => Err("it is foreign".to_owned()),
        _ => Ok(()),
    };
    let error = Session::new(&fetcher, LockFile::default()).allowing(refuse).provide(&[with]).unwrap_err();
    assert!(error.to_string().ends_with("may not be used: it is foreign"), "{error}");
}

#[test]
fn a_path_of_the_process_is_no_address() {
    let place = tempfile::tempdir().unwrap();
    let fetcher = Fetcher::new(place.path());
    for address in ["git@host.example/org/repo", "/srv/repo", "."] {
        let need = Need::Repository(RepositoryNeed::new(address));
        let error = Session::new(&fetcher, LockFile::default()).provide(&[need]).unwrap_err();
        assert!(matches!(error, ProvideError::Unknown { .. }), "{error}");
    }
}
