//! The cluster of a case: its objects, what fails, and what was called.

use std::collections::BTreeMap;

use gitops_apply::execute::StepResult;
use gitops_apply::hook;
use gitops_apply::plan::WriteMethod;
use gitops_apply::tracking::Tracking;
use gitops_core::annotations::HOOK_FINALIZER;
use gitops_core::cluster::{ClusterError, ErrorKind, Propagation, Verb};
use gitops_core::secret::Purpose;
use gitops_core::{Object, ObjectId, ObjectRef, Reveal};
use serde_json::{Map, Value, json};

pub(super) struct World {
    objects: BTreeMap<ObjectId, Value>,
    status_on_create: Map<String, Value>,
    fails: Map<String, Value>,
    made: usize,
    pub(super) calls: Vec<String>,
}

fn map(case: &Value, field: &str) -> Map<String, Value> {
    case.get(field).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// `Kind/name`, as the cases name objects.
fn short(id: &ObjectId) -> String {
    format!("{}/{}", id.kind, id.name)
}

impl World {
    pub(super) fn of(case: &Value) -> Result<Self, String> {
        let mut world = Self {
            objects: BTreeMap::new(),
            status_on_create: map(case, "statusOnCreate"),
            fails: map(case, "fail"),
            made: 0,
            calls: Vec::new(),
        };
        for value in super::super::list(case, "live") {
            let object = super::super::object(value)?;
            world.put(&object.id(), revealed(&object));
        }
        Ok(world)
    }

    fn put(&mut self, id: &ObjectId, mut value: Value) {
        self.made += 1;
        value["metadata"]["uid"] = json!(format!("uid-{}", self.made));
        self.objects.insert(id.clone(), value);
    }

    pub(super) fn objects(&self) -> Vec<Object> {
        self.objects.values().filter_map(|value| Object::from_value(value.clone()).ok()).collect()
    }

    /// What is there, as the cases list it.
    pub(super) fn names(&self) -> Vec<String> {
        let going = |value: &Value| value["metadata"].get("deletionTimestamp").is_some();
        let name = |(id, value): (&ObjectId, &Value)| match going(value) {
            true => format!("{} (terminating)", short(id)),
            false => short(id),
        };
        self.objects.iter().map(name).collect()
    }

    /// What happens before a step.
    pub(super) fn change(&mut self, change: &Value) -> Result<(), String> {
        for (what, content) in change.as_object().into_iter().flatten() {
            match what.as_str() {
                "setStatus" => {
                    for (name, status) in content.as_object().into_iter().flatten() {
                        let named = self.objects.iter_mut().filter(|(id, _)| short(id) == *name);
                        named.for_each(|(_, value)| value["status"] = status.clone());
                    }
                }
                "remove" => {
                    let names: Vec<&str> = content.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                    self.objects.retain(|id, _| !names.contains(&short(id).as_str()));
                }
                "confirmPrune" | "terminate" => {}
                other => return Err(format!("the case asks for an unknown change `{other}`")),
            }
        }
        Ok(())
    }

    fn called(&mut self, words: String, fail_key: &str) -> Result<(), ClusterError> {
        let failure = self.fails.get(fail_key).and_then(Value::as_str).map(str::to_owned);
        self.calls.push(if failure.is_some() { format!("{words} FAILED") } else { words });
        failure.map_or(Ok(()), |words| Err(ClusterError::new(ErrorKind::Invalid, words)))
    }

    pub(super) fn rehearse(
        &mut self,
        object: &Object,
        verb: Verb,
        method: WriteMethod,
        force: bool,
    ) -> Result<(), ClusterError> {
        // A rehearsal is never by the server's apply.
        let method = if method == WriteMethod::ServerSideApply { WriteMethod::Apply } else { method };
        let words = format!("dryrun-{}", self.words(object, verb, method, force));
        self.called(words, &format!("dryrun:{}", short(&object.id())))
    }

    /// A write as the recorded client names it.
    fn words(&self, object: &Object, verb: Verb, method: WriteMethod, force: bool) -> String {
        let name = short(&object.id());
        let updated = matches!(object.kind(), "Namespace" | "CustomResourceDefinition");
        let forced = if force { " force" } else { "" };
        match (method, verb) {
            (WriteMethod::Replace, Verb::Create) => format!("create {name}"),
            (WriteMethod::Replace, _) if updated => format!("update {name}"),
            (WriteMethod::Replace, _) => format!("replace {name}{forced}"),
            (WriteMethod::ServerSideApply, _) => format!("apply {name}{forced} serverside"),
            (WriteMethod::Apply | WriteMethod::ClientSideApply, _) => format!("apply {name}{forced}"),
        }
    }

    pub(super) fn write(
        &mut self,
        object: &Object,
        verb: Verb,
        method: WriteMethod,
        force: bool,
    ) -> Result<Object, ClusterError> {
        let id = object.id();
        self.called(self.words(object, verb, method, force), &short(&id))?;
        let mut value = revealed(object);
        match self.objects.get_mut(&id) {
            Some(live) => {
                for field in ["uid", "deletionTimestamp"] {
                    if let Some(kept) = live["metadata"].get(field) {
                        value["metadata"][field] = kept.clone();
                    }
                }
                if let Some(status) = live.get("status") {
                    value["status"] = status.clone();
                }
                *live = value;
            }
            None => {
                if let Some(status) = self.status_on_create.get(&short(&id)) {
                    value["status"] = status.clone();
                }
                self.put(&id, value);
            }
        }
        self.get(&object.reference()).ok_or_else(|| ClusterError::new(ErrorKind::Internal, "it was not written"))
    }

    /// An object as the machine sees it: what no hook is carries the application's mark.
    pub(super) fn get(&self, target: &ObjectRef) -> Option<Object> {
        let mut object = Object::from_value(self.objects.get(&target.id)?.clone()).ok()?;
        if hook::role(&object) == hook::Role::Resource {
            Tracking::default().mark(&mut object, "app", "");
        }
        Some(object)
    }

    pub(super) fn delete(&mut self, target: &ObjectRef, propagation: Propagation) -> Result<StepResult, ClusterError> {
        let id = &target.id;
        let live = self.objects.get(id).and_then(|value| Object::from_value(value.clone()).ok());
        let hook = live.as_ref().is_some_and(hook::is_hook);
        let verb = if hook { "delete" } else { "prune" };
        self.called(format!("{verb} {} {propagation:?}", short(id)), &format!("delete:{}", short(id)))?;
        let Some(value) = self.objects.get_mut(id) else { return Ok(StepResult::Gone) };
        if value["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty()) {
            value["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
            return Ok(StepResult::Deleting);
        }
        self.objects.remove(id);
        Ok(StepResult::Gone)
    }

    pub(super) fn release(&mut self, target: &ObjectRef) -> Result<(), ClusterError> {
        let Some(value) = self.objects.get_mut(&target.id) else { return Ok(()) };
        let Some(finalizers) = value["metadata"]["finalizers"].as_array_mut() else { return Ok(()) };
        finalizers.retain(|one| one != HOOK_FINALIZER);
        self.calls.push(format!("update-finalizers {}", short(&target.id)));
        Ok(())
    }
}

fn revealed(object: &Object) -> Value {
    object.reveal(&Reveal::granted(Purpose::ClusterCall))
}
