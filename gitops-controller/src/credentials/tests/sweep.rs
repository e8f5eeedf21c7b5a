//! What Secrets fetched goes with them.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use gitops_core::cluster::Delete;
use gitops_core::{Object, ObjectId};
use serde_json::json;

use super::{Bench, caller, config_map, has_git, private, secret};
use crate::credentials::CredentialSet;

impl Bench {
    /// The folders of repositories that somebody's credentials fetched.
    fn kept(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.place.path().join("repositories")).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.starts_with("as-")).collect()
    }

    async fn keeps(&self, what: &str, holds: impl Fn(&BTreeSet<String>) -> bool) -> BTreeSet<String> {
        for _ in 0..2_000 {
            let kept = self.kept();
            if holds(&kept) {
                return kept;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{what}: {:?}", self.kept());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_secret_fetched_goes_with_it() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let (_repository, server) = private(root.path());
    let place = tempfile::tempdir().unwrap();
    fs::create_dir_all(place.path().join("repositories/as-0/x.git")).unwrap();
    fs::create_dir_all(place.path().join("files/as-0")).unwrap();
    let bench = Bench::start_in(place);
    bench.keeps("what an earlier process left", BTreeSet::is_empty).await;
    assert!(!bench.place.path().join("files/as-0").exists());

    let authority = String::from_utf8_lossy(gitops_fixtures::TEST_AUTHORITY).into_owned();
    bench.write(config_map("argocd-tls-certs-cm", json!({"127.0.0.1": authority}))).await;
    let fields = json!({"type": "git", "url": server.url("x"), "username": "me", "password": "hunter2"});
    bench.write(secret("shop", "repository", fields.clone())).await;
    bench
        .define("shop", "shop", json!({"repoURL": server.url("x.git"), "path": "app", "targetRevision": "HEAD"}))
        .await;
    bench.until("shop", |deployed, _| deployed).await;
    let first = bench.keeps("what the Secret fetched", |kept| kept.len() == 1).await;

    let mut changed = fields;
    changed["proxy"] = "".into();
    bench.write(secret("shop", "repository", changed)).await;
    bench.keeps("what it fetches now", |kept| kept.len() == 1 && *kept != first).await;

    let id = ObjectId::new("", "Secret", Some("argocd"), "shop").at_version("v1");
    let live = bench.cluster.get(&id).await.unwrap().unwrap();
    bench.cluster.delete(Delete::new(&id, live.uid().unwrap())).await.unwrap();
    bench.keeps("nothing", BTreeSet::is_empty).await;
    bench.end().await;
}

#[test]
fn every_caller_that_secrets_make_is_known() {
    let objects = [
        secret("bare", "repository", json!({"url": "https://host.example/org/bare"})),
        secret("full", "repository", json!({"url": "https://host.example/org/full", "password": "p"})),
        secret("org", "repo-creds", json!({"url": "https://host.example/org", "password": "p"})),
        secret("host", "repo-creds", json!({"url": "https://host.example", "password": "p", "project": "other"})),
        secret("elsewhere", "repo-creds", json!({"url": "https://elsewhere.example", "password": "p"})),
    ];
    let groups = |objects: &[Object]| CredentialSet::new(objects.iter(), None).groups();
    let known = groups(&objects);
    for (address, project) in [
        ("https://host.example/org/bare", "shop"),
        ("https://host.example/org/full", "shop"),
        ("https://host.example/org/x", "shop"),
        ("https://host.example/y", "other"),
        ("https://elsewhere.example/z", "shop"),
    ] {
        let group = caller(&objects, address, project).unwrap().group().unwrap();
        assert!(known.contains(&group), "{address}");
    }
    let later = groups(&objects[1..]);
    let gone = caller(&objects, "https://host.example/org/bare", "shop").unwrap().group().unwrap();
    assert!(!later.contains(&gone));
}
