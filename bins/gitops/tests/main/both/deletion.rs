//! Deleting an Application: its hooks, what earlier hooks left, and what is to be confirmed.

use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::json;

use super::{Place, on_each};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\ndata:\n  sky: blue\n";

fn job(name: &str, annotations: &str, pod: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations: {{{annotations}}}\nspec:\n  backoffLimit: 0\n  \
         template:\n    metadata:\n      annotations: {{{pod}}}\n    spec:\n      restartPolicy: Never\n      \
         containers: [{{name: main, image: busybox}}]\n"
    )
}

#[test]
fn hooks_run_before_and_after_the_objects_go() {
    let before = job("before", "argocd.argoproj.io/hook: PreDelete", "");
    let after = job("after", "helm.sh/hook: post-delete", "");
    let kept =
        job("kept", "argocd.argoproj.io/hook: PostDelete, argocd.argoproj.io/hook-delete-policy: HookFailed", "");
    let sync = job("check", "argocd.argoproj.io/hook: PostSync", "");
    let files = [
        ("app/a.yaml", before.as_str()),
        ("app/b.yaml", &after),
        ("app/c.yaml", &kept),
        ("app/d.yaml", &sync),
        ("app/e.yaml", CONFIG),
    ];
    on_each(&files, |place| {
        let file = place.application("", "");
        place.syncs(&file);
        assert!(place.live("batch/v1", "Job", "before").is_none(), "a sync runs its own hooks only");
        assert!(place.live("batch/v1", "Job", "check").is_some());
        let run = place.run(["app", "delete", place.namespace(), "--yes"]).exits(0).says("deleted");
        let at = |words: &str| run.stdout.rfind(words).unwrap_or_else(|| panic!("no `{words}` in {}", run.stdout));
        assert!(
            at("PreDelete wave 0") < at("Sync wave 0") && at("Sync wave 0") < at("PostDelete wave 0"),
            "{}",
            run.stdout
        );
        assert!(place.live("v1", "ConfigMap", "colours").is_none());
        assert!(place.live("batch/v1", "Job", "check").is_none(), "what a hook of a sync left goes too");
        for (name, left) in [("before", false), ("after", false), ("kept", true)] {
            let id = format!("ok batch/Job/{}/{name} ", place.namespace());
            assert!(run.stdout.contains(&id), "no `{id}` in {}", run.stdout);
            let found = place.live("batch/v1", "Job", name);
            assert_eq!(found.is_some(), left, "{name}");
            assert!(found.is_none_or(|job| job["status"]["succeeded"] == 1), "{name}");
        }
        place.run(["app", "get", place.namespace()]).exits(2).says("no application");
    });
}

#[test]
fn hooks_of_a_deletion_may_have_their_names_made() {
    let generated = |name: &str, annotations: &str, pod: &str| {
        job(name, annotations, pod).replace(&format!("  name: {name}\n"), &format!("  generateName: {name}\n"))
    };
    let before = generated("before-", "argocd.argoproj.io/hook: PreDelete", "");
    let after = generated(
        "after-",
        "argocd.argoproj.io/hook: PostDelete, argocd.argoproj.io/hook-delete-policy: HookSucceeded",
        "",
    );
    let kept = generated(
        "kept-",
        "argocd.argoproj.io/hook: PostDelete, argocd.argoproj.io/hook-delete-policy: HookFailed",
        "",
    );
    let sync = generated("check-", "argocd.argoproj.io/hook: PostSync", "");
    let files = [
        ("app/a.yaml", before.as_str()),
        ("app/b.yaml", &after),
        ("app/c.yaml", &kept),
        ("app/d.yaml", &sync),
        ("app/e.yaml", CONFIG),
    ];
    on_each(&files, |place| {
        let file = place.application("", "");
        place.syncs(&file);
        let made = place.names("batch/v1", "Job");
        assert!(made.len() == 1 && made[0].starts_with("check-"), "a sync runs its own hooks only: {made:?}");
        let run = place.run(["app", "delete", place.namespace(), "--yes"]).exits(0).says("deleted");
        for (name, phase) in [("before", "predelete"), ("after", "postdelete"), ("kept", "postdelete")] {
            let start = format!("ok batch/Job/{}/{name}-", place.namespace());
            let made = run.stdout.split_once(&start).unwrap_or_else(|| panic!("no `{start}` in {}", run.stdout)).1;
            let commit = made.split_once(&format!("-{phase}-")).unwrap_or_default().0;
            assert!(commit.len() == 7 && commit.chars().all(|digit| digit.is_ascii_hexdigit()), "{made}");
        }
        let left = place.names("batch/v1", "Job");
        assert!(left.len() == 1 && left[0].starts_with("kept-"), "{left:?}");
        assert!(place.live("v1", "ConfigMap", "colours").is_none());
    });
}

#[test]
fn a_hook_with_a_made_name_that_fails_before_leaves_everything() {
    let before = |pod: &str| {
        job("before", "argocd.argoproj.io/hook: PreDelete", pod)
            .replace("  name: before\n", "  generateName: before-\n")
    };
    on_each(&[("app/a.yaml", &before("gitops.engine/simulate: fail")), ("app/b.yaml", CONFIG)], |place| {
        let file = place.application("", "");
        place.syncs(&file);
        place.run(["app", "delete", place.namespace(), "--yes"]).exits(1).says("stays").says("before-");
        assert!(place.live("v1", "ConfigMap", "colours").is_some());
        place.commit(&[("app/a.yaml", &before(""))]);
        place.run(["app", "delete", place.namespace(), "--yes"]).exits(0);
        assert!(place.live("v1", "ConfigMap", "colours").is_none());
        assert!(place.names("batch/v1", "Job").is_empty(), "{:?}", place.names("batch/v1", "Job"));
    });
}

#[test]
fn a_hook_that_fails_before_leaves_everything() {
    let before = job("before", "argocd.argoproj.io/hook: PreDelete", "gitops.engine/simulate: fail");
    on_each(&[("app/a.yaml", &before), ("app/b.yaml", CONFIG)], |place| {
        let file = place.application("", "");
        place.syncs(&file);
        place.run(["app", "delete", place.namespace(), "--yes"]).exits(1).says("stays").says("before");
        assert!(place.live("v1", "ConfigMap", "colours").is_some());
        // The next attempt runs the hook as the source has it then.
        place.commit(&[("app/a.yaml", &job("before", "argocd.argoproj.io/hook: PreDelete", ""))]);
        place.run(["app", "delete", place.namespace(), "--yes"]).exits(0);
        assert!(place.live("v1", "ConfigMap", "colours").is_none());
    });
}

#[test]
fn sources_that_are_gone_stop_a_deletion_unless_hooks_are_left_out() {
    on_each(&[("app/b.yaml", CONFIG)], |place| {
        let file = place.application("", "");
        place.syncs(&file);
        place.commit(&[("app/kustomization.yaml", "resources: [missing.yaml]\n")]);
        let run = place.run(["app", "delete", place.namespace(), "--yes"]).says("--no-hooks");
        assert_ne!(run.code, 0);
        assert!(place.live("v1", "ConfigMap", "colours").is_some());
        place.run(["app", "delete", place.namespace(), "--yes", "--no-hooks"]).exits(0);
        assert!(place.live("v1", "ConfigMap", "colours").is_none());
    });
}

fn start(place: &Place, arguments: &[&str]) -> Child {
    place.command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn deletions_wait_until_they_are_confirmed() {
    let marked = |option: &str| {
        CONFIG.replace(
            "name: colours",
            &format!("name: colours\n  annotations: {{argocd.argoproj.io/sync-options: {option}}}"),
        )
    };
    on_each(&[("app/a.yaml", &marked("Prune=confirm")), ("app/b.yaml", "")], |place| {
        let file = place.application("", "");
        place.syncs(&file);
        let other = CONFIG
            .replace("colours", "other")
            .replace("name: other", "name: other\n  annotations: {argocd.argoproj.io/sync-options: Delete=confirm}");
        place.commit(&[("app/a.yaml", ""), ("app/b.yaml", &other)]);
        place.run(["sync", &file]).exits(0).says("Prune=confirm");
        assert!(place.live("v1", "ConfigMap", "colours").is_some() && place.live("v1", "ConfigMap", "other").is_some());

        let waiting = start(place, &["sync", &file, "--await-confirmation", "--timeout", "60"]);
        std::thread::sleep(Duration::from_secs(3));
        assert!(place.live("v1", "ConfigMap", "colours").is_some());
        place.run(["app", "confirm-deletion", place.namespace()]).exits(0);
        let ended = waiting.wait_with_output().unwrap();
        assert!(
            ended.status.success(),
            "{}{}",
            String::from_utf8_lossy(&ended.stdout),
            String::from_utf8_lossy(&ended.stderr)
        );
        assert!(place.live("v1", "ConfigMap", "colours").is_none());

        // Confirmations are told in whole seconds, and one of the second in which a deletion begins counts, as in Argo CD.
        std::thread::sleep(Duration::from_millis(1_100));
        place.run(["app", "delete", place.namespace(), "--yes"]).exits(1).says("Delete=confirm").says("--confirm");
        assert!(place.live("v1", "ConfigMap", "other").is_some());
        let waiting =
            start(place, &["app", "delete", place.namespace(), "--yes", "--await-confirmation", "--timeout", "60"]);
        std::thread::sleep(Duration::from_secs(2));
        place.run(["app", "confirm-deletion", place.namespace()]).exits(0);
        assert!(waiting.wait_with_output().unwrap().status.success());
        assert!(place.live("v1", "ConfigMap", "other").is_none());
    });
}

#[test]
fn what_is_not_to_be_deleted_stays_when_its_application_goes() {
    let kept = CONFIG
        .replace("name: colours", "name: colours\n  annotations: {argocd.argoproj.io/sync-options: Delete=false}");
    on_each(&[("app/a.yaml", &kept), ("app/b.yaml", &CONFIG.replace("colours", "other"))], |place| {
        let file = place.application("", "");
        let path = place.bench().path().join(&file);
        let finalizers = "  namespace: argocd\n  finalizers: [resources-finalizer.argocd.argoproj.io/background]\n";
        let text = std::fs::read_to_string(&path).unwrap().replacen("  namespace: argocd\n", finalizers, 1);
        std::fs::write(&path, text).unwrap();
        place.syncs(&file);
        place.run(["app", "delete", place.namespace(), "--yes"]).exits(0).says("Delete=false");
        place.run(["app", "get", place.namespace()]).exits(2).says("no application");
        assert_eq!(place.must_have("v1", "ConfigMap", "colours")["data"], json!({"sky": "blue"}));
        assert!(place.live("v1", "ConfigMap", "other").is_none());
    });
}
