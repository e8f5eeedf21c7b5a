//! What every stand-in does: read what an object owns, create and change objects, report a status.

use gitops_core::annotations::SIMULATE;
use gitops_core::{Map, Value};
use gitops_merge::server::{Operation, Target};
use serde_json::json;

use crate::failure::Failure;
use crate::server::{Request, Server, is_deleting, suffix, text};
use crate::store::Stored;

/// Who writes the status of workloads.
const MANAGER: &str = "kube-controller-manager";
/// The most pods that stand for the replicas of a workload; its status counts all of them.
pub(super) const MAX_PODS: i64 = 50;
/// The most owned objects that are looked at.
const MAX_OWNED: usize = 1_000;

/// One object under the hands of its stand-in.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) server: &'a Server<'a>,
    pub(super) stored: &'a Stored,
    pub(super) object: &'a Value,
}

/// What becomes of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It becomes ready.
    Ready,
    /// It fails.
    Fail,
    /// It never gets further.
    Hang,
}

/// What the annotation on an object or its pod template asks for.
pub(super) fn fate(object: &Value) -> Option<Fate> {
    let places = ["/metadata/annotations", "/spec/template/metadata/annotations"];
    let asked = places.iter().find_map(|place| object.pointer(place)?.get(SIMULATE)?.as_str());
    match asked {
        Some("fail") => Some(Fate::Fail),
        Some("hang") => Some(Fate::Hang),
        _ => None,
    }
}

impl<'a> Work<'a> {
    pub(super) fn text(&self, pointer: &str) -> &'a str {
        text(self.object, pointer)
    }

    /// A number of the object, or what stands for its absence.
    pub(super) fn number(&self, pointer: &str, absent: i64) -> i64 {
        number(self.object, pointer, absent)
    }

    pub(super) fn is_deleting(&self) -> bool {
        is_deleting(self.object)
    }

    pub(super) fn fate(&self) -> Fate {
        fate(self.object).unwrap_or(Fate::Ready)
    }

    /// The moment as Kubernetes writes it.
    pub(super) fn now(&self) -> String {
        self.server.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// What the object owns of a kind, but for what is being deleted.
    pub(super) fn owned(&self, kind: &str) -> Result<Vec<Stored>, Failure> {
        let mut owned = self.server.session.owned_by(self.text("/metadata/uid"), MAX_OWNED)?;
        owned.retain(|owned| owned.key.kind == kind && !is_deleting(&owned.body));
        Ok(owned)
    }

    /// Creates an object in the namespace of this one, owned by it where `owned` says so.
    pub(super) fn create(&self, mut body: Value, owned: bool) -> Result<(), Failure> {
        let namespace = self.stored.key.namespace.as_str();
        if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("namespace".to_owned(), Value::from(namespace));
            if owned {
                metadata.insert("ownerReferences".to_owned(), json!([self.reference()]));
            }
        }
        let kind = self.server.catalog.kind(text(&body, "/apiVersion"), text(&body, "/kind"))?;
        let name = text(&body, "/metadata/name");
        self.server.write(&Request::new(kind, (namespace, name), Operation::Create(&body), MANAGER))?;
        Ok(())
    }

    fn reference(&self) -> Value {
        json!({
            "apiVersion": self.text("/apiVersion"), "kind": self.text("/kind"), "name": self.text("/metadata/name"),
            "uid": self.text("/metadata/uid"), "controller": true, "blockOwnerDeletion": true,
        })
    }

    /// Changes an object by a merge patch.
    pub(super) fn patch(&self, target: &Stored, patch: &Value) -> Result<(), Failure> {
        self.send(target, Operation::MergePatch(patch), Target::Object, MANAGER)
    }

    /// Reports this status, where it is another than the one that is held.
    pub(super) fn report(&self, status: Value) -> Result<(), Failure> {
        self.report_as(status, MANAGER)
    }

    /// Reports this status in somebody's name.
    pub(super) fn report_as(&self, status: Value, manager: &str) -> Result<(), Failure> {
        if self.object.get("status").is_some_and(|held| says_the_same(held, &status)) {
            return Ok(());
        }
        let mut body = self.object.clone();
        if let Some(body) = body.as_object_mut() {
            body.insert("status".to_owned(), status);
        }
        self.send(self.stored, Operation::Update(&body), Target::Status, manager)
    }

    /// Reports the status of this state of the object, and the metadata that may go with it.
    pub(super) fn send_status(&self, next: &Value) -> Result<(), Failure> {
        self.send(self.stored, Operation::Update(next), Target::Status, MANAGER)
    }

    fn send(&self, to: &Stored, operation: Operation<'_>, target: Target, manager: &str) -> Result<(), Failure> {
        let kind = self.server.catalog.kind(text(&to.body, "/apiVersion"), &to.key.kind)?;
        let place = (to.key.namespace.as_str(), to.key.name.as_str());
        self.server.write(&Request { target, ..Request::new(kind, place, operation, manager) })?;
        Ok(())
    }

    /// A pod of this workload's template; `name` or, where it is empty, a generated one.
    pub(super) fn pod(&self, name: &str, labels: &[(&str, &str)]) -> Value {
        let template = self.object.pointer("/spec/template");
        let part = |pointer: &str| template.and_then(|template| template.pointer(pointer)).cloned();
        let mut metadata = Map::new();
        if name.is_empty() {
            metadata.insert("generateName".to_owned(), format!("{}-", self.text("/metadata/name")).into());
        } else {
            metadata.insert("name".to_owned(), name.into());
        }
        let mut held = part("/metadata/labels").unwrap_or_else(|| json!({}));
        for (key, value) in labels {
            if let Some(held) = held.as_object_mut() {
                held.insert((*key).to_owned(), Value::from(*value));
            }
        }
        metadata.insert("labels".to_owned(), held);
        metadata.extend(part("/metadata/annotations").map(|held| ("annotations".to_owned(), held)));
        let spec = part("/spec").unwrap_or_else(|| json!({}));
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    }
}

/// Whether a status that is kept says what a new one does. Zeros and nulls are not kept; where the forms differ
/// otherwise, the answer is no and the write finds out.
pub(super) fn says_the_same(held: &Value, new: &Value) -> bool {
    let (Some(held), Some(new)) = (held.as_object(), new.as_object()) else { return false };
    let empty = |value: &Value| value.is_null() || value.as_i64() == Some(0);
    new.iter().all(|(key, value)| held.get(key).map_or(empty(value), |held| held == value))
        && held.iter().all(|(key, value)| new.contains_key(key) || empty(value))
}

/// A hash of a workload's pod template.
pub(super) fn template_hash(workload: &Value) -> String {
    suffix(&workload.pointer("/spec/template").map(Value::to_string).unwrap_or_default(), 10)
}

/// A number at a path, or what stands for its absence.
pub(super) fn number(object: &Value, pointer: &str, absent: i64) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(absent)
}

/// Whether a pod reports that it is ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    super::conditions::holds(pod, "Ready")
}
