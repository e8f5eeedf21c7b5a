use gitops_core::need::RepositoryNeed;

use super::*;

const COMMIT: &str = "5ca3a8f1f3e5d5a0c9b4b64ab4fbc7d2c1c6a8d9";

fn repository(address: &str, revision: &str) -> Need {
    let mut need = RepositoryNeed::new(address);
    need.revision = revision.into();
    Need::Repository(need)
}

fn file(url: &str) -> Need {
    Need::File { url: url.into() }
}

#[test]
fn the_text_is_sorted_and_comes_back() {
    let mut lock = LockFile::default();
    let digest = gitops_core::Digest::of(b"abc");
    lock.add(&repository("https://example.com/b", ""), COMMIT);
    lock.add(&repository("https://me:secret@example.com/a", "odd name%"), COMMIT);
    lock.add(&file("https://example.com/web.yaml"), digest.as_str());
    lock.add(&file("https://example.com/org/repo"), "");
    let mut chart = gitops_core::need::ChartNeed::new("https://example.com/charts", "web");
    lock.add(&Need::Chart(chart.clone()), format!("1.4.0 {digest}"));
    chart.version = ">=1 <2".into();
    lock.add(&Need::Chart(chart.clone()), format!("1.4.0+build {digest}"));
    let text = lock.to_string();
    let expected = format!(
        "# What builds use from elsewhere. Written by gitops; commit it.\nversion 1\n\
         chart https://example.com/charts web * 1.4.0 {digest}\n\
         chart https://example.com/charts web >=1%20<2 1.4.0+build {digest}\n\
         file https://example.com/org/repo none\nfile https://example.com/web.yaml {digest}\n\
         repository https://example.com/b HEAD {COMMIT}\nrepository https://me@example.com/a odd%20name%25 {COMMIT}\n"
    );
    assert_eq!(text, expected);
    assert_eq!(LockFile::parse(&text, "gitops.lock").unwrap(), lock);
    assert_eq!(lock.pin(&Need::Chart(chart)), Some(format!("1.4.0+build {digest}").as_str()));
    assert_eq!(lock.pin(&repository("https://example.com/b", "HEAD")), Some(COMMIT));
    assert_eq!(lock.pin(&repository("https://example.com/b", "main")), None);
    assert_eq!(lock.pin(&file("https://example.com/org/repo")), Some(""));
}

#[test]
fn malformed_lines_are_named() {
    let error = |text| LockFile::parse(text, "gitops.lock").unwrap_err().to_string();
    assert!(error("version 2\n").starts_with("gitops.lock:1: expected `version 1`"));
    assert!(error("version 1\n\nrepository a b\n").starts_with("gitops.lock:3: expected `chart …`"));
    assert!(error("version 1\nrepository a b ABC\n").contains("expected"));
    let line = format!("repository a b {COMMIT}\n");
    assert_eq!(error(&format!("version 1\n{line}{line}")), "gitops.lock:3: the line is there twice");
    assert!(LockFile::parse("", "gitops.lock").unwrap().is_empty());
}

#[test]
fn files_are_written_whole() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(LOCK_FILE);
    assert!(LockFile::read(&path).unwrap().is_empty());
    let mut lock = LockFile::default();
    lock.add(&repository("https://example.com/b", "v1"), COMMIT);
    lock.write(&path).unwrap();
    assert_eq!(LockFile::read(&path).unwrap(), lock);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}
