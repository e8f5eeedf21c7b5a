use std::fs;
use std::path::Path;
use std::time::Duration;

use gitops_core::TreePath;
use gitops_fixtures::{GitBehaviour as Behaviour, GitServer as Server, TestRepository};
use gitops_git::{
    Change, CommitDetails, Credentials, FetchError, FetchOptions, Person, Repository, RepositoryCache, RepositoryWriter,
};

use crate::support::{git, has_git};

/// `me:hunter2`.
const BASIC: &str = "Basic bWU6aHVudGVyMg==";

/// A directory of repositories for a server, with one named `x.git` of four commits, and the writer of it.
fn served() -> (tempfile::TempDir, TestRepository) {
    let mut repository = TestRepository::new().unwrap();
    let first = repository.commit([("app/a.yaml", "a: 1\n"), ("other/b.yaml", "b: 1\n")]).unwrap();
    repository.tag("v1.0.0", first.id).unwrap();
    let second = repository.commit([("app/a.yaml", "a: 2\n")]).unwrap();
    repository.annotated_tag("v1.1.0", second.id).unwrap();
    repository.branch("release/1", second.id).unwrap();
    repository.commit([("app/a.yaml", "a: 3\n")]).unwrap();
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(repository.path().join(".git"), root.path().join("x.git")).unwrap();
    (root, repository)
}

fn read(repository: &Repository, revision: &str) -> String {
    let tree = repository.tree(repository.resolve(revision).unwrap().id).unwrap();
    let blob = tree.read(&TreePath::new("app/a.yaml").unwrap()).unwrap().unwrap();
    String::from_utf8(blob.bytes.to_vec()).unwrap()
}

fn history(repository: &Repository, revision: &str) -> usize {
    repository.history(repository.resolve(revision).unwrap().id, 100).unwrap().len()
}

#[test]
fn everything_is_fetched_over_http_and_then_only_what_is_new() {
    if !has_git() {
        return;
    }
    let (root, mut source) = served();
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(directory.path());
    let fetched = cache.open(&server.url("x.git"), &FetchOptions::new()).unwrap();
    assert_eq!(read(&fetched, ""), "a: 3\n");
    assert_eq!(read(&fetched, "release/1"), "a: 2\n");
    assert_eq!(read(&fetched, "v1.0.*"), "a: 1\n");
    assert_eq!(fetched.resolve("^1").unwrap().ref_name.unwrap(), "refs/tags/v1.1.0");
    assert_eq!(history(&fetched, "main"), 3);
    assert_eq!(server.packs(), 1);
    git(fetched.git_dir(), &["fsck", "--strict"]);

    cache.open(&server.url("x.git"), &FetchOptions::new()).unwrap();
    assert_eq!(server.packs(), 1, "nothing new, no pack");
    let new = source.commit([("app/a.yaml", "a: 4\n")]).unwrap();
    git(source.path(), &["branch", "-D", "release/1"]);
    git(source.path(), &["tag", "-f", "v1.0.0", &new.id.to_string()]);
    git(source.path(), &["symbolic-ref", "HEAD", "refs/heads/main"]);
    let fetched = cache.open(&server.url("x.git"), &FetchOptions::new()).unwrap();
    assert_eq!((read(&fetched, "main"), read(&fetched, "v1.0.0")), ("a: 4\n".into(), "a: 4\n".into()));
    assert!(fetched.resolve("release/1").is_err(), "a branch that the remote dropped");
    let refs = |path: &Path| git(path, &["for-each-ref", "--format=%(objectname) %(refname)"]);
    assert_eq!(refs(fetched.git_dir()), refs(source.path()));
    // The server is gone, the cache still serves.
    let mut offline = FetchOptions::new();
    offline.offline = true;
    assert_eq!(read(&cache.open(&server.url("x.git"), &offline).unwrap(), "main"), "a: 4\n");
    let error = cache.open("https://nowhere.invalid/x", &offline).unwrap_err();
    assert!(matches!(error, FetchError::Offline { .. }), "{error:?}");
}

#[test]
fn one_revision_is_fetched_without_its_history() {
    if !has_git() {
        return;
    }
    let (root, mut source) = served();
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let pinned = source.git().resolve("v1.1.0").unwrap().id;
    for (revision, expected) in [("main", "a: 3\n"), ("1.*", "a: 2\n"), ("", "a: 3\n"), (&pinned.to_string(), "a: 2\n")]
    {
        let directory = tempfile::tempdir().unwrap();
        let cache = RepositoryCache::new(directory.path());
        let options = FetchOptions::new().revision(revision);
        let fetched = cache.open(&server.url("x.git"), &options).unwrap();
        assert_eq!(read(&fetched, revision), expected, "{revision}");
        assert_eq!(history(&fetched, revision), 1, "{revision} comes alone");
        let before = server.packs();
        cache.open(&server.url("x.git"), &options).unwrap();
        assert_eq!(server.packs(), before, "{revision} is there already");
        let short = FetchOptions::new().revision(&pinned.to_string()[..8]);
        assert_eq!(read(&cache.open(&server.url("x.git"), &short).unwrap(), &pinned.to_string()[..8]), "a: 2\n");
        let everything = cache.open(&server.url("x.git"), &FetchOptions::new()).unwrap();
        assert_eq!(history(&everything, "main"), 3, "the history comes when it is asked for");
        git(everything.git_dir(), &["fsck", "--strict"]);
    }
    let directory = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(directory.path());
    let options = FetchOptions::new().revision("main");
    let old = cache.open(&server.url("x.git"), &options).unwrap().resolve("main").unwrap();
    source.commit([("app/a.yaml", "a: 4\n")]).unwrap();
    let fetched = cache.open(&server.url("x.git"), &options).unwrap();
    let new = fetched.resolve("main").unwrap();
    assert_eq!(read(&fetched, "main"), "a: 4\n");
    let changed = fetched.changed_paths(old.id, new.id).unwrap();
    assert_eq!(changed.iter().map(|path| path.path.as_str()).collect::<Vec<_>>(), ["app/a.yaml"]);
}

#[test]
fn servers_that_give_no_single_commits_give_everything() {
    if !has_git() {
        return;
    }
    let (root, mut source) = served();
    let pinned = source.git().resolve("v1.0.0").unwrap().id;
    git(source.path(), &["tag", "-d", "v1.0.0"]);
    let server = Server::start(root.path(), Behaviour { old_protocol: true, ..Default::default() }).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(directory.path());
    let fetched = cache.open(&server.url("x.git"), &FetchOptions::new().revision("main")).unwrap();
    assert_eq!(read(&fetched, "main"), "a: 3\n");
    git(fetched.git_dir(), &["fsck", "--strict"]);
    let fetched = cache.open(&server.url("x.git"), &FetchOptions::new().revision(pinned.to_string())).unwrap();
    assert_eq!(read(&fetched, &pinned.to_string()), "a: 1\n");
    assert_eq!(history(&fetched, "main"), 3);
    source.commit([("app/a.yaml", "a: 4\n")]).unwrap();
    let fetched = cache.open(&server.url("x.git"), &FetchOptions::new().revision("main")).unwrap();
    assert_eq!((read(&fetched, "main").as_str(), history(&fetched, "main")), ("a: 4\n", 4), "a whole history stays so");
}

#[test]
fn other_refs_are_fetched_by_their_full_names() {
    if !has_git() {
        return;
    }
    let (root, source) = served();
    git(source.path(), &["update-ref", "refs/pull/7/head", "v1.0.0"]);
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let options = FetchOptions::new().revision("refs/pull/7/head");
    let fetched = RepositoryCache::new(directory.path()).open(&server.url("x.git"), &options).unwrap();
    assert_eq!(read(&fetched, "refs/pull/7/head"), "a: 1\n");
}

#[test]
fn unknown_revisions_and_repositories_are_clear_errors() {
    if !has_git() {
        return;
    }
    let (root, _source) = served();
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(directory.path());
    let error = cache.open(&server.url("x.git"), &FetchOptions::new().revision("mian")).unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "`mian` names no branch, tag or commit; similar: `main`");
    let absent = FetchOptions::new().revision("00000000000000000000000000000000deadbeef");
    let error = cache.open(&server.url("x.git"), &absent).unwrap_err();
    assert!(matches!(error, FetchError::Revision { .. }), "{error:?}");
    let error = cache.open(&server.url("none.git"), &FetchOptions::new()).unwrap_err();
    assert!(matches!(error, FetchError::NotFound { .. }), "{error:?}");
    let error = cache.open("http://host.invalid/x.git", &FetchOptions::new()).unwrap_err();
    assert!(matches!(error, FetchError::UnknownHost { .. }), "{error:?}");
    let error = cache.open("http://127.0.0.1:1/x.git", &FetchOptions::new()).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error:?}");
    let forbidding =
        Server::start(root.path(), Behaviour { status: Some("403 Forbidden"), ..Default::default() }).unwrap();
    let error = cache.open(&forbidding.url("x.git"), &FetchOptions::new()).unwrap_err();
    assert!(matches!(error, FetchError::Permission { .. }), "{error:?}");
    let broken = Server::start(root.path(), Behaviour { status: Some("200 OK"), ..Default::default() }).unwrap();
    let error = cache.open(&broken.url("x.git"), &FetchOptions::new()).unwrap_err();
    assert!(matches!(error, FetchError::Server { .. }), "{error:?}");
}

#[test]
fn empty_repositories_are_fetched_as_such() {
    if !has_git() {
        return;
    }
    let empty = TestRepository::bare().unwrap();
    let server = Server::start(empty.path().parent().unwrap(), Behaviour::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(directory.path());
    let url = server.url(empty.path().file_name().unwrap().to_str().unwrap());
    let fetched = cache.open(&url, &FetchOptions::new()).unwrap();
    assert_eq!(fetched.resolve("").unwrap_err().to_string(), "the repository has no commits yet");
}

#[test]
fn credentials_are_not_sent_in_clear_text() {
    if !has_git() {
        return;
    }
    let (root, _source) = served();
    let server = Server::start(root.path(), Behaviour { authorization: Some(BASIC), ..Default::default() }).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(directory.path());
    let url = server.url("x.git");
    let error = cache.open(&url, &FetchOptions::new()).unwrap_err();
    assert!(error.to_string().ends_with("the server asks for credentials and none were given"), "{error}");
    let mut options = FetchOptions::new();
    options.credentials = Some(Credentials::new("me", "hunter2"));
    for (url, options) in [(url.clone(), options), (url.replace("http://", "http://me:hunter2@"), FetchOptions::new())]
    {
        let error = cache.open(&url, &options).unwrap_err();
        assert!(matches!(error, FetchError::ClearText { .. }), "{error:?}");
        assert!(!format!("{error:?} {error} {options:?}").contains("hunter2"));
    }
}

#[test]
fn https_is_spoken_and_credentials_are_sent_over_it() {
    if !has_git() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let (certificate, key) = (place.path().join("cert.pem"), place.path().join("key.pem"));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-out"])
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output();
    if !made.is_ok_and(|output| output.status.success()) {
        println!("skipped: no openssl program for a certificate");
        return;
    }
    let (root, _source) = served();
    let behaviour = Behaviour { authorization: Some(BASIC), ..Default::default() };
    let server =
        Server::start_certified(root.path(), behaviour, &fs::read(&certificate).unwrap(), &fs::read(&key).unwrap())
            .unwrap();
    let url = server.url("x.git");
    let with = |user: &str| url.replace("https://", &format!("https://{user}@"));
    let cache = place.path().join("cache");
    // The roots of trust are read once by a process, so each case is one of its own.
    let run = |url: &str, roots: &Path| {
        let output = child_command(url, &cache, &[]).env("SSL_CERT_FILE", roots).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let stranger = run(&with("me:hunter2"), Path::new("/dev/null"));
    assert!(!stranger.contains("fetched") && !stranger.contains("hunter2"), "{stranger}");
    let nobody = run(&url, &certificate);
    assert!(nobody.contains("Authentication") && nobody.contains("none were given"), "{nobody}");
    let wrong = run(&with("me:wr0ng"), &certificate);
    assert!(wrong.contains("refused the credentials") && !wrong.contains("wr0ng"), "{wrong}");
    let right = run(&with("me:hunter2"), &certificate);
    assert!(right.contains("fetched a: 3"), "{right}");
    for file in walk(&cache) {
        assert!(!String::from_utf8_lossy(&fs::read(&file).unwrap()).contains("hunter2"), "{}", file.display());
    }
}

#[test]
fn limits_end_a_fetch_and_leave_the_cache_whole() {
    if !has_git() {
        return;
    }
    let (root, mut source) = served();
    let noise: String = (0..200_000u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    source.commit([("big", noise.as_str())]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(directory.path());
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let mut small = FetchOptions::new();
    small.max_bytes = 100_000;
    let error = cache.open(&server.url("x.git"), &small).unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
    let stalling = Server::start(root.path(), Behaviour { stall_after: Some(500_000), ..Default::default() }).unwrap();
    let mut short = FetchOptions::new();
    short.deadline = Duration::from_millis(300);
    let error = cache.open(&stalling.url("x.git"), &short).unwrap_err();
    assert!(matches!(error, FetchError::Deadline { .. }), "{error:?}");
    let fetched = cache.open(&server.url("x.git"), &FetchOptions::new()).unwrap();
    assert_eq!(history(&fetched, "main"), 4);
}

#[test]
fn ssh_runs_the_users_program_and_nothing_else() {
    if !has_git() {
        return;
    }
    let (root, _source) = served();
    let place = tempfile::tempdir().unwrap();
    let (program, log) = (place.path().join("fake-ssh"), place.path().join("log"));
    // Passes over the options, takes the host, and runs what is asked of it here.
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> '{}'\nwhile [ \"${{1#-}}\" != \"$1\" ]; do case \"$1\" in -o) shift;; esac; shift; done\nshift\nexec sh -c \"$*\"\n",
        log.display()
    );
    fs::write(&program, script).unwrap();
    git(place.path(), &["init", "-q"]);
    std::process::Command::new("chmod").arg("+x").arg(&program).status().unwrap();
    let mut options = FetchOptions::new();
    options.ssh_command = Some(program.display().to_string());
    let path = root.path().join("x.git").display().to_string();
    let cache = RepositoryCache::new(place.path().join("cache"));
    for (url, shown) in [
        (format!("ssh://me@host.invalid:2222{path}"), format!("-p2222 me@host.invalid git-upload-pack '{path}'")),
        (format!("me@host.invalid:{path}"), format!("me@host.invalid git-upload-pack '{path}'")),
    ] {
        let fetched = cache.open(&url, &options).unwrap();
        assert_eq!(read(&fetched, "main"), "a: 3\n");
        let log = fs::read_to_string(&log).unwrap();
        assert!(log.lines().all(|line| line.contains("git-upload-pack")), "{log}");
        assert!(log.contains(&shown), "{log}");
    }
    let mut shallow = options.clone().revision("main");
    let fetched = RepositoryCache::new(place.path().join("other")).open(&format!("me@h:{path}"), &shallow).unwrap();
    assert_eq!(history(&fetched, "main"), 1);
    shallow.ssh_command = Some("/nowhere/ssh".into());
    let error = cache.open("me@host.invalid:x", &shallow).unwrap_err();
    assert!(matches!(error, FetchError::Server { .. } | FetchError::NotFound { .. }), "{error:?}");
}

#[test]
fn two_processes_and_many_threads_share_a_cache() {
    if !has_git() {
        return;
    }
    let (root, mut source) = served();
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let url = server.url("x.git");
    for round in 0..3 {
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let cache = RepositoryCache::new(directory.path());
                    assert!(history(&cache.open(&url, &FetchOptions::new()).unwrap(), "main") >= 3 + round);
                });
            }
            scope.spawn(|| {
                let child = child(&url, directory.path(), &[]);
                assert!(child.contains("fetched a: "), "{child}");
            });
        });
        source.commit([("app/a.yaml", format!("a: {}\n", 10 + round).as_str())]).unwrap();
    }
}

#[test]
fn a_fetch_that_is_killed_leaves_no_partial_state() {
    if !has_git() {
        return;
    }
    let (root, mut source) = served();
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let url = server.url("x.git");
    let cache = RepositoryCache::new(directory.path());
    for round in 0..12u64 {
        let text: String =
            (0..20_000u64).map(|n| format!("{:x}", (n + round).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        source.commit([("big", text.as_str()), ("app/a.yaml", format!("a: {round}\n").as_str())]).unwrap();
        let mut process =
            child_command(&url, directory.path(), &[]).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(4 + round * 6));
        process.kill().unwrap();
        process.wait().unwrap();
        if let Some(place) = walk(directory.path()).iter().find(|file| file.ends_with("packed-refs")) {
            git(place.parent().unwrap(), &["fsck", "--connectivity-only"]);
        }
    }
    // What a dead process may leave: locks of refs, and half a pack.
    let fetched = cache.open(&url, &FetchOptions::new()).unwrap();
    for leftover in ["packed-refs.lock", "HEAD.lock", "objects/pack/.tmpabc", "refs/heads/main.lock"] {
        fs::create_dir_all(fetched.git_dir().join(leftover).parent().unwrap()).unwrap();
        fs::write(fetched.git_dir().join(leftover), "half").unwrap();
    }
    source.commit([("app/a.yaml", "a: last\n")]).unwrap();
    let fetched = cache.open(&url, &FetchOptions::new()).unwrap();
    assert_eq!(read(&fetched, "main"), "a: last\n");
    git(fetched.git_dir(), &["fsck", "--strict"]);
    assert!(walk(fetched.git_dir()).iter().all(|file| !file.to_string_lossy().contains("tmpabc")));
}

#[test]
fn opening_reading_fetching_and_writing_start_no_program() {
    if !has_git() {
        return;
    }
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: no strace program");
        return;
    }
    let (root, source) = served();
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    for url in [server.url("x.git"), source.url(), source.path().display().to_string()] {
        let directory = tempfile::tempdir().unwrap();
        let trace = directory.path().join("trace");
        let trace_text = trace.display().to_string();
        let strace = ["strace", "-f", "-o", &trace_text, "-e", "trace=execve,execveat"];
        let output = child(&url, &directory.path().join("cache"), &strace);
        if output.contains("ptrace") {
            println!("skipped: this machine forbids tracing");
            return;
        }
        assert!(output.contains("fetched a: 3"), "{output}");
        let trace = fs::read_to_string(&trace).unwrap();
        let started: Vec<_> = trace.lines().filter(|line| line.contains("exec")).collect();
        assert_eq!(started.len(), 1, "{url}: only the traced process itself\n{trace}");
    }
}

#[test]
fn the_environment_of_a_git_hook_changes_nothing() {
    if !has_git() {
        return;
    }
    let (root, source) = served();
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let other = TestRepository::new().unwrap();
    for url in [source.path().display().to_string(), server.url("x.git")] {
        let cache = tempfile::tempdir().unwrap();
        let mut command = child_command(&url, cache.path(), &[]);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_CONFIG_GLOBAL", "HOME"]
        {
            command.env(name, other.path().join(".git"));
        }
        command.env("GIT_NAMESPACE", "other").env("GIT_CONFIG_COUNT", "broken");
        let output = command.output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("fetched a: 3"), "{output:?}");
    }
}

#[test]
fn a_branch_may_become_a_directory_of_branches() {
    if !has_git() {
        return;
    }
    let (root, source) = served();
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(directory.path());
    let url = server.url("x.git");
    for (old, new) in [("release/1", "release"), ("release", "release/2/x"), ("release/2/x", "release/2")] {
        git(source.path(), &["branch", "-m", old, "moving"]);
        git(source.path(), &["branch", "-m", "moving", new]);
        for options in [FetchOptions::new().revision(new), FetchOptions::new()] {
            assert_eq!(read(&cache.open(&url, &options).unwrap(), new), "a: 2\n");
        }
    }
    let commit = source.git().resolve("v1.0.0").unwrap().id.to_string();
    git(source.path(), &["checkout", "-q", &commit]);
    for options in [FetchOptions::new().revision("HEAD"), FetchOptions::new()] {
        let fetched = cache.open(&url, &options).unwrap();
        assert_eq!(fetched.resolve("HEAD").unwrap().id.to_string(), commit, "a detached HEAD is followed");
    }
}

#[test]
fn a_cache_of_too_many_packs_is_fetched_anew_under_its_readers() {
    if !has_git() {
        return;
    }
    let (root, mut source) = served();
    let server = Server::start(root.path(), Behaviour::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(directory.path());
    let reader = cache.open(&server.url("x.git"), &FetchOptions::new()).unwrap();
    let commit = reader.resolve("main").unwrap();
    let tree = reader.tree(commit.id).unwrap();
    source.commit([("app/a.yaml", "a: 4\n")]).unwrap();
    let packs = reader.git_dir().join("objects/pack");
    let pack = walk(&packs).into_iter().find(|file| file.extension().is_some_and(|name| name == "pack")).unwrap();
    for n in 0..60 {
        for extension in ["pack", "idx"] {
            let copy = packs.join(format!("pack-{n:040x}.{extension}"));
            fs::copy(pack.with_extension(extension), copy).unwrap();
        }
    }
    let fetched = cache.open(&server.url("x.git"), &FetchOptions::new()).unwrap();
    assert_eq!(read(&fetched, "main"), "a: 4\n");
    assert_eq!(walk(&packs).iter().filter(|file| file.extension().is_some_and(|name| name == "pack")).count(), 1);
    assert_eq!(tree.read(&TreePath::new("app/a.yaml").unwrap()).unwrap().unwrap().bytes, "a: 3\n");
    assert_eq!(history(&reader, "main"), 4);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "the repository and its lock");
}

/// Not a test of its own: the tests above start this binary again to run it in another process.
#[test]
fn in_another_process() {
    let (Ok(url), Ok(cache)) = (std::env::var("FETCH_URL"), std::env::var("FETCH_CACHE")) else { return };
    let fetched = RepositoryCache::new(cache).open(&url, &FetchOptions::new()).unwrap();
    let head = fetched.resolve("HEAD").unwrap();
    fetched.history(head.id, 10).unwrap();
    fetched.changed_by(&head).unwrap();
    let written = tempfile::tempdir().unwrap();
    let writer = RepositoryWriter::init(written.path(), "main").unwrap();
    let who = Person::new("A", "a@example.com");
    let change = Change::write(TreePath::new("a/b").unwrap(), "1");
    let commit = writer.commit(&[change], &CommitDetails::new(who.clone(), head.time, "One")).unwrap();
    writer.revert(commit.id, "main", &CommitDetails::reverting(&commit, who, head.time)).unwrap();
    println!("fetched {}", read(&fetched, "main"));
}

fn child_command(url: &str, cache: &Path, wrapper: &[&str]) -> std::process::Command {
    let this = std::env::current_exe().unwrap();
    let arguments = ["--exact", "fetch::in_another_process", "--nocapture"];
    let mut command = match wrapper {
        [] => std::process::Command::new(this),
        [program, rest @ ..] => {
            let mut command = std::process::Command::new(program);
            command.args(rest).arg(this);
            command
        }
    };
    command.args(arguments).env("FETCH_URL", url).env("FETCH_CACHE", cache);
    command
}

fn child(url: &str, cache: &Path, wrapper: &[&str]) -> String {
    let output = child_command(url, cache, wrapper).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn walk(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(walk(&entry.path())),
            false => files.push(entry.path()),
        }
    }
    files
}
