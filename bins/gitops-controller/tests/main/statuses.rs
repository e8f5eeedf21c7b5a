//! The status of Applications beside what Argo CD's controller wrote for the same sources on the same kind of control plane.
//! Where these recordings are not there, nor a control plane, the tests say that they were skipped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::bench::{Bench, bench};

/// How long a status may take to be reached: what fails is tried again after ten seconds, and then after twenty.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(90);

/// Fields that hold a moment.
const TIMES: [&str; 6] =
    ["deployStartedAt", "deployedAt", "finishedAt", "lastTransitionTime", "reconciledAt", "startedAt"];

/// The sources of the recordings that are of no application among the recorded ones.
const OTHERS: [(&str, &str); 2] = [
    (
        "hookfail/all.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: pre-\n  annotations: {argocd.argoproj.io/hook: PreSync}\n\
         spec:\n  template:\n    spec:\n      containers: [{name: main, image: busybox}]\n      restartPolicy: Never\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: after}\ndata: {a: b}\n",
    ),
    (
        "broken/all.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ok}\n---\napiVersion: v1\nkind: Widget\nmetadata: {name: none}\n",
    ),
];

fn recorded(folder: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance").join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no recordings");
    None
}

/// All files of a folder by their paths in it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let (mut files, mut waiting) = (BTreeMap::new(), vec![folder.to_path_buf()]);
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                files.insert(path.strip_prefix(folder).unwrap().display().to_string(), text);
            }
        }
    }
    files
}

/// An Application as Argo CD left it.
struct Recording {
    application: Value,
}

impl Recording {
    fn read(name: &str) -> Option<Self> {
        let text = fs::read_to_string(recorded("argo/status-examples")?.join(format!("{name}.json"))).unwrap();
        Some(Self { application: serde_json::from_str(&text).unwrap() })
    }

    /// The same with another word for what became of an object.
    fn with_words(self, from: &str, to: &str) -> Self {
        let text = self.application.to_string();
        assert!(text.contains(from), "{from} in {text}");
        Self { application: serde_json::from_str(&text.replace(from, to)).unwrap() }
    }

    fn name(&self) -> &str {
        self.application["metadata"]["name"].as_str().unwrap()
    }

    fn revision(&self) -> &str {
        self.application["status"]["sync"]["revision"].as_str().unwrap()
    }

    /// The sources of all recordings, with an Application of its spec.
    fn bench(&self) -> Option<Bench> {
        let files = files(&recorded("real-apps")?);
        let bench = bench(files.iter().map(|(path, text)| (path.as_str(), text.as_str())).chain(OTHERS))?;
        let (spec, path) = (&self.application["spec"], self.application["spec"]["source"]["path"].as_str().unwrap());
        let mut source = spec["source"].clone();
        source["repoURL"] = bench.repository.url().into();
        bench.define(path, &json!({"source": source, "syncPolicy": spec["syncPolicy"]}));
        Some(bench)
    }

    /// How the bench's Application differs from it, field by field.
    fn differences(&self, bench: &Bench) -> Vec<String> {
        let head = bench.repository.git().resolve("main").unwrap().id.to_string();
        let first = bench.field("/status/history/0/revision");
        let mut text = bench.field("/status").to_string();
        text = text.replace(&bench.repository.url(), "file:///repo").replace(&bench.name, self.name());
        let mut expected = self.application["status"].to_string();
        for (revision, name) in [(Some(head.as_str()), "HEAD"), (first.as_str(), "FIRST")] {
            let Some(revision) = revision else { continue };
            text = text.replace(revision, name).replace(&revision[..7], &name.to_lowercase());
        }
        let first = self.application["status"]["history"][0]["revision"].as_str();
        for (revision, name) in [(Some(self.revision()), "HEAD"), (first, "FIRST")] {
            let Some(revision) = revision.filter(|revision| revision.len() == 40) else { continue };
            expected = expected.replace(revision, name).replace(&revision[..7], &name.to_lowercase());
        }
        let (mut found, mut expected): (Value, Value) =
            (serde_json::from_str(&text).unwrap(), serde_json::from_str(&expected).unwrap());
        mask(&mut found);
        mask(&mut expected);
        leave_out(&mut expected);
        let mut differences = Vec::new();
        compare("", &expected, &found, &mut differences);
        differences
    }

    /// Waits until they are the same, and fails with what is not.
    #[track_caller]
    fn is_reached(&self, bench: &Bench) {
        let begun = std::time::Instant::now();
        let mut differences = self.differences(bench);
        while !differences.is_empty() && begun.elapsed() < PATIENCE {
            std::thread::sleep(std::time::Duration::from_millis(100));
            differences = self.differences(bench);
        }
        assert!(differences.is_empty(), "{}: {differences:#?}", self.name());
    }
}

/// Takes out what Argo CD tells and this engine does not: results of objects that needed no write.
fn leave_out(expected: &mut Value) {
    if let Some(results) = expected.pointer_mut("/operationState/syncResult/resources").and_then(Value::as_array_mut) {
        results.retain(|one| !one["message"].as_str().is_some_and(|message| message.ends_with(" unchanged")));
    }
}

/// The words of a failure without the names of the objects, which Argo CD does not put before them.
fn words(message: &str) -> String {
    let (begin, reasons) = message.split_once("reason: ").unwrap_or(("", message));
    let reasons = reasons.split(',').map(|reason| {
        reason.strip_prefix('`').and_then(|rest| rest.split_once("`: ")).map_or(reason, |(_, rest)| rest)
    });
    let reasons: std::collections::BTreeSet<_> = reasons.collect();
    format!("{begin}{}", reasons.into_iter().collect::<Vec<_>>().join(","))
}

fn is_tried_again(message: &str) -> bool {
    message.contains(" Retrying attempt #")
}

/// Puts marks in the place of what is another in each run: moments, the end of a name that is made of one, what a library says of
/// a failure, and how far a Deployment was.
fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(text) if TIMES.contains(&key.as_str()) => *text = "TIME".into(),
                    Value::String(text) if key == "message" => {
                        if let Some((begin, _)) = text.clone().split_once(" for source 1 of 1: ") {
                            *text = begin.into();
                        }
                        if let Some((begin, _)) = text.clone().rsplit_once(" at ").filter(|_| is_tried_again(text)) {
                            *text = format!("{begin} at TIME");
                        }
                        *text = words(text);
                    }
                    Value::String(text) if key == "name" => {
                        if let Some((begin, end)) = text.clone().rsplit_once('-')
                            && end.len() == 10
                            && end.bytes().all(|byte| byte.is_ascii_digit())
                        {
                            *text = format!("{begin}-TIME");
                        }
                    }
                    Value::String(text) if key == "status" && text == "Progressing" => *text = "Healthy".into(),
                    _ => mask(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(mask),
        _ => {}
    }
}

fn compare(path: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let keys: std::collections::BTreeSet<_> = expected.keys().chain(found.keys()).collect();
            for key in keys {
                let part = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                compare(&format!("{path}/{key}"), &part(expected), &part(found), differences);
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(&format!("{path}/{index}"), expected, found, differences);
            }
        }
        _ if expected == found => {}
        _ => differences.push(format!("{path}: Argo CD has {expected}, here is {found}")),
    }
}

#[track_caller]
fn first(recording: &str) {
    let Some(recording) = Recording::read(recording) else { return };
    let Some(bench) = recording.bench() else { return };
    recording.is_reached(&bench);
}

#[test]
fn a_first_sync_of_a_directory() {
    let Some(recording) = Recording::read("guestbook-first") else { return };
    let Some(mut bench) = recording.bench() else { return };
    recording.is_reached(&bench);
    bench.kubectl(&["scale", "deployment/guestbook-ui", "--replicas=3"]).unwrap();
    Recording::read("guestbook-after-selfheal").unwrap().is_reached(&bench);
    bench.repository.commit([("elsewhere/note.txt", "nothing")]).unwrap();
    bench.refresh();
    Recording::read("guestbook-after-unrelated-commit").unwrap().is_reached(&bench);
}

#[test]
fn a_first_sync_of_a_kustomization_and_a_prune() {
    let Some(recording) = Recording::read("kust-first") else { return };
    let Some(mut bench) = recording.bench() else { return };
    recording.is_reached(&bench);
    let path = "kustomize-guestbook/kustomization.yaml";
    let text = files(&recorded("real-apps").unwrap())[path].clone();
    let without: Vec<_> = text.lines().filter(|line| !line.contains("svc.yaml")).collect();
    bench.repository.commit([(path, without.join("\n").as_str())]).unwrap();
    bench.refresh();
    Recording::read("kust-after-prune").unwrap().is_reached(&bench);
}

#[test]
fn a_first_sync_of_a_chart() {
    first("helm-first");
}

#[test]
fn a_first_sync_of_jsonnet() {
    first("jsonnet-first");
}

#[test]
fn a_first_sync_with_hooks() {
    first("hooks-first");
}

/// Argo CD healed what it had seen before its own sync had ended; here somebody gives it something to heal.
#[test]
fn a_heal_beside_a_hook_that_is_still_there() {
    let Some(recording) = Recording::read("hookfail-first") else { return };
    let recording = recording.with_words("configmap/after unchanged", "configmap/after configured");
    let Some(bench) = recording.bench() else { return };
    bench.has("configmap/after", "{.data.a}", Some("b"));
    bench.reach("synced", || bench.field("/status/sync/status") == "Synced");
    bench.kubectl(&["patch", "configmap/after", "--type=merge", "-p", r#"{"data": {"a": "c"}}"#]).unwrap();
    recording.is_reached(&bench);
}

#[test]
fn a_kind_that_nobody_knows_is_tried_again() {
    first("broken-first");
}

#[test]
fn a_first_sync_in_waves() {
    first("waves-first");
}

#[test]
fn a_path_that_is_not_there() {
    first("nopath-first");
}

#[test]
fn a_revision_that_is_not_there() {
    first("norev-first");
}

#[test]
fn an_operation_that_does_not_create_its_namespace() {
    let Some(recording) = Recording::read("manual-first") else { return };
    let Some(bench) = recording.bench() else { return };
    recording.is_reached(&bench);
    bench.patch(&json!({"operation": {"initiatedBy": {"username": "alice"}, "sync": {"revision": "main"}}}));
    Recording::read("manual-after-operation").unwrap().is_reached(&bench);
}
