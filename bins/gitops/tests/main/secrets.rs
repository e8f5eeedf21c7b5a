//! Tokens that are planted in Secrets come out nowhere: not in a plan, a difference, an error, a log or a file.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use serde_json::json;

use crate::workbench::{CONFIG, CREATE_NAMESPACE, Run, Workbench, finish};

const TOKENS: [&str; 4] =
    ["canary-in-data-0a1b", "canary-in-string-data-2c3d", "canary-in-last-applied-4e5f", "canary-moved-6a7b"];

fn encoded(token: &str) -> String {
    STANDARD.encode(token)
}

fn secret(data: &str) -> String {
    let last =
        format!(r#"{{"kind":"Secret","stringData":{{"x":"{}"}},"data":{{"y":"{}"}}}}"#, TOKENS[2], encoded(TOKENS[2]));
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\n  annotations:\n    \
         kubectl.kubernetes.io/last-applied-configuration: '{last}'\ndata:\n  password: {}\nstringData:\n  token: {}\n",
        encoded(data),
        TOKENS[1]
    )
}

#[track_caller]
fn silent(what: &str, text: &str) {
    for token in TOKENS {
        for form in [token.to_owned(), encoded(token)] {
            assert!(!text.contains(&form), "{what} holds {form}:\n{text}");
        }
    }
}

/// Runs with every log switched on.
fn run(bench: &Workbench, arguments: &[&str]) -> Run {
    let mut command = bench.command();
    let run =
        finish(command.env("GITOPS_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1").args(arguments));
    silent(&format!("standard output of {arguments:?}"), &run.stdout);
    silent(&format!("standard error of {arguments:?}"), &run.stderr);
    run
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn no_output_and_no_file_holds_a_secret() {
    let mut bench = Workbench::with([("app/secret.yaml", secret(TOKENS[0]).as_str())]);
    let file = bench.application("app", CREATE_NAMESPACE);
    for format in ["text", "json", "html", "dot"] {
        run(&bench, &["plan", &file, "-o", format]).exits(0).says("key");
    }
    run(&bench, &["plan", &file, "--out", "plan.json"]).exits(0);
    silent("a saved plan", &fs::read_to_string(bench.path().join("plan.json")).unwrap());
    run(&bench, &["-vv", "apply", "plan.json"]).exits(0);
    bench.repository.commit([("app/secret.yaml", secret(TOKENS[3]).as_str())]).unwrap();
    for format in ["text", "json", "json-patch", "html"] {
        run(&bench, &["diff", "web", "-o", format]).exits(1).says("key");
    }
    run(&bench, &["sync", "web", "-o", "json"]).exits(0);
    for format in ["text", "wide", "name", "json", "yaml"] {
        run(&bench, &["app", "get", "web", "-o", format]).exits(0);
    }
    for arguments in
        [&["app", "manifests", "web"][..], &["app", "manifests", "web", "--source", "live"], &["render", "web"]]
    {
        run(&bench, arguments).exits(0).says("key");
    }
    for format in ["text", "wide", "json"] {
        run(&bench, &["history", "-o", format]).exits(0);
    }
    for format in ["text", "wide", "name", "json", "yaml"] {
        run(&bench, &["app", "history", "web", "-o", format]).exits(0);
        run(&bench, &["app", "list", "-o", format]).exits(0);
    }
    run(&bench, &["app", "rollback", "web"]).exits(0);
    for path in files(&bench.data()) {
        // The cluster's own store is the one place where the live Secret lies.
        if !path.file_name().unwrap().to_string_lossy().starts_with("cluster.db") {
            silent(&path.display().to_string(), &String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn no_error_holds_a_secret() {
    let broken = [
        secret(TOKENS[0]).replace("data:\n", "data: [\n"),
        secret(TOKENS[0]).replace("name: key", "name: Not_A_Name"),
        secret(TOKENS[0]).replace("password: ", "password: %%"),
        secret(TOKENS[0]).replace("password: ", "pass word: "),
        secret(TOKENS[0]).replace("kind: Secret", "kind: Secret\ntype: kubernetes.io/tls"),
        secret(TOKENS[0]).replace("stringData:\n  token", "stringData:\n  - token"),
        secret(TOKENS[0]).replace("token: ", "token: !!int "),
        secret(TOKENS[0]).replace("token: ", "token: !!timestamp "),
        secret(TOKENS[0]).replace("token: ", "token: *nowhere "),
        secret(TOKENS[0]).replace("token: ", "token: {a: ").replace("4e5f\n", "4e5f}\n"),
        format!(
            "apiVersion: v1\nkind: List\nitems:\n- {}",
            secret(TOKENS[0]).replace("kind: Secret", "kind: [Secret]").replace('\n', "\n  ")
        ),
    ];
    for text in broken {
        let bench = Workbench::with([("app/secret.yaml", text.as_str())]);
        let file = bench.application("app", CREATE_NAMESPACE);
        let refused = run(&bench, &["sync", &file]);
        assert_ne!(refused.code, 0, "{text}\n{}{}", refused.stdout, refused.stderr);
    }
}

/// What a build or an evaluation says of its failure quotes no value either.
#[test]
fn no_error_of_a_generator_holds_a_secret() {
    let [token, ..] = TOKENS;
    let generator = |more: &str| format!("secretGenerator:\n- name: key\n  literals: [\"a={token}\"]\n{more}");
    let patch = |patch: &str| generator(&format!("patches:\n- target: {{kind: Secret}}\n  patch: |\n    {patch}\n"));
    for (name, text) in [
        ("kustomization.yaml", generator("").replace("a=", "")),
        ("kustomization.yaml", generator("").replace("a=", "%:=")),
        ("kustomization.yaml", generator("  type: kubernetes.io/tls\n")),
        ("kustomization.yaml", patch(&format!("[{{op: test, path: /data/a, value: {token}}}]"))),
        ("kustomization.yaml", patch(&format!("[{{op: add, path: /data/a/b, value: {token}}}]"))),
        ("kustomization.yaml", patch(&format!("{{stringData: [{token}]}}"))),
        ("secret.jsonnet", format!("{{kind: 'Secret', stringData: {{token: '{token}' + error 'broken'}}}}")),
        ("secret.jsonnet", format!("{{kind: 'Secret', stringData: {{token: '{token}'.field}}}}")),
        ("secret.jsonnet", format!("{{kind: 'Secret', stringData: {{token: '{token}\n")),
        ("secret.json", format!("{{\"kind\": \"Secret\", \"stringData\": {{\"token\": \"{token}\" \"x\"}}}}")),
    ] {
        let path = format!("app/{name}");
        let bench = Workbench::with([(path.as_str(), text.as_str())]);
        let file = bench.application("app", CREATE_NAMESPACE);
        let refused = run(&bench, &["sync", &file]);
        assert_ne!(refused.code, 0, "{text}\n{}{}", refused.stdout, refused.stderr);
    }
}

/// The cluster refuses the write, and says so without the value.
#[test]
fn no_refusal_of_the_cluster_holds_a_secret() {
    let sealed = |token| format!("{}immutable: true\n", secret(token));
    let mut bench = Workbench::with([("app/secret.yaml", sealed(TOKENS[0]).as_str())]);
    let file = bench.application("app", CREATE_NAMESPACE);
    run(&bench, &["sync", &file]).exits(0);
    bench.repository.commit([("app/secret.yaml", sealed(TOKENS[3]).as_str())]).unwrap();
    run(&bench, &["sync", "web"]).exits(1).says("422 Invalid: data");
    run(&bench, &["app", "get", "web", "-o", "json"]).exits(0).says("422 Invalid: data");
    run(&bench, &["history", "-o", "wide"]).exits(0).says("SyncFailed");
}

/// What somebody wrote by hand is no more to be seen than what Git has.
#[test]
fn drift_and_pruning_show_no_secret() {
    let mut bench = Workbench::with([("app/secret.yaml", secret(TOKENS[0]).as_str())]);
    let file = bench.application("app", CREATE_NAMESPACE);
    run(&bench, &["sync", &file]).exits(0);
    bench.edit(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "shop"},
        "data": {"password": encoded(TOKENS[3]), "more": encoded(TOKENS[3])},
    }));
    for format in ["text", "json", "json-patch", "html"] {
        run(&bench, &["app", "diff", "web", "-o", format]).exits(1).says("password");
    }
    run(&bench, &["app", "manifests", "web", "--source", "live"]).exits(0).says("password");
    run(&bench, &["app", "sync", "web", "-o", "json"]).exits(0).says("password");
    bench.repository.commit([("app/config.yaml", CONFIG)]).unwrap();
    bench.repository.remove(["app/secret.yaml"]).unwrap();
    for format in ["text", "json", "html", "dot"] {
        run(&bench, &["plan", "web", "--prune", "-o", format]).exits(0).says("key");
    }
    for format in ["text", "json", "json-patch", "html"] {
        run(&bench, &["diff", "web", "-o", format]).exits(1).says("key");
    }
    run(&bench, &["sync", "web", "--prune"]).exits(0).says("pruned");
    run(&bench, &["app", "delete", "web", "--yes"]).exits(0);
    run(&bench, &["history", "-o", "wide"]).exits(0).says("key");
}

#[test]
fn values_are_rendered_where_they_are_asked_for() {
    let bench = Workbench::with([("app/secret.yaml", secret(TOKENS[0]).as_str())]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["render", &file, "--show-secrets"]).exits(0).says(&encoded(TOKENS[0]));
}
