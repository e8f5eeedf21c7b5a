//! What lies on disk: it survives the end of its process at any moment, serves several processes, is its owner's alone,
//! and says what is wrong with it.

mod limits;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use futures::StreamExt as _;
use futures::executor::block_on;
use gitops_core::cluster::{Cluster, Query, Verb, WatchEvent, Write};
use gitops_core::{GroupVersionKind, Object};
use gitops_embedded::{EmbeddedCluster, OpenError, Options};
use serde_json::json;

/// Where the writing process finds its directory.
const DIRECTORY: &str = "GITOPS_EMBEDDED_TEST_DIRECTORY";

fn maps() -> Query {
    Query::all(GroupVersionKind::from_api_version("v1", "ConfigMap"))
}

fn map(name: &str) -> Object {
    let metadata = json!({"name": name, "namespace": "default"});
    Object::from_value(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": name}}))
        .unwrap()
}

fn open(directory: &Path) -> EmbeddedCluster {
    EmbeddedCluster::open(directory, &Options::new()).unwrap()
}

/// Not a test by itself: the process that others kill. It says each name after its write was acknowledged.
#[test]
#[ignore = "started by other tests"]
fn writes_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let cluster = open(&PathBuf::from(directory));
    for number in 0..100_000 {
        let name = format!("{}-{number}", std::process::id());
        block_on(cluster.write(Write::new(&map(&name), Verb::Create, "child"))).unwrap();
        println!("\nwrote {name}");
    }
}

fn writer(directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "storage::writes_until_it_is_killed", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut written = Vec::new();
    for round in 1..=4 {
        let mut child = writer(directory.path());
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut acknowledged = Vec::new();
        while acknowledged.len() < round * 13 {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "the writing process ended by itself");
            acknowledged.extend(line.trim().strip_prefix("wrote ").map(str::to_owned));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        // The last line may be cut short.
        let whole = rest.rsplit_once('\n').map_or("", |(whole, _)| whole);
        acknowledged.extend(whole.lines().filter_map(|line| line.strip_prefix("wrote ")).map(str::to_owned));

        let cluster = open(directory.path());
        let found = block_on(cluster.list(&maps())).unwrap().objects;
        for name in written.iter().chain(&acknowledged) {
            assert!(found.iter().any(|object| object.name() == name), "{name} was acknowledged and is lost");
        }
        // What was on its way when the process ended may be there, whole; it is one write.
        let more = found.iter().filter(|object| object.namespace() == Some("default")).count();
        assert!(more <= written.len() + acknowledged.len() + round, "{more}");
        for object in &found {
            assert!(object.get(&["data"]).is_some() && object.resource_version().is_some());
        }
        written.append(&mut acknowledged);
    }
}

#[test]
fn two_processes_use_one_store_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = open(directory.path());
    block_on(async {
        let start = cluster.list(&maps()).await.unwrap().resource_version;
        let mut changes = cluster.watch(&maps(), &start).await.unwrap();
        let mut child = writer(directory.path());
        let (mut foreign, mut number) = (0, 0);
        while foreign < 20 {
            // Both write at the same time.
            if number < 50 {
                number += 1;
                let name = format!("mine-{number}");
                cluster.write(Write::new(&map(&name), Verb::Create, "parent")).await.unwrap();
            }
            match changes.next().await.unwrap().unwrap() {
                WatchEvent::Changed(object) => foreign += usize::from(!object.name().starts_with("mine-")),
                WatchEvent::Gone(object) => panic!("{object:?}"),
                _ => {}
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let listed = cluster.list(&maps()).await.unwrap().objects;
        let mut versions: Vec<_> = listed.iter().filter_map(Object::resource_version).collect();
        let all = versions.len();
        versions.sort_unstable();
        versions.dedup();
        assert_eq!(versions.len(), all, "two writes have one resource version");
    });
}

#[test]
fn what_is_stored_is_there_again() {
    let directory = tempfile::tempdir().unwrap();
    let (uid, version) = {
        let cluster = open(directory.path());
        block_on(cluster.write(Write::new(&map("kept"), Verb::Create, "me"))).unwrap();
        (block_on(cluster.info()).unwrap().uid, block_on(cluster.list(&maps())).unwrap().resource_version)
    };
    let cluster = open(directory.path());
    assert_eq!(block_on(cluster.info()).unwrap().uid, uid);
    let listed = block_on(cluster.list(&maps())).unwrap();
    assert!(listed.resource_version.parse::<u64>().unwrap() >= version.parse().unwrap());
    assert!(listed.objects.iter().any(|object| object.name() == "kept"));
}

#[cfg(unix)]
#[test]
fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("state");
    let cluster = open(&place);
    block_on(cluster.write(Write::new(&map("a"), Verb::Create, "me"))).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    for entry in std::fs::read_dir(&place).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn what_is_no_store_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |path: &Path| EmbeddedCluster::open(path, &Options::new()).unwrap_err();

    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = refused(&file);
    assert!(matches!(error, OpenError::Files { .. }), "{error:?}");
    assert!(error.to_string().contains("file"), "{error}");

    let garbage = directory.path().join("garbage");
    std::fs::create_dir(&garbage).unwrap();
    std::fs::write(garbage.join("cluster.db"), "no database, whatever its name says\n".repeat(200)).unwrap();
    let error = refused(&garbage);
    assert!(error.to_string().contains("not a database"), "{error}");

    let foreign = directory.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    let other = rusqlite::Connection::open(foreign.join("cluster.db")).unwrap();
    other.execute_batch("CREATE TABLE birds (name TEXT); INSERT INTO birds VALUES ('wren');").unwrap();
    drop(other);
    let error = refused(&foreign);
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
}

#[test]
fn ten_thousand_objects_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = open(directory.path());
    block_on(async {
        for number in 0..10_000 {
            cluster.write(Write::new(&map(&format!("m{number}")), Verb::Create, "me")).await.unwrap();
        }
        assert!(cluster.list(&maps()).await.unwrap().objects.len() >= 10_000);
    });
}
