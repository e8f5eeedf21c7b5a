//! Who may see what: callers by address, and what the cache shows to each of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use gitops_core::TreePath;
use gitops_fixtures::{GitBehaviour, GitServer, TEST_AUTHORITY, TestRepository};
use gitops_git::{
    Access, AccessError, Caller, Credentials, FetchError, FetchOptions, Repository, RepositoryCache, SshOptions, Tokens,
};

use crate::support::has_git;

/// The same caller for every address.
struct Always(Caller);

impl Access for Always {
    fn caller(&self, _: &str) -> Result<Caller, AccessError> {
        Ok(self.0.clone())
    }
}

fn options(mut caller: Caller) -> FetchOptions {
    caller.tls.authorities = TEST_AUTHORITY.to_vec();
    caller.missing = Some("nobody gave any".into());
    let mut options = FetchOptions::new();
    options.access = Some(Arc::new(Always(caller)));
    options
}

fn served() -> (tempfile::TempDir, TestRepository) {
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("app/a.yaml", "a: 1\n")]).unwrap();
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(repository.path().join(".git"), root.path().join("x.git")).unwrap();
    (root, repository)
}

fn private(root: &Path, authorization: &'static str) -> GitServer {
    let behaviour = GitBehaviour { authorization: Some(authorization), ..GitBehaviour::default() };
    GitServer::start_encrypted(root, behaviour).unwrap()
}

/// A server that asks `me` for `hunter2`, and a cache of what it has.
struct Guarded {
    _served: (tempfile::TempDir, TestRepository),
    server: GitServer,
    url: String,
    place: tempfile::TempDir,
    cache: RepositoryCache,
}

impl Guarded {
    fn new() -> Self {
        let served = served();
        let server = private(served.0.path(), "Basic bWU6aHVudGVyMg==");
        let (url, place) = (server.url("x.git"), tempfile::tempdir().unwrap());
        let cache = RepositoryCache::new(place.path());
        Self { _served: served, server, url, place, cache }
    }
}

/// A caller with the right password.
fn known(name: &str) -> Caller {
    Caller::named(name).with_credentials(Credentials::new("me", "hunter2"))
}

fn read(repository: &Repository) -> String {
    let tree = repository.tree(repository.resolve("main").unwrap().id).unwrap();
    let blob = tree.read(&TreePath::new("app/a.yaml").unwrap()).unwrap().unwrap();
    String::from_utf8(blob.bytes.to_vec()).unwrap()
}

#[test]
fn what_somebody_s_credentials_got_is_shown_to_nobody_else() {
    if !has_git() {
        return;
    }
    let guarded = Guarded::new();
    let (url, cache) = (&guarded.url, &guarded.cache);
    let before = Instant::now();
    let right = options(known("team-a"));
    assert_eq!(read(&cache.open(url, &right).unwrap()), "a: 1\n");

    for other in [
        Caller::anybody(),
        Caller::named("team-b"),
        Caller::named("team-b").with_credentials(Credentials::new("me", "wr0ng")),
    ] {
        let mut other = options(other);
        // Neither an answer that the server gave before, nor what was fetched, nor a commit that is known by name.
        other.since = Some(before);
        let error = cache.open(url, &other).unwrap_err();
        assert!(matches!(error, FetchError::Authentication { .. }), "{error:?}");
        other.offline = true;
        let opened = cache.open(url, &other);
        assert!(opened.is_err() || opened.is_ok_and(|opened| opened.resolve("main").is_err()));
    }
    let error = cache.open(url, &options(Caller::anybody())).unwrap_err().to_string();
    assert!(error.ends_with("the server asks for credentials and none were given: nobody gave any"), "{error}");
    let stranger = url.replace("https://", "https://me:wr0ng@");
    assert!(cache.open(&stranger, &options(Caller::named("team-a"))).is_err());
    let in_url = url.replace("https://", "https://me:hunter2@");
    assert_eq!(read(&cache.open(&in_url, &options(Caller::anybody())).unwrap()), "a: 1\n");
}

#[test]
fn tokens_are_made_when_a_server_is_asked() {
    if !has_git() {
        return;
    }
    struct Made;
    impl Tokens for Made {
        fn name(&self) -> String {
            "made".into()
        }
        fn token(&self) -> Result<String, AccessError> {
            Ok("t0ken".into())
        }
    }
    let (root, _source) = served();
    let place = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(place.path());
    let basic = private(root.path(), "Basic eC1hY2Nlc3MtdG9rZW46dDBrZW4=");
    let made = Caller::named("app").with_credentials(Credentials::made("x-access-token", Arc::new(Made)));
    assert_eq!(read(&cache.open(&basic.url("x.git"), &options(made)).unwrap()), "a: 1\n");
    let bearer = private(root.path(), "Bearer t0ken");
    let caller = Caller::named("token").with_credentials(Credentials::bearer("t0ken"));
    assert_eq!(read(&cache.open(&bearer.url("x.git"), &options(caller.clone())).unwrap()), "a: 1\n");
    let in_clear = bearer.url("x.git").replace("https://", "http://");
    let error = cache.open(&in_clear, &options(caller)).unwrap_err();
    assert!(matches!(error, FetchError::ClearText { .. }), "{error:?}");
}

#[test]
fn credentials_go_over_unencrypted_connections_where_that_is_said() {
    if !has_git() {
        return;
    }
    let (root, _source) = served();
    let behaviour = GitBehaviour { authorization: Some("Basic bWU6aHVudGVyMg=="), ..GitBehaviour::default() };
    let server = GitServer::start(root.path(), behaviour).unwrap();
    let place = tempfile::tempdir().unwrap();
    let cache = RepositoryCache::new(place.path());
    let mut caller = Caller::named("me").with_credentials(Credentials::new("me", "hunter2"));
    let refused = cache.open(&server.url("x.git"), &options(caller.clone())).unwrap_err();
    assert!(matches!(refused, FetchError::ClearText { .. }), "{refused:?}");
    caller.clear_text = true;
    assert_eq!(read(&cache.open(&server.url("x.git"), &options(caller)).unwrap()), "a: 1\n");
}

#[test]
fn a_key_is_shown_to_hosts_and_then_gone() {
    if !has_git() {
        return;
    }
    let (root, _source) = served();
    let place = tempfile::tempdir().unwrap();
    let (program, shown) = (place.path().join("fake-ssh"), place.path().join("shown"));
    let script = format!(
        "#!/bin/sh\nwhile [ \"${{1#-}}\" != \"$1\" ]; do case \"$1\" in -i) cat \"$2\" > '{0}'; echo \"$2\" > '{0}.name'; shift;; -o|-F|-E) shift;; esac; shift; done\nshift\nexec sh -c \"$*\"\n",
        shown.display()
    );
    fs::write(&program, script).unwrap();
    std::process::Command::new("chmod").arg("+x").arg(&program).status().unwrap();
    let mut ssh = SshOptions::default();
    ssh.key = Some("the key".into());
    let mut caller = Caller::named("deploy");
    caller.ssh = Some(ssh);
    let mut options = options(caller);
    options.ssh_command = Some(program.display().to_string());
    let cache = RepositoryCache::new(place.path().join("cache"));
    let url = format!("git@host.invalid:{}", root.path().join("x.git").display());
    assert_eq!(read(&cache.open(&url, &options).unwrap()), "a: 1\n");
    assert_eq!(fs::read_to_string(&shown).unwrap(), "the key\n");
    let name = fs::read_to_string(shown.with_extension("name")).unwrap();
    assert!(!Path::new(name.trim()).exists(), "{name}");
}

/// The folders of a cache, those of callers by their groups.
fn kept(place: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_prefix("as-").map(str::to_owned)).collect()
}

#[test]
fn what_callers_got_goes_with_them_and_not_while_it_is_read() {
    if !has_git() {
        return;
    }
    let guarded = Guarded::new();
    let Guarded { server, url, place, cache, .. } = &guarded;
    let open = |name: &str, since| {
        let mut options = options(known(name));
        options.since = Some(since);
        cache.open(url, &options).unwrap()
    };
    let group = |name: &str| known(name).group().unwrap();
    let groups = |names: &[&str]| names.iter().map(|name| group(name)).collect::<BTreeSet<_>>();
    let before = Instant::now();
    for name in ["one", "other"] {
        assert_eq!(read(&open(name, before)), "a: 1\n");
    }
    assert_eq!(cache.sweep(&groups(&["one", "other"])).unwrap(), 0);
    assert_eq!(kept(place.path()), groups(&["one", "other"]));

    let repository = open("other", before);
    let tree = repository.tree(repository.resolve("main").unwrap().id).unwrap();
    drop(repository);
    assert_eq!(cache.sweep(&groups(&["one"])).unwrap(), 1, "somebody reads of it");
    assert_eq!(tree.read(&TreePath::new("app/a.yaml").unwrap()).unwrap().unwrap().bytes.as_ref(), b"a: 1\n");
    drop(tree);
    assert_eq!(cache.sweep(&groups(&["one"])).unwrap(), 0);
    assert_eq!(kept(place.path()), groups(&["one"]));

    // What was asked before it went does not serve after it.
    let packs = server.packs();
    assert_eq!((read(&open("other", before)), read(&open("one", before))), ("a: 1\n".into(), "a: 1\n".into()));
    assert_eq!(server.packs(), packs + 1);
    let locked = fs::File::create(place.path().join(format!("as-{}/x.lock", group("other")))).unwrap();
    locked.lock().unwrap();
    assert_eq!(cache.sweep(&BTreeSet::new()).unwrap(), 1, "another process fetches into it");
    drop(locked);
    // For a moment, a program that another test starts holds what this process had open.
    let begun = Instant::now();
    while cache.sweep(&BTreeSet::new()).unwrap() > 0 {
        assert!(begun.elapsed().as_secs() < 20, "nobody holds it any more");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(kept(place.path()).is_empty());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing half removed is left");
}
