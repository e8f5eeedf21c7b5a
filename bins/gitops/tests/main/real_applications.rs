//! Argo CD's example Applications, from a real repository to the embedded cluster.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::workbench::{CREATE_NAMESPACE, Workbench};

/// Where the example Applications lie; none where they are not on this machine.
fn examples() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/real-apps");
    if folder.is_dir() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {}", folder.display());
    println!("skipped: no {}", folder.display());
    None
}

/// Syncs a folder and syncs it again: the second sync has nothing to do.
fn synced(name: &str) -> Option<Workbench> {
    synced_saying(name, &[])
}

/// The same, where the first sync says these words, one after the other.
fn synced_saying(name: &str, words: &[&str]) -> Option<Workbench> {
    let mut bench = Workbench::new();
    let examples = examples()?;
    bench.repository.copy_directory(&examples.join(name), name).unwrap();
    if name == "pre-post-sync" {
        let base = "kustomize-guestbook";
        bench.repository.copy_directory(&examples.join(base), base).unwrap();
    }
    let file = bench.application(name, CREATE_NAMESPACE);
    let run = bench.run(["sync", &file]).exits(0).says("Succeeded");
    let mut rest = run.stdout.as_str();
    for word in words {
        rest = rest.split_once(word).unwrap_or_else(|| panic!("`{word}` does not come in its order: {}", run.stdout)).1;
    }
    Some(bench)
}

#[track_caller]
fn settled(bench: &Workbench) {
    bench.run(["diff", "web"]).exits(0);
    bench.run(["sync", "web"]).exits(0).says("nothing to do");
}

#[test]
fn guestbook_is_synced_drift_is_seen_and_reverted_and_files_are_pruned_on_demand() {
    let Some(mut bench) = synced("guestbook") else { return };
    settled(&bench);
    bench.edit(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "guestbook-ui", "namespace": "shop"},
        "spec": {"replicas": 7},
    }));
    bench.run(["diff", "web"]).exits(1).says(".spec.replicas").says("somebody");
    bench.run(["app", "get", "web", "--refresh"]).exits(0).says("OutOfSync");
    bench.run(["sync", "web"]).exits(0);
    let live = bench.live("apps/v1", "Deployment", "guestbook-ui").unwrap();
    assert_eq!(live.get(&["spec", "replicas"]), Some(&json!(1)));
    settled(&bench);

    bench.repository.remove(["guestbook/guestbook-ui-svc.yaml"]).unwrap();
    bench.run(["sync", "web"]).exits(0).says("guestbook-ui");
    assert!(bench.live("v1", "Service", "guestbook-ui").is_some(), "nothing is pruned without prune");
    bench.run(["sync", "web", "--prune"]).exits(0).says("pruned");
    assert!(bench.live("v1", "Service", "guestbook-ui").is_none());
    assert!(bench.live("apps/v1", "Deployment", "guestbook-ui").is_some());
    settled(&bench);
}

#[test]
fn kustomize_guestbook_is_synced() {
    let Some(bench) = synced("kustomize-guestbook") else { return };
    assert!(bench.live("apps/v1", "Deployment", "kustomize-guestbook-ui").is_some());
    settled(&bench);
}

#[test]
fn sync_waves_are_synced_in_their_order() {
    let words =
        ["PreSync", "upgrade-sql-schema", "Sync wave 0", "backend", "wave 1", "maint-page-up", "wave 2", "frontend"];
    let Some(bench) = synced_saying("sync-waves", &words) else { return };
    settled(&bench);
}

#[test]
fn pre_and_post_sync_hooks_run() {
    let words = ["PreSync", "before", "Sync wave 0", "guestbook", "PostSync", "after"];
    let Some(bench) = synced_saying("pre-post-sync", &words) else { return };
    settled(&bench);
}

#[test]
fn sock_shop_is_synced() {
    let Some(bench) = synced("sock-shop") else { return };
    settled(&bench);
}

#[test]
fn jsonnet_guestbook_is_synced() {
    let Some(bench) = synced("jsonnet-guestbook") else { return };
    settled(&bench);
}
