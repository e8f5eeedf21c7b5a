//! Tokens that are planted in Secrets come out nowhere: not in a plan, a difference, an error, a log or a file.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::workbench::{CREATE_NAMESPACE, Run, Workbench, finish};

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
    let run = finish(command.env("GITOPS_LOG", "trace").env("RUST_BACKTRACE", "1").args(arguments));
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
    run(&bench, &["history", "-o", "json"]).exits(0).says("key");
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
    ];
    for text in broken {
        let bench = Workbench::with([("app/secret.yaml", text.as_str())]);
        let file = bench.application("app", CREATE_NAMESPACE);
        let refused = run(&bench, &["sync", &file]);
        assert_ne!(refused.code, 0, "{text}\n{}{}", refused.stdout, refused.stderr);
    }
}

#[test]
fn values_are_rendered_where_they_are_asked_for() {
    let bench = Workbench::with([("app/secret.yaml", secret(TOKENS[0]).as_str())]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["render", &file, "--show-secrets"]).exits(0).says(&encoded(TOKENS[0]));
}
