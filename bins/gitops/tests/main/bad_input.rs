//! What is wrong is said with file and line, the exit code is not zero, and nothing is changed.

use std::fs;
use std::process::Command;

use crate::workbench::{CONFIG, CREATE_NAMESPACE, Workbench, finish};

/// Syncs a good state, then a bad one: the bad one is refused in these words, and the good one stays.
#[track_caller]
fn refused(files: &[(&str, &str)], words: &[&str]) {
    let mut bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    let before = bench.objects();
    let changed = CONFIG.replace("blue", "grey");
    let files = files.iter().copied().chain([("app/config.yaml", changed.as_str())]);
    bench.repository.commit(files).unwrap();
    let mut run = bench.run(["sync", "web"]);
    assert!(run.code >= 2, "{run:?}");
    for words in words {
        run = run.says(words);
    }
    assert_eq!(bench.objects(), before, "nothing is written");
}

#[test]
fn invalid_yaml_names_file_and_line() {
    refused(&[("app/bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: [\n")], &["app/bad.yaml:"]);
    refused(
        &[("app/bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n\tdata: 1\n")],
        &["app/bad.yaml:5"],
    );
    refused(&[("app/bad.yaml", "kind: ConfigMap\nmetadata:\n  name: x\n")], &["app/bad.yaml:1", "apiVersion"]);
}

#[test]
fn huge_files_are_not_read() {
    let huge = format!("a: {}\n", "x".repeat(100 << 20));
    refused(&[("app/huge.yaml", &huge)], &["app/huge.yaml", "bytes"]);
}

#[test]
fn deep_nesting_and_alias_bombs_are_refused() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: deep}\n";
    let deep = format!("{head}data: {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    refused(&[("app/deep.yaml", &deep)], &["app/deep.yaml:4", "deep"]);
    let mut bomb = head.to_owned();
    bomb += "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for level in 1..10 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        bomb += &format!("a{level}: &a{level} [{before}]\n");
    }
    refused(&[("app/bomb.yaml", &bomb)], &["app/bomb.yaml:", "alias"]);
}

#[test]
fn looping_jsonnet_ends_within_its_limits() {
    refused(&[("app/loop.jsonnet", "local f(x) = f(x + 1) tailstrict; f(0)")], &["app/loop.jsonnet"]);
}

#[test]
fn greedy_jsonnet_ends_within_its_limits() {
    let text = "local grow(x) = grow(x + x) tailstrict; grow('0123456789')";
    refused(&[("app/grow.jsonnet", text)], &["app/grow.jsonnet"]);
}

#[test]
fn kustomizations_that_lead_nowhere_or_in_circles_are_refused() {
    refused(&[("app/kustomization.yaml", "resources:\n- nope.yaml\n")], &["app/kustomization.yaml:2", "nope.yaml"]);
    let circle =
        [("app/kustomization.yaml", "resources:\n- ../b\n"), ("b/kustomization.yaml", "resources: [../app]\n")];
    refused(&circle, &["b/kustomization.yaml:1"]);
}

#[test]
fn files_that_define_no_application_are_named_with_their_line() {
    let bench = Workbench::new();
    let deep = format!("kind: Application\nspec: {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    let huge = format!("kind: Application\nspec: {}\n", "x".repeat(100 << 20));
    for (text, words) in [
        ("", "bad.yaml: the file defines no Application"),
        ("kind: Application\n\tspec: {}\n", "bad.yaml:2"),
        ("apiVersion: v1\nkind: ConfigMap\n", "bad.yaml:1"),
        (deep.as_str(), "bad.yaml:2: nested deeper"),
        (huge.as_str(), "bad.yaml:1: the text has"),
    ] {
        fs::write(bench.path().join("bad.yaml"), text).unwrap();
        bench.run(["sync", "bad.yaml"]).exits(2).says(words);
    }
    fs::create_dir(bench.path().join("folder.yaml")).unwrap();
    bench.run(["sync", "folder.yaml"]).exits(2).says("folder.yaml");
    for text in ["", "{}", "[[[[", "{\"version\": 99}", "[".repeat(100_000).as_str()] {
        fs::write(bench.path().join("plan.json"), text).unwrap();
        bench.run(["apply", "plan.json"]).exits(2).says("plan.json");
    }
}

#[test]
fn repositories_that_are_empty_or_damaged_are_refused() {
    let bench = Workbench::new();
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(2).says("no commits");
    let mut bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    let before = bench.objects();
    bench.repository.commit([("app/config.yaml", CONFIG.replace("blue", "grey").as_str())]).unwrap();
    let folders = fs::read_dir(bench.repository.path().join(".git/objects")).unwrap();
    for folder in folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for object in fs::read_dir(folder).unwrap() {
            let path = object.unwrap().path();
            fs::remove_file(&path).unwrap();
            fs::write(path, "damaged").unwrap();
        }
    }
    let run = bench.run(["sync", "web"]).exits(2).says(&bench.repository.url());
    assert!(!run.stderr.contains("panicked") && !run.stderr.contains("no commits"), "{run:?}");
    assert_eq!(bench.objects(), before, "nothing is written");
}

#[test]
fn links_that_leave_the_repository_are_refused() {
    let mut bench = Workbench::with([("app/config.yaml", CONFIG)]);
    bench.repository.link("app/passwords.yaml", "../../../../../../../../etc/passwd").unwrap();
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(2).says("app/passwords.yaml").says("outside the repository");
}

#[test]
fn what_is_not_there_is_named() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("apq", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(2).says("apq");
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file, "--revision", "no-such-branch"]).exits(2).says("no-such-branch");
    let text = fs::read_to_string(bench.path().join(&file)).unwrap();
    fs::write(bench.path().join(&file), text.replace("targetRevision: HEAD", "targetRevision: v9.*")).unwrap();
    bench.run(["sync", &file]).exits(2).says("v9.*");
    bench.run(["sync", "missing.yaml"]).exits(2).says("missing.yaml");
}

#[test]
fn a_folder_that_is_no_repository_is_said_to_be_none() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    let text = fs::read_to_string(bench.path().join(&file)).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let address = format!("file://{}", empty.path().display());
    fs::write(bench.path().join(&file), text.replace(&bench.repository.url(), &address)).unwrap();
    bench.run(["sync", &file]).exits(2).says("repository");
    fs::write(bench.path().join(&file), text.replace(&bench.repository.url(), "file:///nowhere/at/all")).unwrap();
    bench.run(["sync", &file]).exits(2).says("/nowhere/at/all");
}

#[test]
fn wrong_fields_of_an_application_name_line_and_path() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let more = "  syncPolicy:\n    automated:\n      prune: maybe\n";
    let file = bench.application("app", more);
    let line = fs::read_to_string(bench.path().join(&file)).unwrap().lines().count();
    let words = format!("web.yaml:{line}: spec.syncPolicy.automated.prune: expected a boolean, found \"maybe\"");
    bench.run(["sync", &file]).exits(2).says(&words);
    let file = bench.application("app", "  syncPolice: {}\n");
    bench.run(["plan", &file]).exits(0).says("spec.syncPolice");
    bench.run(["plan", &file, "--strict"]).exits(2).says("spec.syncPolice");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    fs::write(bench.path().join("taken"), "a file").unwrap();
    bench.run(["--data-dir", "taken", "sync", &file]).exits(2).says("taken").says("--data-dir");
    bench.run(["--data-dir", "taken/below", "sync", &file]).exits(2).says("taken");
}

/// The size limit of files stands in for a full disk: the system refuses further bytes in the middle of a write.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let mut bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file]).exits(0);
    let big = format!("{CONFIG}  more: {}\n", "x".repeat(900_000));
    bench.repository.commit([("app/config.yaml", big.as_str())]).unwrap();
    let mut limited = Command::new("sh");
    // SIGXFSZ is ignored, so that the write fails as it does on a full disk.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 600; exec \"$0\" sync web", env!("CARGO_BIN_EXE_gitops")]);
    let run = finish(limited.current_dir(bench.path()));
    assert!(run.code > 0, "{run:?}");
    assert!(!run.stderr.contains("panicked"), "{run:?}");
    assert!(bench.live("v1", "ConfigMap", "colours").is_some());
    bench.run(["sync", "web"]).exits(0);
    let live = bench.live("v1", "ConfigMap", "colours").unwrap();
    assert!(live.get(&["data", "more"]).is_some(), "with room again, the sync goes on");
}

#[test]
fn a_secret_that_is_not_in_base64_is_refused_without_its_text() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\ndata: {token: plain-words}\n";
    let bench = Workbench::with([("app/secret.yaml", secret)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    let run = bench.run(["sync", &file]).exits(1).says("illegal base64 data");
    assert!(!format!("{run:?}").contains("plain-words"), "{run:?}");
    assert!(bench.live("v1", "Secret", "token").is_none());
}

#[test]
fn twins_and_repeated_keys_are_warned_of_and_refused_when_strict() {
    let twin = CONFIG.replace("blue", "grey");
    let bench = Workbench::with([("app/a.yaml", CONFIG), ("app/b.yaml", twin.as_str())]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file, "--strict"]).exits(2).says("app/a.yaml:1").says("app/b.yaml:1");
    assert!(bench.live("v1", "ConfigMap", "colours").is_none());
    bench.run(["sync", &file]).exits(0).says("app/a.yaml:1").says("app/b.yaml:1");
    let sky = bench.live("v1", "ConfigMap", "colours").unwrap().get(&["data", "sky"]).cloned().unwrap();
    assert_eq!(sky, "grey", "the last one counts");

    let repeated = format!("{CONFIG}  sky: white\n");
    let bench = Workbench::with([("app/a.yaml", repeated.as_str())]);
    let file = bench.application("app", CREATE_NAMESPACE);
    bench.run(["sync", &file, "--strict"]).exits(2).says("app/a.yaml:7").says("sky");
    bench.run(["sync", &file]).exits(0).says("app/a.yaml:7");
    let sky = bench.live("v1", "ConfigMap", "colours").unwrap().get(&["data", "sky"]).cloned().unwrap();
    assert_eq!(sky, "white");
}
