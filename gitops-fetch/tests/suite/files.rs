use gitops_core::{Answer, Need};
use gitops_fetch::{Fetcher, LockFile, LockMode, ProvideError, Session, WebError, WebOptions};

use gitops_fixtures::WebServer;

fn file(url: &str) -> Need {
    Need::File { url: url.into() }
}

fn got(session: &Session<'_>, need: &Need) -> Option<String> {
    match session.provided().get(need)? {
        Answer::File(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Answer::NoFile => Some("no file".into()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_locked_file_is_not_asked_for_again() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    server.set("web.yaml", 200, b"kind: ConfigMap\n");
    let (web, page) = (file(&server.url("web.yaml")), file(&server.url("org/repo")));
    let fetcher = Fetcher::new(place.path());
    let mut first = Session::new(&fetcher, LockFile::default());
    first.provide(&[web.clone(), page.clone()]).unwrap();
    first.provide(std::slice::from_ref(&web)).unwrap();
    assert_eq!(got(&first, &web).unwrap(), "kind: ConfigMap\n");
    assert_eq!(got(&first, &page).unwrap(), "no file");
    assert_eq!(server.asked().len(), 2);

    let lock = LockFile::parse(&first.lock().to_string(), "gitops.lock").unwrap();
    server.set("web.yaml", 200, b"kind: Secret\n");
    let mut second = Session::new(&fetcher, lock.clone()).with_mode(LockMode::Locked);
    second.provide(&[web.clone(), page]).unwrap();
    assert_eq!(got(&second, &web).unwrap(), "kind: ConfigMap\n");
    assert_eq!(server.asked().len(), 2);

    let elsewhere = tempfile::tempdir().unwrap();
    let without_cache = Fetcher::new(elsewhere.path());
    let changed = Session::new(&without_cache, lock).provide(&[web]).unwrap_err();
    assert!(matches!(changed, ProvideError::Changed { .. }), "{changed}");
    let unknown = second.provide(&[file(&server.url("other.yaml"))]).unwrap_err();
    assert!(unknown.to_string().ends_with("is not in `gitops.lock`, and only what is there may be used"), "{unknown}");
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn servers_are_held_to_limits() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    server.set("large.yaml", 200, &[b'a'; 101]);
    server.set("broken.yaml", 503, b"later");
    server.set("circle.yaml", 302, server.url("circle.yaml").as_bytes());
    server.set("moved.yaml", 302, server.url("there.yaml").as_bytes());
    server.set("there.yaml", 200, b"a: 1\n");
    let mut options = WebOptions::default();
    options.max_bytes = 100;
    let fetcher = Fetcher::new(place.path()).with_web(options);
    let mut session = Session::new(&fetcher, LockFile::default());
    let mut error = |path: &str| match session.provide(&[file(&server.url(path))]) {
        Err(ProvideError::File { source, .. }) => source,
        other => panic!("{other:?}"),
    };
    assert!(matches!(error("large.yaml"), WebError::TooLarge { limit: 100 }));
    assert!(matches!(error("broken.yaml"), WebError::Status { status: 503 }));
    assert!(matches!(error("circle.yaml"), WebError::Server(_)));
    let moved = file(&server.url("moved.yaml"));
    session.provide(std::slice::from_ref(&moved)).unwrap();
    assert_eq!(got(&session, &moved).unwrap(), "a: 1\n");
}

#[test]
fn a_rule_comes_before_every_question() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    let fetcher = Fetcher::new(place.path());
    let mut session =
        Session::new(&fetcher, LockFile::default()).allowing(|_| Err("the project `shop` does not list it".into()));
    let error = session.provide(&[file(&server.url("web.yaml"))]).unwrap_err();
    assert!(error.to_string().ends_with("may not be used: the project `shop` does not list it"), "{error}");
    assert!(server.asked().is_empty());
}
