//! How objects are written, by the sync options of the application and their own.

use gitops_core::annotations::LAST_APPLIED;
use serde_json::json;

use super::{Place, on_each, owns, uid};

const CONFIG: (&str, &str, &str) = ("v1", "ConfigMap", "colours");

fn config(annotations: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\n  annotations: {{{annotations}}}\ndata: {{{data}}}\n"
    )
}

fn data(place: &Place) -> serde_json::Value {
    place.must_have(CONFIG.0, CONFIG.1, CONFIG.2)["data"].clone()
}

#[test]
fn replace_leaves_nothing_of_others() {
    let first = config("", "sky: blue, sea: green");
    on_each(&[("app/config.yaml", &first)], |place| {
        let file = place.application("    - Replace=true\n", "");
        place.syncs(&file);
        place.patch(CONFIG, &json!({"data": {"grass": "green"}}), "somebody");
        place.run(["sync", &file]).exits(0);
        place.commit(&[("app/config.yaml", &config("", "sky: grey"))]);
        place.run(["diff", &file]).exits(1).says("sea");
        place.syncs(&file);
        assert_eq!(data(place), json!({"sky": "grey"}));
    });
}

#[test]
fn force_creates_anew_what_cannot_be_changed() {
    let job = |annotations: &str, image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: once\n  annotations: {{{annotations}}}\nspec:\n  template:\n    \
             spec:\n      restartPolicy: Never\n      containers:\n      - name: main\n        image: {image}\n"
        )
    };
    on_each(&[("app/job.yaml", &job("", "busybox:1"))], |place| {
        let file = place.application("", "");
        place.syncs(&file);
        let before = uid(&place.must_have("batch/v1", "Job", "once"));
        place.commit(&[("app/job.yaml", &job("", "busybox:2"))]);
        place.run(["sync", &file]).exits(1).says("immutable");
        for (options, image) in [("Force=true", "busybox:2"), ("\"Force=true,Replace=true\"", "busybox:3")] {
            let annotation = format!("argocd.argoproj.io/sync-options: {options}");
            place.commit(&[("app/job.yaml", &job(&annotation, image))]);
            place.syncs(&file);
            let after = place.must_have("batch/v1", "Job", "once");
            assert_ne!(uid(&after), before, "{options}");
            assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["image"], image);
        }
    });
}

#[test]
fn a_rehearsal_finds_what_is_refused_before_anything_is_written() {
    let job = |image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: once\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      \
             containers: [{{name: main, image: \"{image}\"}}]\n"
        )
    };
    on_each(&[("app/job.yaml", &job("a:1"))], |place| {
        let file = place.application("", "");
        place.syncs(&file);
        place.commit(&[("app/job.yaml", &job("a:2")), ("app/config.yaml", &config("", "sky: blue"))]);
        place.run(["sync", &file, "--rehearse"]).exits(1).says("immutable");
        assert!(place.live(CONFIG.0, CONFIG.1, CONFIG.2).is_none());
        place.run(["sync", &file]).exits(1).says("immutable");
        assert!(place.live(CONFIG.0, CONFIG.1, CONFIG.2).is_some(), "what comes before is written without a rehearsal");
    });
}

#[test]
fn client_side_apply_keeps_what_it_applied_beside_the_object() {
    let web = |replicas: &str, args: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  {replicas}selector: {{matchLabels: {{app: web}}}}\n  \
             template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: main\n        image: a\n        {args}\n"
        )
    };
    let secret = |data: &str| format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData: {{{data}}}\n");
    let (first, key) = (web("replicas: 2\n  ", "args: [x]"), secret("user: ada, word: canary"));
    on_each(&[("app/web.yaml", &first), ("app/secret.yaml", &key)], |place| {
        let file = place.application("    - ServerSideApply=false\n", "");
        place.syncs(&file);
        let made = place.must_have("apps/v1", "Deployment", "web");
        let annotation = made["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap();
        assert!(annotation.contains("\"replicas\":2"), "{annotation}");
        assert!(owns(&made, "gitops-engine", "Update") && !owns(&made, "gitops-engine", "Apply"));

        // What somebody else adds stays; what was applied and is no longer desired goes.
        place.patch(("apps/v1", "Deployment", "web"), &json!({"spec": {"minReadySeconds": 1}}), "somebody");
        place.run(["diff", &file]).exits(0);
        place.commit(&[
            ("app/web.yaml", &web("", "env: [{name: A, value: b}]")),
            ("app/secret.yaml", &secret("user: ada")),
        ]);
        let differs = place.run(["diff", &file]).exits(1).says("replicas").says("args").says("word");
        assert!(!format!("{}{}", differs.stdout, differs.stderr).contains("canary"));
        place.syncs(&file);
        let spec = place.must_have("apps/v1", "Deployment", "web")["spec"].clone();
        assert_eq!((&spec["replicas"], &spec["minReadySeconds"]), (&json!(1), &json!(1)));
        let container = &spec["template"]["spec"]["containers"][0];
        assert!(container["args"].is_null() && container["env"][0]["value"] == "b", "{container}");

        // Back to the server's apply, which gives up what it does not have any more.
        let file = place.application("", "");
        place.commit(&[("app/web.yaml", &web("", ""))]);
        place.syncs(&file);
        let now = place.must_have("apps/v1", "Deployment", "web");
        assert!(now["spec"]["template"]["spec"]["containers"][0]["env"].is_null());
        assert!(owns(&now, "gitops-engine", "Apply") && !owns(&now, "gitops-engine", "Update"));
    });
}

#[test]
fn what_kubectl_applied_changes_hands_and_its_fields_go() {
    let by_hand = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "colours"}, "data": {"sky": "blue", "sea": "green"}});
    on_each(&[("app/config.yaml", &config("", "sky: blue"))], |place| {
        place.make_namespace();
        place.kubectl_apply(&by_hand);
        assert!(owns(&place.must_have(CONFIG.0, CONFIG.1, CONFIG.2), "kubectl-client-side-apply", "Update"));
        let file = place.application("", "");
        place.run(["diff", &file]).exits(1).says("sea");
        place.syncs(&file);
        assert_eq!(data(place), json!({"sky": "blue"}));
        let now = place.must_have(CONFIG.0, CONFIG.1, CONFIG.2);
        assert!(owns(&now, "gitops-engine", "Apply") && !owns(&now, "kubectl-client-side-apply", "Update"));
    });
}

#[test]
fn a_migration_that_is_switched_off_leaves_what_kubectl_applied() {
    let by_hand = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "colours"}, "data": {"sky": "blue", "sea": "green"}});
    on_each(&[("app/config.yaml", &config("", "sky: blue"))], |place| {
        place.make_namespace();
        place.kubectl_apply(&by_hand);
        let file = place.application("    - ClientSideApplyMigration=false\n", "");
        place.syncs(&file);
        assert_eq!(data(place), json!({"sky": "blue", "sea": "green"}));
    });
}

#[test]
fn the_application_may_name_another_manager_to_take_over_from() {
    on_each(&[("app/config.yaml", &config("", "sky: blue"))], |place| {
        let annotation = "argocd.argoproj.io/client-side-apply-migration-manager: painter";
        let file = place.application("", annotation);
        place.syncs(&file);
        place.patch(CONFIG, &json!({"data": {"sea": "green"}}), "painter");
        place.patch(CONFIG, &json!({"data": {"grass": "green"}}), "somebody");
        place.run(["diff", &file]).exits(1).says("sea");
        place.syncs(&file);
        assert_eq!(data(place), json!({"sky": "blue", "grass": "green"}));
    });
}

#[test]
fn deleted_objects_leave_what_they_own_as_the_policy_says() {
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector: {matchLabels: {app: web}}\n  \
        template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: main, image: a}]\n";
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n";
    let files = [("app/web.yaml", web), ("app/other.yaml", other)];
    on_each(&files, |place| {
        let file = place.application("    - PrunePropagationPolicy=orphan\n", "");
        place.syncs(&file);
        let set = replica_set(place);
        place.commit(&[("app/web.yaml", "")]);
        place.syncs(&file);
        assert!(place.live("apps/v1", "Deployment", "web").is_none());
        assert!(place.live("apps/v1", "ReplicaSet", &set).is_some(), "what the object owned stays");
    });
    on_each(&files, |place| {
        let file = place.application("    - PrunePropagationPolicy=foreground\n", "");
        place.syncs(&file);
        let set = replica_set(place);
        place.commit(&[("app/web.yaml", "")]);
        place.syncs(&file);
        assert!(place.live("apps/v1", "ReplicaSet", &set).is_none(), "what the object owned went first");
    });
}

/// The name of the only ReplicaSet.
fn replica_set(place: &Place) -> String {
    place.names("apps/v1", "ReplicaSet").first().unwrap().clone()
}

#[test]
fn what_does_not_count_is_not_written_over_where_that_is_asked_for() {
    for (option, sky) in [("RespectIgnoreDifferences=true", "grey"), ("RespectIgnoreDifferences=false", "blue")] {
        on_each(&[("app/config.yaml", &config("", "sky: blue"))], |place| {
            let more = format!(
                "  ignoreDifferences:\n  - kind: ConfigMap\n    jsonPointers: [/data/sky]\n  syncPolicy:\n    \
                 syncOptions: [CreateNamespace=true, {option}]\n"
            );
            let file = place.named(place.namespace(), "app", &more, "");
            place.syncs(&file);
            place.patch(CONFIG, &json!({"data": {"sky": "grey"}}), "somebody");
            place.run(["diff", &file]).exits(0);
            place.commit(&[("app/config.yaml", &config("", "sky: blue, sea: green"))]);
            place.syncs(&file);
            assert_eq!(data(place), json!({"sky": sky, "sea": "green"}), "{option}");
        });
    }
}

#[test]
fn what_trusted_managers_set_is_left_to_them_where_that_is_asked_for() {
    let web = |replicas: u32, image: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: \
             web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers: [{{name: main, image: \"{image}\"}}]\n"
        )
    };
    const WEB: (&str, &str, &str) = ("apps/v1", "Deployment", "web");
    for (option, replicas) in [("RespectIgnoreDifferences=true", 4), ("RespectIgnoreDifferences=false", 2)] {
        on_each(&[("app/web.yaml", &web(2, "a:1"))], |place| {
            let more = format!(
                "  ignoreDifferences:\n  - group: apps\n    kind: Deployment\n    managedFieldsManagers: [scaler]\n  \
                 syncPolicy:\n    syncOptions: [CreateNamespace=true, {option}]\n"
            );
            let file = place.named(place.namespace(), "app", &more, "");
            place.syncs(&file);
            place.patch(WEB, &json!({"spec": {"replicas": 4}}), "scaler");
            place.run(["diff", &file]).exits(0);
            place.run(["sync", &file]).exits(0).says("nothing to do");
            // What the manager does not own is the source's as ever.
            place.patch(WEB, &json!({"spec": {"minReadySeconds": 1, "paused": true}}), "somebody");
            place.commit(&[("app/web.yaml", &format!("{}  paused: false\n", web(2, "a:2")))]);
            place.run(["diff", &file]).exits(1).says("image").says("paused");
            place.syncs(&file);
            let spec = place.must_have(WEB.0, WEB.1, WEB.2)["spec"].clone();
            assert_eq!((&spec["replicas"], &spec["minReadySeconds"]), (&json!(replicas), &json!(1)), "{option}");
            assert_eq!(spec["template"]["spec"]["containers"][0]["image"], "a:2");
            assert!(spec["paused"].is_null() || spec["paused"] == false);
            let now = place.must_have(WEB.0, WEB.1, WEB.2);
            assert!(owns(&now, "scaler", "Update") == (replicas == 4), "{option}");
        });
    }
}

#[test]
fn an_object_beside_the_source_may_be_tolerated() {
    let kept = |options: &str| config(&format!("argocd.argoproj.io/compare-options: {options}"), "sky: blue");
    for (options, status) in [("IgnoreExtraneous", "Synced"), ("None", "OutOfSync")] {
        on_each(
            &[("app/config.yaml", &kept(options)), ("app/other.yaml", &kept("x").replace("colours", "other"))],
            |place| {
                let more = "  syncPolicy:\n    syncOptions: [CreateNamespace=true]\n";
                let file = place.named(place.namespace(), "app", more, "");
                place.syncs(&file);
                place.commit(&[("app/config.yaml", "")]);
                place.run(["sync", &file]).exits(0).says("pruning is off");
                let shown = place.run(["app", "get", place.namespace(), "-o", "json", "--refresh"]).exits(0).json();
                assert_eq!(shown["status"]["sync"]["status"], status);
            },
        );
    }
}
