//! Replays recorded sequences of writes on a store of one object.

use std::path::PathBuf;

use gitops_merge::fields::{Path, PathElement, Set};
use gitops_merge::schema::{Kind, Kinds};
use gitops_merge::server::{
    Delete, Deleted, Effect, Moment, Operation, Request, ServerError, Target, answers_with_object, delete, write,
};
use serde_json::{Value, json};

/// Least share of cases that pass, in percent.
const LEAST: usize = 99;

#[test]
fn recorded_writes_give_the_recorded_answers() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance/cluster/ssa"));
    if !folder.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is not there", folder.display());
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let mut kinds = Kinds::builtin().unwrap();
    let definition: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("crd.json")).unwrap()).unwrap();
    kinds.define(&definition).unwrap();
    let cases = std::fs::read_to_string(folder.join("cases.jsonl")).unwrap();
    let (mut total, mut owned, mut whole) = (0, 0, 0);
    let mut failures = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let outcome = replay(&kinds, &case);
        total += 1;
        owned += usize::from(outcome.owned.is_none());
        whole += usize::from(outcome.owned.is_none() && outcome.whole.is_none());
        let id = case["id"].as_str().unwrap();
        failures.extend(outcome.owned.map(|why| format!("{id}: {why}")));
        failures.extend(outcome.whole.map(|why| format!("{id}: whole object: {why}")));
    }
    println!("cluster/ssa passed {owned} of {total}");
    println!("cluster/defaults passed {whole} of {total}");
    for failure in failures.iter().take(20) {
        println!("{failure}");
    }
    assert!(owned * 100 >= total * LEAST);
    assert!(whole * 100 >= total * LEAST);
}

/// The first difference in what must be equal at owned fields, and in whole objects.
#[derive(Default)]
struct Outcome {
    owned: Option<String>,
    whole: Option<String>,
}

struct Store {
    live: Option<Value>,
    version: u64,
    step: i64,
}

fn replay(kinds: &Kinds, case: &Value) -> Outcome {
    let name = case["kind"].as_str().unwrap();
    let kind = kinds.iter().find(|kind| kind.kind == name).unwrap();
    let mut store = Store { live: None, version: 0, step: 0 };
    let mut outcome = Outcome::default();
    for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
        let answer = store.take(kinds, kind, step);
        let expected = step.get("object");
        let (owned, whole) = compare(step, &answer, expected);
        let place = |why: String| format!("step {index} {}: {why}", step["op"].as_str().unwrap());
        outcome.owned = outcome.owned.or(owned.map(place));
        outcome.whole = outcome.whole.or(whole.map(place));
    }
    outcome
}

struct Answer {
    code: u16,
    object: Option<Value>,
    error: Option<ServerError>,
}

impl Store {
    fn take(&mut self, kinds: &Kinds, kind: &Kind, step: &Value) -> Answer {
        self.step += 1;
        let operation = step["op"].as_str().unwrap();
        let dry = operation.starts_with("dry-run-");
        // Half a second a step, so that some writes share a second as recorded ones do.
        let now = jiff_now(self.step / 2);
        if operation == "delete" {
            return self.delete(kind, now);
        }
        let mut body = step["body"].clone();
        let force = step.get("force").and_then(Value::as_bool).unwrap_or(false);
        let (operation, target) = match operation.trim_start_matches("dry-run-") {
            "apply" => (Operation::Apply { body: &body, force }, Target::Object),
            "merge-patch" => (Operation::MergePatch(&body), Target::Object),
            "status-merge-patch" => (Operation::MergePatch(&body), Target::Status),
            "update" => {
                // Updates were recorded with the version that was read before.
                if let Some(live) = &self.live {
                    body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
                }
                (Operation::Update(&body), Target::Object)
            }
            other => panic!("unknown operation {other}"),
        };
        let manager = step["manager"].as_str().unwrap();
        let namespace = "ssa-11";
        let request = Request::new(operation, namespace, "x", manager).to(target);
        let uid = format!("uid-{}", self.step);
        match write(kinds, kind, self.live.as_ref(), &request, Moment { now, uid: &uid }) {
            Err(error) => Answer { code: error.code, object: None, error: Some(error) },
            Ok(written) => {
                let code = if written.effect == Effect::Created { 201 } else { 200 };
                let mut object = written.object;
                if !dry {
                    if written.effect != Effect::Unchanged {
                        self.version += 1;
                    }
                    object["metadata"]["resourceVersion"] = json!(self.version.to_string());
                    self.live = (written.effect != Effect::Removed).then(|| object.clone());
                }
                Answer { code, object: Some(object), error: None }
            }
        }
    }

    fn delete(&mut self, kind: &Kind, now: jiff::Timestamp) -> Answer {
        match delete(kind, self.live.as_ref(), "x", &Delete::default(), now) {
            Err(error) => Answer { code: error.code, object: None, error: Some(error) },
            Ok(Deleted::Removed(object)) => {
                self.live = None;
                Answer { code: 200, object: answers_with_object(kind).then_some(object), error: None }
            }
            Ok(Deleted::Marked(object) | Deleted::Waiting(object)) => {
                self.live = Some(object.clone());
                Answer { code: 200, object: Some(object), error: None }
            }
        }
    }
}

fn jiff_now(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn compare(step: &Value, answer: &Answer, expected: Option<&Value>) -> (Option<String>, Option<String>) {
    if u64::from(answer.code) != step["code"].as_u64().unwrap() {
        let why = format!("code {} for {}: {:?}", answer.code, step["code"], answer.error.as_ref().map(|e| &e.message));
        return (Some(why), None);
    }
    if let Some(error) = &answer.error {
        let reason = step["reason"].as_str().unwrap_or_default();
        let mut causes: Vec<Value> =
            error.causes.iter().map(|cause| json!([cause.field, cause.reason, cause.message])).collect();
        let mut wanted: Vec<Value> = step["causes"].as_array().cloned().unwrap_or_default();
        causes.sort_by_key(Value::to_string);
        wanted.sort_by_key(Value::to_string);
        if error.reason != reason || causes != wanted {
            let why = format!("{} {} for {reason} {}", error.reason, json!(causes), json!(wanted));
            return (Some(why), None);
        }
        return (None, None);
    }
    match (expected, &answer.object) {
        (Some(expected), Some(object)) => objects(expected, object),
        (None, None) => (None, None),
        (None, Some(_)) => (Some("an object, though none was recorded".to_owned()), None),
        (Some(_), None) => (Some("no object".to_owned()), None),
    }
}

fn masked(object: &Value) -> Value {
    let mut object = object.clone();
    let metadata = object["metadata"].as_object_mut().unwrap();
    for field in ["uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"] {
        if metadata.contains_key(field) {
            metadata.insert(field.to_owned(), json!("*"));
        }
    }
    if metadata.get("namespace").is_some() {
        metadata.insert("namespace".to_owned(), json!("*"));
    }
    for entry in metadata.get_mut("managedFields").and_then(Value::as_array_mut).into_iter().flatten() {
        entry["time"] = json!("*");
    }
    object
}

fn objects(expected: &Value, object: &Value) -> (Option<String>, Option<String>) {
    let (mut expected, mut object) = (masked(expected), masked(object));
    let mut managers = [&mut expected, &mut object].map(|object| {
        let list = object["metadata"].as_object_mut().unwrap().remove("managedFields").unwrap_or_else(|| json!([]));
        let mut list = list.as_array().unwrap().clone();
        list.sort_by_key(Value::to_string);
        list
    });
    let [wanted, got] = &mut managers;
    if wanted != got {
        return (Some(format!("managers {} for {}", json!(got), json!(wanted))), None);
    }
    for entry in wanted.iter() {
        let set = Set::from_fields_v1(&entry["fieldsV1"]).unwrap();
        for path in set.paths() {
            let (a, b) = (at(&expected, &path), at(&object, &path));
            if a != b {
                return (Some(format!("{path} is {b:?} for {a:?}")), None);
            }
        }
    }
    let whole = (expected != object).then(|| format!("{object} for {expected}"));
    (None, whole)
}

/// The value at a path; items of list-maps are found by the keys that they show.
fn at<'a>(object: &'a Value, path: &Path) -> Option<&'a Value> {
    path.elements().iter().try_fold(object, |value, element| match element {
        PathElement::Field(name) => value.get(name),
        PathElement::Key(keys) => {
            value.as_array()?.iter().find(|item| keys.iter().all(|(name, key)| item.get(name) == Some(key)))
        }
        PathElement::Value(wanted) => value.as_array()?.iter().find(|item| *item == wanted),
        PathElement::Index(index) => value.get(usize::try_from(*index).ok()?),
    })
}
