//! Mistakes are told with their place.

use serde_json::{Value, json};

use super::*;
use crate::api::{Application, FieldPath};

fn application(change: impl FnOnce(&mut Value)) -> Value {
    let mut value = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "web"},
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://r", "path": "app"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "web"},
            "syncPolicy": {"automated": {"prune": true}}
        }
    });
    change(&mut value);
    value
}

/// Decodes with a line that counts the steps of the path, so that it shows which path was looked up.
fn complain(value: &Value) -> Vec<String> {
    let line_of = |path: &FieldPath| Some(path.segments().len());
    let place = Place { file: "x.yaml", document: 0, line_of: &line_of };
    match decode_any_value(value, &place) {
        Ok(decoded) => decoded.problems.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn shapes_are_told_in_the_words_of_yaml() {
    let cases: [(&str, Value, &str); 14] = [
        (
            "/spec/syncPolicy/automated/prune",
            json!("maybe"),
            "x.yaml:4: spec.syncPolicy.automated.prune: expected a boolean, found \"maybe\"",
        ),
        (
            "/spec/syncPolicy/automated/prune",
            json!(1),
            "x.yaml:4: spec.syncPolicy.automated.prune: expected a boolean, found 1",
        ),
        ("/spec/syncPolicy", json!([]), "x.yaml:2: spec.syncPolicy: expected a mapping, found a list"),
        ("/spec/syncPolicy", json!("on"), "x.yaml:2: spec.syncPolicy: expected a mapping, found \"on\""),
        (
            "/spec/source/targetRevision",
            json!(1.5),
            "x.yaml:3: spec.source.targetRevision: expected a string, found 1.5",
        ),
        (
            "/spec/source/targetRevision",
            json!({"a": 1}),
            "x.yaml:3: spec.source.targetRevision: expected a string, found a mapping",
        ),
        ("/spec/info", json!({}), "x.yaml:2: spec.info: expected a list, found a mapping"),
        (
            "/spec/info",
            json!([{"name": "a", "value": "b"}, {"name": "c"}]),
            "x.yaml:4: spec.info[1].value: required field is missing",
        ),
        (
            "/spec/revisionHistoryLimit",
            json!("ten"),
            "x.yaml:2: spec.revisionHistoryLimit: expected an integer, found \"ten\"",
        ),
        (
            "/spec/revisionHistoryLimit",
            json!(1.5),
            "x.yaml:2: spec.revisionHistoryLimit: expected an integer, found 1.5",
        ),
        (
            "/spec/revisionHistoryLimit",
            json!(u64::MAX),
            "x.yaml:2: spec.revisionHistoryLimit: expected an integer, found 18446744073709551615",
        ),
        (
            "/metadata/labels",
            json!({"a.b/c": true}),
            "x.yaml:3: metadata.labels[\"a.b/c\"]: expected a string, found true",
        ),
        (
            "/metadata/creationTimestamp",
            json!("yesterday"),
            "x.yaml:2: metadata.creationTimestamp: expected a time such as 2006-01-02T15:04:05Z, found \"yesterday\"",
        ),
        (
            "/spec/source/kustomize",
            json!({"replicas": [{"name": "a", "count": 5_000_000_000_u64}]}),
            "x.yaml:6: spec.source.kustomize.replicas[0].count: expected a 32-bit integer or a string, found 5000000000",
        ),
    ];
    for (pointer, wrong, expected) in cases {
        let value = application(|value| {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            value.pointer_mut(parent).unwrap()[key] = wrong;
        });
        assert_eq!(complain(&value), [expected], "{pointer}");
    }
}

#[test]
fn required_fields_and_kinds() {
    let without = |pointer: &str, key: &str| {
        application(|value| {
            value.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(key);
        })
    };
    assert_eq!(complain(&without("", "spec")), ["x.yaml:1: spec: required field is missing"]);
    assert_eq!(complain(&without("/spec", "project")), ["x.yaml:2: spec.project: required field is missing"]);
    assert_eq!(complain(&without("", "kind")), ["x.yaml:1: kind: required field is missing"]);
    assert_eq!(
        complain(&application(|value| value["kind"] = json!("Deployment"))),
        ["x.yaml:1: kind: expected Application, AppProject or ApplicationSet, found \"Deployment\""]
    );
    assert_eq!(
        complain(&application(|value| value["apiVersion"] = json!("v1"))),
        ["x.yaml:1: apiVersion: expected \"argoproj.io/v1alpha1\", found \"v1\""]
    );
    assert_eq!(complain(&json!(["a"])), ["x.yaml:0: expected a mapping, found a list"]);
}

#[test]
fn long_texts_are_cut() {
    let value = application(|value| value["spec"]["syncPolicy"] = json!("ab".repeat(5000)));
    assert!(complain(&value)[0].len() < 200);
}

#[test]
fn rules_beyond_the_shape() {
    let cases: [(&str, Value, &str); 8] = [
        ("/metadata/name", json!(""), "x.yaml:2: metadata.name: required field is missing"),
        (
            "/spec/sources",
            json!([{"repoURL": "https://r", "ref": "values"}]),
            "x.yaml:2: spec.source: ignored, because `sources` is given too",
        ),
        ("/spec/source", Value::Null, "x.yaml:1: spec: one of `source`, `sources` and `sourceHydrator` is required"),
        ("/spec/source/path", json!(""), "x.yaml:2: spec.source: one of `path` and `chart` is required"),
        ("/spec/source/chart", json!("redis"), "x.yaml:3: spec.source.targetRevision: required where `chart` is given"),
        ("/spec/source/repoURL", json!(""), "x.yaml:3: spec.source.repoURL: must not be empty"),
        (
            "/spec/destination/name",
            json!("east"),
            "x.yaml:2: spec.destination: `server` and `name` cannot both be given, found \
             \"https://kubernetes.default.svc\" and \"east\"",
        ),
        ("/spec/destination/server", Value::Null, "x.yaml:2: spec.destination: one of `server` and `name` is required"),
    ];
    for (pointer, wrong, expected) in cases {
        let value = application(|value| {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            value.pointer_mut(parent).unwrap()[key] = wrong;
        });
        assert_eq!(complain(&value), [expected], "{pointer}");
    }
    assert!(complain(&application(|_| {})).is_empty());
}

#[test]
fn options_of_two_types_of_source() {
    let value = application(|value| {
        value["spec"]["source"]["helm"] = json!({});
        value["spec"]["source"]["directory"] = json!({"recurse": true});
    });
    let expected = "x.yaml:2: spec.source: options of several types of source are given: Helm, Directory";
    assert_eq!(complain(&value), [expected]);
}

#[test]
fn projects_and_sets() {
    let project = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "p"},
        "spec": {
            "sourceRepos": ["*", "!*", "*"],
            "destinations": [{"server": "*", "namespace": "a"}, {"server": "*", "namespace": "a"}],
            "roles": [{"name": "-bad"}],
            "syncWindows": [{"kind": "perhaps", "applications": ["*"]}, {"kind": "deny"}]
        }
    });
    assert_eq!(
        complain(&project),
        [
            "x.yaml:3: spec.destinations[1]: destination `*/a` is given twice",
            "x.yaml:3: spec.sourceRepos[1]: `!*` would leave nothing",
            "x.yaml:3: spec.sourceRepos[2]: `*` is given twice",
            "x.yaml:4: spec.roles[0].name: expected letters, digits, `-` and `_`, with a letter or digit at both \
             ends, found \"-bad\"",
            "x.yaml:4: spec.syncWindows[0].kind: expected \"allow\" or \"deny\", found \"perhaps\"",
            "x.yaml:3: spec.syncWindows[1]: one of `applications`, `namespaces` and `clusters` is required",
        ]
    );
    let set = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "s"},
        "spec": {
            "generators": [
                {"matrix": {"generators": [{"list": {"elements": []}}]}},
                {"merge": {"generators": [{"list": {}, "git": {"repoURL": "r", "revision": "v"}}, {"list": {}}], "mergeKeys": []}},
                {"lists": {}}
            ],
            "syncPolicy": {"applicationsSync": "never"},
            "template": {"metadata": {}, "spec": {"project": "", "destination": {}}}
        }
    });
    assert_eq!(
        complain(&set),
        [
            "x.yaml:5: spec.generators[0].matrix.generators: a matrix takes two generators, found 1",
            "x.yaml:5: spec.generators[1].merge.mergeKeys: must not be empty",
            "x.yaml:6: spec.generators[1].merge.generators[0]: expected one generator, found list, git",
            "x.yaml:3: spec.generators[2]: no generator that is known is given",
            "x.yaml:3: spec.syncPolicy.applicationsSync: expected one of create-only, create-update, \
             create-delete, sync, found \"never\"",
        ]
    );
}

#[test]
fn a_problem_stops_only_who_asks() {
    let line_of = |_: &FieldPath| None;
    let place = Place { file: "x.yaml", document: 0, line_of: &line_of };
    let value = application(|value| value["spec"]["destination"]["server"] = Value::Null);
    let decoded = decode_value::<Application>(&value, &place).unwrap();
    assert_eq!(decoded.value.name(), "web");
    let error = decoded.checked().unwrap_err().to_string();
    assert_eq!(error, "x.yaml: spec.destination: one of `server` and `name` is required");
}

#[test]
fn unknown_fields_are_listed_with_their_lines() {
    let line_of = |path: &FieldPath| (path.to_string() == "spec.source.pathh").then_some(9);
    let place = Place { file: "x.yaml", document: 2, line_of: &line_of };
    let value = application(|value| value["spec"]["source"]["pathh"] = json!("app"));
    let decoded = decode_value::<Application>(&value, &place).unwrap();
    assert_eq!(decoded.document, 2);
    let listed: Vec<_> = decoded.unknown_fields.iter().map(|field| (field.path.to_string(), field.line)).collect();
    assert_eq!(listed, [("spec.source.pathh".to_owned(), Some(9))]);
    assert_eq!(serde_json::to_value(&decoded.value).unwrap(), value);
}

const TEXT: &str = "\
# An Application.
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
spec:
  revisionHistoryLimit: 3
  project: default
  source:
    repoURL: https://r
    pathh: app
    path: app
  destination:
    server: https://kubernetes.default.svc
  syncPolicy:
    automated:
      selfHeal: true
      prune: PRUNE
---
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: team
  name: team
spec:
  destinations:
    - server: '*'
    - server: '*'
      region: north
";

#[test]
fn texts_give_file_line_and_path() {
    let complain = |from: &str, to: &str| -> String {
        let text = TEXT.replace("PRUNE", "true").replacen(from, to, 1);
        decode_any("examples/x.yaml", text.as_bytes()).unwrap_err().to_string()
    };
    let cases = [
        (
            "prune: true",
            "prune: maybe",
            "examples/x.yaml:18: spec.syncPolicy.automated.prune: expected a boolean, found \"maybe\"",
        ),
        ("    path: app", "    path: [app]", "examples/x.yaml:12: spec.source.path: expected a string, found a list"),
        ("  project: default\n", "", "examples/x.yaml:6: spec.project: required field is missing"),
        ("  project: default", "  project: 5", "examples/x.yaml:8: spec.project: expected a string, found 5"),
        (
            "kind: AppProject",
            "kind: Pod",
            "examples/x.yaml:22: kind: expected Application, AppProject or ApplicationSet, found \"Pod\"",
        ),
        (
            "server: '*'\n      region: north",
            "server: no",
            "examples/x.yaml:29: spec.destinations[1].server: expected a string, found false",
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(complain(from, to), expected);
    }
    let broken = complain("  source:", "\t source: [");
    assert!(broken.starts_with("examples/x.yaml:9: "), "{broken}");
}

#[test]
fn texts_give_unknown_fields_and_problems_with_lines() {
    let text = TEXT.replace("PRUNE", "yes");
    let decoded = decode_any("x.yaml", text.as_bytes()).unwrap();
    assert_eq!(decoded.len(), 2);
    let AnyKind::Application(application) = &decoded[0].value else { panic!("{:?}", decoded[0].value) };
    assert_eq!(application.automated().map(|automated| automated.prunes()), Some(true));
    let unknown = |index: usize| -> Vec<(String, Option<usize>)> {
        decoded[index].unknown_fields.iter().map(|field| (field.path.to_string(), field.line)).collect()
    };
    assert_eq!(decoded[0].line, Some(2));
    assert_eq!(unknown(0), [("spec.source.pathh".to_owned(), Some(11))]);
    assert_eq!(unknown(1), [("spec.destinations[1].region".to_owned(), Some(30))]);
    let problems: Vec<String> = decoded[1].problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems[0], "x.yaml:29: spec.destinations[1]: destination `*/` is given twice");
    assert!(problems[1].starts_with("x.yaml:25: "), "{problems:?}");
}

#[test]
fn many_unknown_fields_cost_a_bounded_number_of_looks() {
    let mut text = TEXT.replace("PRUNE", "true").split("---").next().unwrap().to_owned();
    text.extend((0..5_000).map(|number| format!("extra{number}: 1\n")));
    let decoded = decode_any("x.yaml", text.as_bytes()).unwrap();
    assert_eq!(decoded[0].unknown_fields.len(), 5_001);
    assert!(decoded[0].unknown_fields.iter().filter(|field| field.line.is_some()).count() >= 20);
}

#[test]
fn the_first_key_of_a_mapping_has_its_own_line() {
    let text =
        b"spec:\n  project: p\n  destination: {}\n  syncPolicy:\n    automated:\n      prune: maybe\nmetadata: {}\n";
    let error = decode::<Application>("x.yaml", text).unwrap_err().to_string();
    assert_eq!(error, "x.yaml:6: spec.syncPolicy.automated.prune: expected a boolean, found \"maybe\"");
}
