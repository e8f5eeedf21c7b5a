//! Replays recorded writes of several field managers through the embedded cluster's HTTP API.

use gitops_embedded::{EmbeddedCluster, Options};
use serde_json::{Map, Value, json};

use super::owned;

/// The name of every recorded object.
const NAME: &str = "x";

const JSON: &str = "application/json";

/// How much of an object must be equal after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// What some manager owns.
    OwnedValues,
    /// All of it.
    WholeObjects,
}

/// An empty cluster for one case.
pub(super) struct Replay {
    cluster: EmbeddedCluster,
    namespace: String,
    strictness: Strictness,
}

impl Replay {
    /// A cluster that serves the kind of a CustomResourceDefinition beside the built-in ones.
    pub(super) fn new(definition: &Value, strictness: Strictness) -> Result<Self, String> {
        // Controllers write too, which the recorded server had none of.
        let cluster =
            EmbeddedCluster::in_memory(&Options::new().without_controllers()).map_err(|error| error.to_string())?;
        let replay = Self { cluster, namespace: String::new(), strictness };
        replay.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)?;
        Ok(replay)
    }

    fn create(&self, path: &str, body: &Value) -> Result<(), String> {
        match self.cluster.request("POST", path, JSON, body.to_string().as_bytes()) {
            (code, _) if code < 300 => Ok(()),
            (code, answer) => Err(format!("`{path}` answered {code}: {}", text(&answer, "message"))),
        }
    }

    /// Takes the steps in turn, up to the first difference.
    pub(super) fn all(&mut self, steps: &[Value]) -> Result<(), String> {
        let body = steps.iter().filter_map(|step| step.get("body")).find(|body| body.get("kind").is_some());
        let body = body.ok_or("no step has a body with a kind")?;
        self.namespace = body.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default").into();
        if self.namespace != "default" {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}});
            self.create("/api/v1/namespaces", &namespace)?;
        }
        let path = self.path(body)?;
        for (index, step) in steps.iter().enumerate() {
            let operation = text(step, "op");
            let (code, answer) = self.take(&path, step)?;
            self.compare(step, code, &answer).map_err(|why| format!("step {index} {operation}: {why}"))?;
        }
        Ok(())
    }

    /// Where objects of a body's kind are, by discovery.
    fn path(&self, body: &Value) -> Result<String, String> {
        let (api_version, kind) = (text(body, "apiVersion"), text(body, "kind"));
        let root = if api_version.contains('/') { "apis" } else { "api" };
        let (_, list) = self.cluster.request("GET", &format!("/{root}/{api_version}"), JSON, b"");
        let mut resources = list.get("resources").and_then(Value::as_array).into_iter().flatten();
        let wanted = |one: &&Value| text(one, "kind") == kind && !text(one, "name").contains('/');
        let resource = resources.find(wanted).ok_or_else(|| format!("`{api_version}` `{kind}` is not served"))?;
        Ok(format!("/{root}/{api_version}/namespaces/{}/{}/{NAME}", self.namespace, text(resource, "name")))
    }

    fn take(&self, path: &str, step: &Value) -> Result<(u16, Value), String> {
        let operation = text(step, "op");
        let mut body = step.get("body").cloned().unwrap_or_else(|| json!({}));
        let mut query = format!("?fieldManager={}", text(step, "manager"));
        if step.get("force") == Some(&Value::Bool(true)) {
            query.push_str("&force=true");
        }
        let plain = operation.strip_prefix("dry-run-");
        if plain.is_some() {
            query.push_str("&dryRun=All");
        }
        let (method, part, kind) = match plain.unwrap_or(operation) {
            "apply" => ("PATCH", "", "application/apply-patch+yaml"),
            "merge-patch" => ("PATCH", "", "application/merge-patch+json"),
            "status-merge-patch" => ("PATCH", "/status", "application/merge-patch+json"),
            "delete" => ("DELETE", "", JSON),
            "update" => {
                self.put_version(path, &mut body);
                ("PUT", "", JSON)
            }
            other => return Err(format!("unknown operation `{other}`")),
        };
        Ok(self.cluster.request(method, &format!("{path}{part}{query}"), kind, body.to_string().as_bytes()))
    }

    /// Updates were recorded with the version that was read before.
    fn put_version(&self, path: &str, body: &mut Value) {
        let (code, live) = self.cluster.request("GET", path, JSON, b"");
        let metadata = body.get_mut("metadata").and_then(Value::as_object_mut);
        if let (200, Some(metadata), Some(version)) = (code, metadata, live.pointer("/metadata/resourceVersion")) {
            metadata.insert("resourceVersion".into(), version.clone());
        }
    }

    fn compare(&self, step: &Value, code: u16, answer: &Value) -> Result<(), String> {
        let wanted = step.get("code").and_then(Value::as_u64).unwrap_or_default();
        if u64::from(code) != wanted {
            return Err(format!("expected code {wanted}, found {code} {}", text(answer, "message")));
        }
        if code >= 300 {
            return refusals(step, answer);
        }
        match step.get("object") {
            Some(expected) => self.objects(masked(expected), masked(answer)),
            // Of a deletion nothing was recorded but its code.
            None => Ok(()),
        }
    }

    fn objects(&self, expected: Value, actual: Value) -> Result<(), String> {
        let managers = |object: &Value| object.pointer("/metadata/managedFields").cloned().unwrap_or_default();
        let (wanted, found) = (managers(&expected), managers(&actual));
        if wanted != found {
            return Err(format!("expected managers {wanted}, found {found}"));
        }
        match self.strictness {
            Strictness::OwnedValues => owned::first_difference(&expected, &actual)
                .map_or(Ok(()), |path| Err(format!("the values at `{path}` differ"))),
            Strictness::WholeObjects if expected == actual => Ok(()),
            Strictness::WholeObjects => Err(format!("expected {expected}, found {actual}")),
        }
    }
}

fn refusals(step: &Value, answer: &Value) -> Result<(), String> {
    let sorted = |causes: Option<&Value>, write: fn(&Value) -> String| {
        let mut causes: Vec<_> = causes.and_then(Value::as_array).into_iter().flatten().map(write).collect();
        causes.sort();
        causes
    };
    let wanted = sorted(step.get("causes"), Value::to_string);
    let found = sorted(answer.pointer("/details/causes"), |cause| {
        json!([cause.get("field"), cause.get("reason"), cause.get("message")]).to_string()
    });
    let (reason, given) = (text(step, "reason"), text(answer, "reason"));
    if reason == given && wanted == found {
        return Ok(());
    }
    Err(format!("expected {reason} {wanted:?}, found {given} {found:?}"))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// An object without what differs from run to run, its managers in one order. The recorder masked the time of every
/// manager, those without one included; of the rest only what is there is masked.
fn masked(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return object };
    let mask = |metadata: &mut Map<String, Value>, field: &str| {
        metadata.insert(field.to_owned(), Value::from("*"));
    };
    for field in ["uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"] {
        if metadata.contains_key(field) {
            mask(metadata, field);
        }
    }
    if let Some(entries) = metadata.get_mut("managedFields").and_then(Value::as_array_mut) {
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            mask(entry, "time");
        }
        entries.sort_by_cached_key(Value::to_string);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_are_a_set_and_times_are_masked() {
        let object = |time: &str, managers: [&str; 2]| {
            let entries = managers.map(|manager| json!({"manager": manager, "time": time}));
            masked(&json!({"metadata": {"uid": time, "managedFields": entries}}))
        };
        assert_eq!(object("1", ["a", "b"]), object("2", ["b", "a"]));
        assert_ne!(object("1", ["a", "b"]), object("1", ["a", "c"]));
    }
}
