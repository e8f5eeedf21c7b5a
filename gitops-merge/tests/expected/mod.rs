//! Golden cases: what the libraries of Kubernetes v1.34.2 make of the same inputs (see `tools/golden`).

use gitops_merge::apply::{self, ApplyError, Versions, Write};
use gitops_merge::fields::Set;
use gitops_merge::managed::{self, Managed};
use gitops_merge::schema::{Kind, Kinds};
use gitops_merge::value::equal;
use gitops_merge::{custom, defaults, normalize, strategic};
use serde_json::{Value, json};

fn read(name: &str) -> String {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Computes every case of a file and says where the results differ.
fn check(name: &str, compute: impl Fn(&Value) -> Value, same: impl Fn(&Value, &Value) -> bool) {
    let mut differences = Vec::new();
    let mut count = 0;
    for (number, line) in read(name).lines().enumerate() {
        let case: Value = serde_json::from_str(line).unwrap();
        let computed = compute(&case["input"]);
        count += 1;
        if !same(&computed, &ordered(&case["expected"])) {
            differences.push(format!("line {}: {computed}\n   for {}", number + 1, case["expected"]));
        }
    }
    assert!(count > 0);
    assert!(differences.is_empty(), "{} of {count} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn defaults_are_those_of_the_api_server() {
    let kinds = Kinds::builtin().unwrap();
    let compute = |input: &Value| {
        let kind = kinds.get(input["apiVersion"].as_str().unwrap(), input["kind"].as_str().unwrap()).unwrap();
        let mut value = normalize::canonical(&kind.schema, kind.type_id, input).unwrap().value;
        defaults::fill(kind, &mut value);
        value
    };
    check("defaults.jsonl", compute, equal);
}

#[test]
fn strategic_patches_merge_as_in_the_api_server() {
    let kinds = Kinds::builtin().unwrap();
    let kind = kinds.get("v1", "Pod").unwrap();
    let compute =
        |input: &Value| strategic::merge(&kind.schema, Some(kind.type_id), &input["object"], &input["patch"]).unwrap();
    check("strategic.jsonl", compute, equal);
}

#[test]
fn schemas_are_broken_in_the_api_servers_words() {
    let schema: Value = serde_json::from_str(&read("structural.json")).unwrap();
    let compute = |input: &Value| {
        let causes = custom::validate(input, None, &schema);
        causes.iter().map(|cause| json!([cause.field, cause.reason, cause.message])).collect()
    };
    check("structural.jsonl", compute, |a, b| sorted(a) == sorted(b));
}

/// The managers in the order of their text: times, which are not compared, order them otherwise.
fn ordered(value: &Value) -> Value {
    let mut out = value.clone();
    for object in out.as_array_mut().into_iter().flatten() {
        if let Some(entries) = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut) {
            entries.sort_by_key(Value::to_string);
        }
    }
    out
}

fn sorted(list: &Value) -> Vec<String> {
    let mut out: Vec<String> = list.as_array().into_iter().flatten().map(Value::to_string).collect();
    out.sort();
    out
}

#[test]
fn managers_own_the_same_fields() {
    let mut kinds = Kinds::builtin().unwrap();
    kinds.define(&serde_json::from_str(&read("definition.json")).unwrap()).unwrap();
    let kind = kinds.get("example.com/v1", "Widget").unwrap();
    check("ownership.jsonl", |input| owned(&kinds, kind, input), equal);
}

fn owned(kinds: &Kinds, kind: &Kind, steps: &Value) -> Value {
    let empty = json!({"apiVersion": kind.api_version, "kind": kind.kind});
    let reset = Set::new();
    let mut live = empty.clone();
    let mut out = Vec::new();
    for (index, step) in steps.as_array().unwrap().iter().enumerate() {
        let write = Write {
            versions: Versions::new(kinds, kind),
            manager: step["manager"].as_str().unwrap(),
            subresource: "",
            reset: &reset,
            empty: &empty,
            now: jiff::Timestamp::from_second(i64::try_from(index).unwrap()).unwrap(),
        };
        let held = Managed::of(&live).unwrap();
        let mut base = live.clone();
        managed::clear(&mut base);
        let body = &step["body"];
        if step["operation"] == "apply" {
            match apply::apply(&write, &base, body, held, step["force"].as_bool().unwrap()) {
                Err(ApplyError::Conflicts(conflicts)) => {
                    let mut shown: Vec<String> =
                        conflicts.iter().map(|c| format!("{} {}", c.path, c.message())).collect();
                    shown.sort();
                    out.push(json!({"conflicts": shown}));
                    continue;
                }
                Err(_) => {
                    out.push(json!({"error": true}));
                    continue;
                }
                Ok(applied) => {
                    live = applied.object.unwrap_or(base);
                    applied.managed.store(&mut live);
                }
            }
        } else {
            let managed = apply::update(&write, &base, body, held, None);
            live = body.clone();
            managed.store(&mut live);
        }
        live["metadata"]["uid"] = json!("u");
        out.push(timeless(&live));
    }
    Value::Array(out)
}

/// Without the times, and with the managers in the order of their text, since times order them otherwise.
fn timeless(live: &Value) -> Value {
    let mut out = live.clone();
    if let Some(entries) = out.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut) {
        for entry in entries.iter_mut() {
            entry.as_object_mut().unwrap().remove("time");
        }
        entries.sort_by_key(Value::to_string);
    }
    out
}
