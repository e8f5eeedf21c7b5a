use gitops_fixtures::TestRepository;
use gitops_git::{Repository, ResolveError};

use crate::support::{git, has_git, real_repository};

fn history() -> TestRepository {
    let mut repository = TestRepository::new().unwrap();
    let first = repository.commit([("a", "1")]).unwrap();
    repository.tag("v1.0.0", first.id).unwrap();
    let second = repository.commit([("a", "2")]).unwrap();
    repository.annotated_tag("v1.2.0", second.id).unwrap();
    repository.branch("release/1.2", second.id).unwrap();
    let third = repository.commit([("a", "3")]).unwrap();
    repository.tag("v2.0.0-rc.1", third.id).unwrap();
    repository.branch("v1.0.0-branch", first.id).unwrap();
    repository
}

#[test]
fn every_kind_of_revision_leads_to_its_commit() {
    let repository = history();
    let title = |revision: &str| repository.git().resolve(revision).unwrap().title().to_owned();
    let cases = [
        ("", "Commit 4"),
        ("HEAD", "Commit 4"),
        ("main", "Commit 4"),
        ("refs/heads/release/1.2", "Commit 2"),
        ("release/1.2", "Commit 2"),
        ("v1.2.0", "Commit 2"),
        ("refs/tags/v1.0.0", "Commit 1"),
        ("1.*", "Commit 2"),
        (">=1.0 <1.1", "Commit 1"),
        ("^1 || ^2", "Commit 2"),
        (">=1.0.0-0", "Commit 4"),
        ("*", "Commit 2"),
    ];
    for (revision, expected) in cases {
        assert_eq!(title(revision), expected, "{revision}");
    }
    let id = repository.git().resolve("main").unwrap().id.to_string();
    assert_eq!(title(&id), "Commit 4");
    assert_eq!(title(&id.to_uppercase()), "Commit 4");
    assert_eq!(title(&id[..7]), "Commit 4");
    assert_eq!(repository.git().resolve(&id).unwrap().ref_name, None);
    assert_eq!(repository.git().resolve("1.*").unwrap().ref_name.unwrap(), "refs/tags/v1.2.0");
    assert_eq!(repository.git().resolve("HEAD").unwrap().ref_name.unwrap(), "refs/heads/main");
}

#[test]
fn unknown_revisions_name_what_is_near() {
    let repository = history();
    let error = |revision: &str| repository.git().resolve(revision).unwrap_err().to_string();
    assert_eq!(error("mian"), "`mian` names no branch, tag or commit; similar: `main`");
    assert_eq!(error("1.2"), "`1.2` names no branch, tag or commit; similar: `v1.2.0`, `release/1.2`");
    assert_eq!(error("^7"), "`^7` names no branch, tag or commit; tags: `v2.0.0-rc.1`, `v1.2.0`, `v1.0.0`");
    let other = error("something-else");
    assert!(other.contains("; branches: `main`, `release/1.2`"), "{other}");
    assert!(error("deadbeef").starts_with("`deadbeef` names no branch, tag or commit"));
    let missing = error("00000000000000000000000000000000deadbeef");
    assert_eq!(missing, "the repository has no commit `00000000000000000000000000000000deadbeef`");
    for odd in ["a..b", "HEAD~1", "main@{0}", "-x", "a\0b", "..", "refs/heads/", "a b", &"x".repeat(100_000)] {
        assert!(matches!(repository.git().resolve(odd), Err(ResolveError::Unknown { .. })), "{odd:.20}");
    }
}

#[test]
fn what_is_no_commit_is_named() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    git(main.path(), &["tag", "tree", "HEAD^{tree}"]);
    git(main.path(), &["tag", "-a", "-m", "inner", "inner"]);
    git(main.path(), &["tag", "-a", "-m", "outer", "outer", "inner"]);
    let repository = Repository::open(main.path()).unwrap();
    let error = repository.resolve("tree").unwrap_err();
    assert_eq!(error.to_string(), "`refs/tags/tree` names a tree, not a commit");
    assert_eq!(repository.resolve("outer").unwrap().title(), "First");
    let blob = git(main.path(), &["rev-parse", "HEAD:a.yaml"]);
    let error = repository.resolve(blob.trim()).unwrap_err();
    assert!(matches!(error, ResolveError::NotACommit { .. }), "{error:?}");
}

#[test]
fn real_git_names_the_same_commits() {
    if !has_git() {
        return;
    }
    let repository = history();
    for revision in ["HEAD", "main", "release/1.2", "v1.0.0", "v1.2.0", "refs/tags/v2.0.0-rc.1"] {
        let expected = git(repository.path(), &["rev-parse", &format!("{revision}^{{commit}}")]);
        assert_eq!(repository.git().resolve(revision).unwrap().id.to_string(), expected.trim(), "{revision}");
    }
}

#[test]
fn clones_find_the_branches_of_their_remote() {
    if !has_git() {
        return;
    }
    let repository = history();
    let place = tempfile::tempdir().unwrap();
    git(place.path(), &["clone", "-q", &repository.path().display().to_string(), "clone"]);
    let clone = Repository::open(place.path().join("clone")).unwrap();
    assert_eq!(clone.resolve("release/1.2").unwrap().ref_name.unwrap(), "refs/remotes/origin/release/1.2");
}

#[test]
fn commit_data_is_that_of_the_real_git() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    let message = "Title of it\n\nBody, with ünïcode.\n\nSigned-off-by: x";
    let author = "--author=Zoë <zoe@example.com>";
    git(main.path(), &["commit", "-q", "--allow-empty", "--date=2020-02-02T02:02:02+0200", author, "-m", message]);
    let commit = Repository::open(main.path()).unwrap().resolve("HEAD").unwrap();
    assert_eq!(commit.author.to_string(), "Zoë <zoe@example.com>");
    assert_eq!(commit.author_time.to_string(), "2020-02-02T00:02:02Z");
    assert_eq!(commit.committer.name, "Git");
    assert_eq!(commit.message, message);
    assert_eq!(commit.signature, None);
    assert_eq!(commit.parents.len(), 1);
}

#[test]
fn signatures_and_what_they_sign_are_given_out() {
    if !has_git() {
        return;
    }
    let main = real_repository(&[]);
    let key = main.path().join("key");
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no ssh-keygen program");
        return;
    }
    let signing = format!("user.signingKey={}", key.display());
    let commit = ["-c", "gpg.format=ssh", "-c", &signing, "commit", "-q", "--allow-empty", "-S", "-m", "Signed"];
    git(main.path(), &commit);
    let repository = Repository::open(main.path()).unwrap();
    let commit = repository.resolve("HEAD").unwrap();
    assert!(commit.signature.as_deref().unwrap().starts_with("-----BEGIN SSH SIGNATURE-----"));
    let signed = repository.signed_commit(commit.id).unwrap().unwrap();
    let object = git(main.path(), &["cat-file", "commit", "HEAD"]);
    let payload = String::from_utf8(signed.payload).unwrap();
    assert!(payload.ends_with("\n\nSigned\n") && !payload.contains("gpgsig"), "{payload}");
    assert!(object.lines().filter(|line| !payload.contains(line)).all(|line| line.starts_with([' ', 'g'])));
    let first = repository.resolve("HEAD").unwrap().parents[0];
    assert_eq!(repository.signed_commit(first).unwrap(), None);
}
