use gitops_core::need::ChartNeed;
use gitops_core::tree::pack;
use gitops_core::{Answer, Digest, Need, TreePath};
use gitops_fetch::{Fetcher, LockFile, LockMode, Session, WebCredentials, WebOptions};

use gitops_fixtures::{TEST_AUTHORITY, TEST_CLIENT, WebServer};

fn packed(version: &str) -> Vec<u8> {
    let content = format!("apiVersion: v2\nname: web\nversion: {version}\n");
    pack("web", [("Chart.yaml", content.as_bytes())]).unwrap()
}

fn chart(repository: &str, version: &str) -> Need {
    let mut need = ChartNeed::new(repository, "web");
    need.version = version.into();
    Need::Chart(need)
}

fn message(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {}", message(cause))).unwrap_or_default();
    format!("{error}{cause}")
}

/// The version that is got, and that of the chart's file.
fn got(session: &mut Session<'_>, need: &Need) -> Result<String, String> {
    session.provide(std::slice::from_ref(need)).map_err(|error| message(&error))?;
    let Some(Answer::Chart { tree, version, .. }) = session.provided().get(need) else { panic!("{need} is no chart") };
    let file = tree.read(&TreePath::new("Chart.yaml").unwrap()).unwrap().unwrap();
    assert!(String::from_utf8_lossy(&file.bytes).ends_with(&format!("version: {version}\n")));
    Ok(version.clone())
}

fn repository(server: &WebServer) -> String {
    let mut index = String::from("apiVersion: v1\nentries:\n  other: []\n  web:\n");
    for version in ["1.0.0", "1.10.0", "1.9.3", "2.0.0-rc.1", "v0.9.0"] {
        let archive = packed(version);
        server.set(&format!("charts/web-{version}.tgz"), 200, &archive);
        let digest = Digest::of(&archive);
        let digest = digest.as_str().trim_start_matches("sha256:");
        index.push_str(&format!("  - version: {version}\n    digest: {digest}\n    urls: [web-{version}.tgz]\n"));
    }
    server.set("charts/index.yaml", 200, index.as_bytes());
    server.url("charts")
}

#[test]
fn versions_are_chosen_as_helm_does() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    let address = repository(&server);
    let fetcher = Fetcher::new(place.path());
    let mut session = Session::new(&fetcher, LockFile::default());
    let cases = [
        ("", "1.10.0"),
        ("1.9.3", "1.9.3"),
        ("~1.9", "1.9.3"),
        ("^1", "1.10.0"),
        (">=1.0.0-0", "2.0.0-rc.1"),
        ("<1", "v0.9.0"),
        ("2.0.0-rc.1", "2.0.0-rc.1"),
    ];
    for (wanted, expected) in cases {
        assert_eq!(got(&mut session, &chart(&address, wanted)).as_deref(), Ok(expected), "{wanted}");
    }
    let mut error = |need: &Need| got(&mut session, need).unwrap_err();
    assert!(error(&chart(&address, "3.x")).ends_with("no version matches `3.x`; the highest is `2.0.0-rc.1`"));
    assert!(error(&chart(&address, "not a version")).contains("`not a version` is no version"));
    let unknown = error(&Need::Chart(ChartNeed::new(&address, "webs")));
    assert!(unknown.ends_with("there is no chart `webs`; nearest: `web`"), "{unknown}");
    let nowhere = error(&chart(&server.url("nowhere"), ""));
    assert!(nowhere.ends_with("/nowhere/index.yaml` is not there"), "{nowhere}");
}

#[test]
fn a_locked_chart_is_not_asked_for_again() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    let address = repository(&server);
    let need = chart(&address, "^1.9");
    let fetcher = Fetcher::new(place.path());
    let mut first = Session::new(&fetcher, LockFile::default());
    got(&mut first, &need).unwrap();
    let lock = LockFile::parse(&first.lock().to_string(), "gitops.lock").unwrap();
    assert_eq!(server.asked(), ["/charts/index.yaml", "/charts/web-1.10.0.tgz"]);
    let mut second = Session::new(&fetcher, lock.clone()).with_mode(LockMode::Locked);
    assert_eq!(got(&mut second, &need).unwrap(), "1.10.0");
    assert_eq!(server.asked().len(), 2);

    let other = packed("1.10.1");
    server.set("charts/web-1.10.0.tgz", 200, &other);
    let elsewhere = tempfile::tempdir().unwrap();
    let without_cache = Fetcher::new(elsewhere.path());
    let error = got(&mut Session::new(&without_cache, lock), &need).unwrap_err();
    assert!(error.contains(&format!("has the digest `{}`, expected", Digest::of(&other))), "{error}");
    let error = got(&mut Session::new(&without_cache, LockFile::default()), &need).unwrap_err();
    assert!(error.contains("has the digest"), "the index says another: {error}");
}

#[test]
fn credentials_go_to_their_own_server_only() {
    let (server, mirror, place) =
        (WebServer::start().unwrap(), WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    let address = repository(&server);
    server.guard("charts", "Basic bWU6c2VjcmV0", "Basic realm=\"x\"");
    let mut options = WebOptions::default();
    let refused = |options: &WebOptions| {
        let fetcher = Fetcher::new(place.path()).with_web(options.clone());
        got(&mut Session::new(&fetcher, LockFile::default()), &chart(&address, ""))
    };
    assert!(refused(&options).unwrap_err().ends_with("the server refuses who asks, with the status 401"));
    options.credentials = vec![WebCredentials::basic(&address, "me", "secret")];
    assert!(refused(&options).unwrap_err().ends_with("credentials are not sent over unencrypted `http://`"));
    options.plain_http = true;
    assert_eq!(refused(&options).unwrap(), "1.10.0");

    // The index sends to another server, which is told nothing unless that is asked for.
    let index = format!("entries:\n  web:\n  - version: 1.0.0\n    urls: ['{}']\n", mirror.url("web.tgz"));
    server.set("charts/index.yaml", 200, index.as_bytes());
    mirror.set("web.tgz", 200, &packed("1.0.0"));
    mirror.guard("web.tgz", "", "Basic realm=\"x\"");
    assert_eq!(refused(&options).unwrap(), "1.0.0");
    let mut need = ChartNeed::new(&address, "web");
    need.pass_credentials = true;
    let fetcher = Fetcher::new(place.path()).with_web(options);
    let error = got(&mut Session::new(&fetcher, LockFile::default()), &Need::Chart(need)).unwrap_err();
    assert!(error.ends_with("with the status 401"), "{error}");
}

fn manifest(server: &WebServer, version: &str) {
    let archive = packed(version);
    let digest = Digest::of(&archive);
    let text = format!(
        "{{\"layers\":[{{\"mediaType\":\"application/vnd.cncf.helm.chart.provenance.v1.prov\",\"digest\":\"x\"}},\
         {{\"mediaType\":\"application/vnd.cncf.helm.chart.content.v1.tar+gzip\",\"digest\":\"{digest}\"}}]}}"
    );
    server.set(&format!("v2/org/web/manifests/{}", version.replace('+', "_")), 200, text.as_bytes());
    server.set(&format!("v2/org/web/blobs/{digest}"), 200, &archive);
}

#[test]
fn registries_are_asked_for_tags_manifests_and_blobs() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    ["1.0.0", "1.2.0+build.5", "2.0.0-rc.1"].into_iter().for_each(|version| manifest(&server, version));
    let tags = "{\"tags\":[\"1.0.0\",\"1.2.0_build.5\",\"2.0.0-rc.1\",\"latest\"]}";
    server.set("v2/org/web/tags/list?n=1000", 200, tags.as_bytes());
    let realm = server.url("token");
    server.guard(
        "v2/",
        "Bearer token",
        &format!("Bearer realm=\"{realm}\",service=\"r\",scope=\"repository:org/web:pull\""),
    );
    server.guard("token", "Basic bWU6c2VjcmV0", "Basic realm=\"x\"");
    server.set("token?service=r&scope=repository%3Aorg%2Fweb%3Apull", 200, b"{\"token\":\"token\"}");
    let address = format!("oci://{}/org", server.host());
    let mut options = WebOptions::default();
    options.plain_http = true;
    let anonymous = Fetcher::new(place.path()).with_web(options.clone());
    let error = got(&mut Session::new(&anonymous, LockFile::default()), &chart(&address, "1.0.0")).unwrap_err();
    assert!(error.ends_with("with the status 401"), "{error}");
    options.credentials = vec![WebCredentials::basic(&address, "me", "secret")];
    let fetcher = Fetcher::new(place.path()).with_web(options);
    let mut session = Session::new(&fetcher, LockFile::default());
    assert_eq!(got(&mut session, &chart(&address, "")).unwrap(), "1.2.0+build.5");
    assert_eq!(got(&mut session, &chart(&address, ">=1.0.0-0")).unwrap(), "2.0.0-rc.1");
    let before = server.asked().len();
    assert_eq!(got(&mut session, &chart(&address, "1.0.0")).unwrap(), "1.0.0");
    let asked = server.asked().split_off(before);
    assert!(!asked.iter().any(|path| path.contains("tags")), "one version needs no list: {asked:?}");
    let missing = got(&mut session, &chart(&address, "9.9.9")).unwrap_err();
    assert!(missing.ends_with("manifests/9.9.9` is not there"), "{missing}");
    server.set("v2/org/web/manifests/3.0.0", 200, b"{\"layers\":[]}");
    let other = got(&mut session, &chart(&address, "3.0.0")).unwrap_err();
    assert!(other.ends_with("is malformed: it is not of a chart"), "{other}");
}

#[test]
fn a_blob_that_is_not_what_the_manifest_names_is_refused() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    manifest(&server, "1.0.0");
    let digest = Digest::of(&packed("1.0.0"));
    server.set(&format!("v2/org/web/blobs/{digest}"), 200, &packed("6.6.6"));
    let mut options = WebOptions::default();
    options.plain_http = true;
    let fetcher = Fetcher::new(place.path()).with_web(options);
    let address = format!("oci://{}/org", server.host());
    let error = got(&mut Session::new(&fetcher, LockFile::default()), &chart(&address, "1.0.0")).unwrap_err();
    assert!(error.contains(&format!("expected `{digest}`")), "{error}");
}

#[test]
fn an_index_and_an_archive_are_asked_for_once() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    let address = repository(&server);
    let fetcher = Fetcher::new(place.path());
    for (wanted, found) in [("^1", "1.10.0"), ("~1.10", "1.10.0"), ("1.9.x", "1.9.3")] {
        let mut session = Session::new(&fetcher, LockFile::default());
        assert_eq!(got(&mut session, &chart(&address, wanted)).as_deref(), Ok(found));
    }
    assert_eq!(server.asked(), ["/charts/index.yaml", "/charts/web-1.10.0.tgz", "/charts/web-1.9.3.tgz"]);
}

#[test]
fn an_index_may_have_holes_queries_and_registries() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    manifest(&server, "2.0.0");
    server.set("charts/web-1.0.0.tgz?token=t", 200, &packed("1.0.0"));
    let index = format!(
        "entries:\n  none:\n  web:\n  -\n  - version: 2.0.0\n    urls: ['oci://{}/org/web:2.0.0']\n  - version: 1.0.0\n    urls: \
         [web-1.0.0.tgz]\n",
        server.host()
    );
    server.set("charts/index.yaml?token=t", 200, index.as_bytes());
    let address = format!("{}?token=t", server.url("charts"));
    let mut options = WebOptions::default();
    options.plain_http = true;
    let fetcher = Fetcher::new(place.path()).with_web(options);
    let mut session = Session::new(&fetcher, LockFile::default());
    assert_eq!(got(&mut session, &chart(&address, "^1")).as_deref(), Ok("1.0.0"));
    assert_eq!(got(&mut session, &chart(&address, "")).as_deref(), Ok("2.0.0"));
}

#[test]
fn tags_come_in_pages_and_manifests_by_digest() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    ["1.0.0", "1.1.0"].into_iter().for_each(|version| manifest(&server, version));
    server.set("v2/org/web/tags/list?n=1000", 200, b"{\"tags\":[\"1.0.0\"]}");
    server.link("v2/org/web/tags/list?n=1000", "</v2/org/web/tags/list?n=1&last=1.0.0>; rel=\"next\"");
    server.set("v2/org/web/tags/list?n=1&last=1.0.0", 200, b"{\"tags\":[\"1.1.0\"]}");
    let mut options = WebOptions::default();
    options.plain_http = true;
    let fetcher = Fetcher::new(place.path()).with_web(options);
    let mut session = Session::new(&fetcher, LockFile::default());
    let address = format!("oci://{}/org", server.host());
    assert_eq!(got(&mut session, &chart(&address, "^1")).as_deref(), Ok("1.1.0"));

    let text = server.page("v2/org/web/manifests/1.0.0");
    let digest = Digest::of(&text).to_string();
    server.set(&format!("v2/org/web/manifests/{digest}"), 200, &text);
    session.provide(&[chart(&address, &digest)]).unwrap();
    let other = Digest::of(b"other").to_string();
    server.set(&format!("v2/org/web/manifests/{other}"), 200, &text);
    let error = got(&mut session, &chart(&address, &other)).unwrap_err();
    assert!(error.ends_with(&format!("has the digest `{digest}`, expected `{other}`")), "{error}");
}

#[test]
fn servers_and_clients_are_certified() {
    let (server, place) = (WebServer::start_encrypted().unwrap(), tempfile::tempdir().unwrap());
    let address = repository(&server);
    let mut options = WebOptions::default();
    let get = |options: &WebOptions| {
        let fetcher = Fetcher::new(place.path()).with_web(options.clone());
        got(&mut Session::new(&fetcher, LockFile::default()), &chart(&address, ""))
    };
    let error = get(&options).unwrap_err();
    assert!(error.contains("the server gave no whole answer"), "{error}");
    options.tls.authorities = TEST_AUTHORITY.to_vec();
    assert!(get(&options).is_err(), "the server wants to know who asks");
    options.tls.identity = TEST_CLIENT.to_vec();
    assert_eq!(get(&options).as_deref(), Ok("1.10.0"));
    options.tls.authorities.clear();
    assert!(get(&options).is_err(), "nobody knows the authority");
    options.tls.insecure = true;
    assert_eq!(get(&options).as_deref(), Ok("1.10.0"));
    options.tls.authorities = b"nonsense".to_vec();
    let error = get(&options).unwrap_err();
    assert!(error.contains("the certificates of authorities cannot be read"), "{error}");
    assert!(!format!("{options:?}").contains("PRIVATE"));
}

#[test]
fn hostile_archives_are_refused() {
    let (server, place) = (WebServer::start().unwrap(), tempfile::tempdir().unwrap());
    let (address, fetcher) = (server.url("charts"), Fetcher::new(place.path()));
    let mut index = String::from("entries:\n  web:\n");
    let raw = |path: &str, kind: tar::EntryType, size: usize| {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size as u64);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.resize(bytes.len() + size.next_multiple_of(512), 0);
        bytes
    };
    let file = tar::EntryType::Regular;
    let cases = [
        ("1.0.0", raw("web/../../etc/passwd", file, 0), "leads out of it"),
        ("1.0.1", raw("/etc/passwd", file, 0), "leads out of it"),
        ("1.0.2", raw("web/link", tar::EntryType::Symlink, 0), "a link"),
        ("1.0.3", raw("web/link", tar::EntryType::Link, 0), "a link"),
        ("1.0.4", raw("web/large", file, 6 << 20), "bytes in a file"),
        ("1.0.5", (0..30).flat_map(|n| raw(&format!("web/{n}"), file, 4 << 20)).collect(), "bytes"),
        ("1.0.6", (0..21_000).flat_map(|n| raw(&format!("web/{n}"), file, 0)).collect(), "entries"),
    ];
    for (version, content, _) in &cases {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, content).unwrap();
        std::io::Write::write_all(&mut encoder, &[0; 1024]).unwrap();
        server.set(&format!("charts/{version}.tgz"), 200, &encoder.finish().unwrap());
        index.push_str(&format!("  - version: {version}\n    urls: [{version}.tgz]\n"));
    }
    server.set("charts/index.yaml", 200, index.as_bytes());
    for (version, _, words) in cases {
        let mut session = Session::new(&fetcher, LockFile::default());
        let error = got(&mut session, &chart(&address, version)).unwrap_err();
        assert!(error.contains("cannot be unpacked") && error.contains(words), "{version}: {error}");
    }
}
