//! Commands on Applications: words, formats, exit codes, rollback.

use serde_json::{Value, json};

use crate::workbench::{CONFIG, CREATE_NAMESPACE, Workbench};

fn synced() -> Workbench {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    bench
}

fn sky(bench: &Workbench) -> Value {
    bench.live("v1", "ConfigMap", "colours").unwrap().get(&["data", "sky"]).cloned().unwrap()
}

#[test]
fn every_list_has_every_format() {
    let bench = synced();
    for list in [&["app", "list"][..], &["app", "get", "web"], &["app", "history", "web"]] {
        for format in ["text", "wide", "name", "json", "yaml"] {
            let run = bench.run(list.iter().chain(&["-o", format])).exits(0);
            assert!(!run.stdout.trim().is_empty(), "{list:?} -o {format}");
            match format {
                "json" => drop(run.json()),
                "yaml" => drop(serde_yaml::from_str::<serde_yaml::Value>(&run.stdout).unwrap()),
                _ => {}
            }
        }
        bench.run(list.iter().chain(&["-o", "xml"])).exits(2).says("xml");
    }
    assert_eq!(bench.run(["app", "list", "-o", "name"]).stdout.trim(), "argocd/web");
    bench.run(["app", "manifests", "web"]).exits(0).says("sky: blue");
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let bench = synced();
    bench.run(["diff", "web"]).exits(0);
    bench.edit(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "colours", "namespace": "shop"},
        "data": {"sky": "green"},
    }));
    for format in ["text", "json", "json-patch", "html"] {
        bench.run(["diff", "web", "-o", format]).exits(1).says("green");
    }
    bench.run(["diff", "web", "--exit-code=false"]).exits(0).says("green");
    bench.run(["app", "diff", "web"]).exits(1);
    bench.run(["diff", "nobody"]).exits(2).says("nobody").says("hint:");
    bench.run(["frobnicate"]).exits(2);
}

#[test]
fn every_command_has_help_and_every_shell_a_completion() {
    let bench = Workbench::new();
    let commands = ["sync", "plan", "apply", "diff", "render", "build", "app", "history", "demo", "completion"];
    for command in commands {
        bench.run([command, "--help"]).exits(0).says("Usage:");
    }
    for command in ["list", "get", "create", "sync", "diff", "history", "rollback", "delete", "manifests"] {
        bench.run(["app", command, "--help"]).exits(0).says("Usage:");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        bench.run(["completion", shell]).exits(0).says("rollback");
    }
    assert!(!bench.data().exists(), "help writes nothing");
}

#[test]
fn applications_are_created_synced_and_deleted_by_flags() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let url = bench.repository.url();
    let create = ["app", "create", "web", "--repo", &url, "--path", "app", "--dest-namespace", "shop"];
    bench.run(create.iter().chain(&["--sync-option", "CreateNamespace=true"])).exits(0);
    bench.run(create).exits(2).says("--upsert");
    bench.run(["app", "sync", "web"]).exits(0);
    bench.run(["app", "delete", "web", "--yes"]).exits(0);
    assert!(bench.live("v1", "ConfigMap", "colours").is_none());
    bench.run(["app", "get", "web"]).exits(2);
}

#[test]
fn a_rollback_quarantines_the_commit_that_it_leaves() {
    let mut bench = synced();
    bench.repository.commit([("app/config.yaml", CONFIG.replace("blue", "grey").as_str())]).unwrap();
    bench.run(["sync", "web"]).exits(0);
    assert_eq!(sky(&bench), "grey");
    bench.run(["app", "rollback", "web"]).exits(0);
    assert_eq!(sky(&bench), "blue");
    bench.run(["sync", "web"]).says("quarantine");
    assert_eq!(sky(&bench), "blue", "a quarantined commit is not deployed again");
    bench.repository.commit([("app/config.yaml", CONFIG.replace("blue", "white").as_str())]).unwrap();
    bench.run(["sync", "web"]).exits(0);
    assert_eq!(sky(&bench), "white", "the next commit is");
}

#[test]
fn a_rollback_can_write_the_revert_commit() {
    let mut bench = synced();
    let bad = bench.repository.commit([("app/config.yaml", CONFIG.replace("blue", "grey").as_str())]).unwrap();
    bench.run(["sync", "web"]).exits(0);
    bench.run(["app", "rollback", "web", "--revert"]).exits(0);
    let head = bench.repository.git().resolve("HEAD").unwrap();
    assert_ne!(head.id, bad.id);
    assert!(head.message.contains(&bad.id.to_string()), "{}", head.message);
    bench.run(["sync", "web"]).exits(0);
    assert_eq!(sky(&bench), "blue");
}

#[test]
fn the_audit_trail_says_who_when_what_and_which_fields() {
    let mut bench = synced();
    bench.repository.commit([("app/config.yaml", CONFIG.replace("blue", "grey").as_str())]).unwrap();
    bench.run(["sync", "web"]).exits(0);
    let lines = bench.run(["history", "-o", "json"]).exits(0).stdout;
    let records: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(records.len() >= 2, "{lines}");
    let last = records.iter().rev().find(|record| !record["changes"].as_array().unwrap().is_empty()).unwrap();
    assert_eq!(last["initiator"], "ada");
    assert!(last["time"].as_str().unwrap().starts_with("20"), "{last}");
    assert!(last.to_string().contains(".data.sky"), "{last}");
    let commit = bench.repository.git().resolve("HEAD").unwrap().id.to_string();
    assert!(last["commits"].to_string().contains(&commit), "{last}");
}

#[test]
fn the_initiator_is_named_where_the_environment_says_nothing() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    let mut command = bench.command();
    crate::workbench::finish(command.env_remove("USER").args(["sync", &file])).exits(0);
    let lines = bench.run(["history", "-o", "json"]).exits(0).stdout;
    assert!(!lines.contains("\"unknown\""), "{lines}");
}

#[test]
fn what_git_gives_up_right_after_the_first_sync_goes() {
    let two = format!("{CONFIG}  sea: green\n");
    let secret = CONFIG.replace("ConfigMap", "Secret").replace("blue", "Ymx1ZQ==");
    let more = format!("{secret}  sea: Ymx1ZQ==\n");
    let mut bench = Workbench::with([("app/config.yaml", two.as_str()), ("app/secret.yaml", more.as_str())]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    bench.repository.commit([("app/config.yaml", CONFIG), ("app/secret.yaml", secret.as_str())]).unwrap();
    bench.run(["diff", "web"]).exits(1).says(".data.sea");
    bench.run(["sync", "web"]).exits(0).says("no longer in Git");
    let live = bench.live("v1", "ConfigMap", "colours").unwrap();
    assert_eq!(live.get(&["data"]), Some(&json!({"sky": "blue"})));
    let live = bench.live("v1", "Secret", "colours").unwrap();
    assert_eq!(live.secret_data().keys().collect::<Vec<_>>(), ["sky"]);
    bench.run(["sync", "web"]).exits(0).says("nothing to do");
    bench.repository.commit([("app/config.yaml", CONFIG.replace("blue", "grey").as_str())]).unwrap();
    bench.run(["sync", "web"]).exits(0).says("changed in Git");
    bench.run(["sync", "web"]).exits(0).says("nothing to do");
}

#[test]
fn a_dry_run_writes_nothing() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file, "--dry-run"]).exits(0).says("colours");
    assert!(bench.live("v1", "ConfigMap", "colours").is_none());
}

#[test]
fn what_git_gives_up_of_a_workload_right_after_the_first_sync_goes() {
    let deployment = |env: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n    matchLabels:\n      \
             app: web\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n      - \
             name: web\n        image: nginx\n        env:\n        - name: A\n          value: a\n{env}"
        )
    };
    let both = deployment("        - name: B\n          value: b\n");
    let mut bench = Workbench::with([("app/web.yaml", both.as_str())]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    bench.run(["diff", "web"]).exits(0);
    bench.repository.commit([("app/web.yaml", deployment("").as_str())]).unwrap();
    bench.run(["diff", "web"]).exits(1).says("env[name=\"B\"]");
    bench.run(["sync", "web"]).exits(0);
    let live = bench.live("apps/v1", "Deployment", "web").unwrap();
    let env = live.get(&["spec", "template", "spec", "containers"]).unwrap()[0]["env"].clone();
    assert_eq!(env, json!([{"name": "A", "value": "a"}]));
    bench.run(["diff", "web"]).exits(0);
    bench.run(["sync", "web"]).exits(0).says("nothing to do");
}
