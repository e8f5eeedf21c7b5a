use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use gitops_apply::{FIELD_MANAGER, Timer};
use gitops_core::cluster::*;
use gitops_core::secret::Purpose;
use gitops_core::{Clock, Object, ObjectId, ObjectRef, Reveal, Timestamp, Value};
use serde_json::json;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process dies before the cluster hears of the call.
    DieBefore,
    /// The process dies after the cluster has done it.
    DieAfter,
    /// The cluster refuses for a passing reason.
    Refuse,
    /// The cluster does it, and the answer is lost.
    LoseAnswer,
    /// The cluster forbids it.
    Forbid,
    /// The cluster never answers.
    Hang,
}

/// A call that changed, or would have changed, something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) verb: &'static str,
    pub(crate) id: ObjectId,
}

impl Call {
    pub(crate) fn is_inventory(&self) -> bool {
        self.id.name.starts_with("gitops-inventory")
    }
}

#[derive(Clone, Default)]
struct State {
    objects: BTreeMap<ObjectId, Value>,
    /// When a workload gets well, or a terminating object goes.
    due: BTreeMap<ObjectId, Timestamp>,
    now: Timestamp,
    version: u64,
    calls: usize,
    writes: Vec<Call>,
    written_at: Vec<usize>,
    /// What was only asked about.
    rehearsed: Vec<Call>,
    deleted: Vec<Value>,
    faults: BTreeMap<usize, Fault>,
    dead: bool,
    /// Names of workloads that fail or never get well.
    failing: BTreeSet<String>,
    hanging: BTreeSet<String>,
}

/// A cluster with uids, resource versions, preconditions, finalizers, and workloads that take a second.
#[derive(Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

fn merge(live: &mut Value, wanted: &Value) {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            for (key, value) in wanted {
                merge(live.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (live, wanted) => *live = wanted.clone(),
    }
}

impl State {
    fn settle(&mut self) {
        let due: Vec<ObjectId> = self.due.iter().filter(|(_, at)| **at <= self.now).map(|(id, _)| id.clone()).collect();
        for id in due {
            self.due.remove(&id);
            let Some(object) = self.objects.get_mut(&id) else { continue };
            if object["metadata"]["deletionTimestamp"].is_string() {
                let object = self.objects.remove(&id).unwrap();
                self.deleted.push(object);
                continue;
            }
            if self.hanging.contains(id.name.as_str()) {
                continue;
            }
            let failing = self.failing.contains(id.name.as_str());
            object["status"] = match id.kind.as_str() {
                "Job" if failing => {
                    json!({"conditions": [{"type": "Failed", "status": "True", "message": "it failed"}]})
                }
                "Job" => json!({"conditions": [{"type": "Complete", "status": "True"}]}),
                _ if failing => json!({"observedGeneration": object["metadata"]["generation"],
                    "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "status": "False"}]}),
                _ => {
                    let replicas = object["spec"]["replicas"].clone();
                    json!({"observedGeneration": object["metadata"]["generation"], "replicas": replicas,
                        "updatedReplicas": replicas, "availableReplicas": replicas})
                }
            };
            self.version += 1;
            object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        }
    }

    fn store(&mut self, id: &ObjectId, mut object: Value, spec_changed: bool) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        if spec_changed {
            let generation = object["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
            object["metadata"]["generation"] = json!(generation);
            if matches!(id.kind.as_str(), "Deployment" | "Job") {
                self.due.insert(id.clone(), self.now + jiff::SignedDuration::from_secs(1));
            }
        }
        self.objects.insert(id.clone(), object.clone());
        object
    }

    fn write(&mut self, id: &ObjectId, body: Value, verb: Verb, when: &Precondition) -> Result<Applied, ClusterError> {
        let error = |kind, words: &str| Err(ClusterError::new(kind, words).about(id));
        let live = self.objects.get(id).cloned();
        if let Precondition::Live { uid, resource_version } = when {
            let Some(live) = &live else { return error(ErrorKind::NotFound, "not found") };
            if live["metadata"]["uid"].as_str() != Some(uid) {
                return error(ErrorKind::Conflict, "the UID differs");
            }
            let moved = |version: &String| live["metadata"]["resourceVersion"].as_str() != Some(version);
            if resource_version.as_ref().is_some_and(moved) {
                return error(ErrorKind::Conflict, "the object has been modified");
            }
        }
        if live.is_some() && (verb == Verb::Create || *when == Precondition::Absent) {
            return error(ErrorKind::AlreadyExists, "it exists already");
        }
        let fixed = |object: &Value| object.pointer("/spec/fixed").cloned();
        if live.as_ref().is_some_and(|live| fixed(&body).is_some() && fixed(&body) != fixed(live)) {
            return error(ErrorKind::Invalid, "spec.fixed: field is immutable");
        }
        let (object, change) = match live {
            None => {
                let mut object = body;
                let operation = if verb == Verb::Create { "Update" } else { "Apply" };
                let uid = format!("uid-{}", self.version + 1);
                object["metadata"]["uid"] = json!(uid);
                object["metadata"]["managedFields"] = json!([{"manager": FIELD_MANAGER, "operation": operation,
                    "apiVersion": object["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": {}}]);
                (self.store(id, object, true), Change::Created)
            }
            Some(live) => {
                let mut object = live.clone();
                if verb == Verb::Update {
                    object = body;
                    for key in ["uid", "resourceVersion", "generation", "managedFields"] {
                        if object["metadata"][key].is_null() && !live["metadata"][key].is_null() {
                            object["metadata"][key] = live["metadata"][key].clone();
                        }
                    }
                } else {
                    merge(&mut object, &body);
                }
                if object == live {
                    (object, Change::Unchanged)
                } else {
                    let spec = object["spec"] != live["spec"];
                    (self.store(id, object, spec), Change::Configured)
                }
            }
        };
        let object = Object::from_value(object).unwrap();
        Ok(Applied { object, change })
    }

    fn delete(&mut self, id: &ObjectId, uid: Option<&str>) -> Result<Deleted, ClusterError> {
        let now = self.now;
        let Some(live) = self.objects.get_mut(id) else {
            return Err(ClusterError::new(ErrorKind::NotFound, "not found").about(id));
        };
        if uid.is_some() && live["metadata"]["uid"].as_str() != uid {
            return Err(ClusterError::new(ErrorKind::Conflict, "the UID differs").about(id));
        }
        if live["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty()) {
            live["metadata"]["deletionTimestamp"] = json!(now.to_string());
            let pending = Object::from_value(live.clone()).unwrap();
            self.due.entry(id.clone()).or_insert(now + jiff::SignedDuration::from_secs(1));
            return Ok(Deleted::Pending(Box::new(pending)));
        }
        let object = self.objects.remove(id).unwrap();
        self.due.remove(id);
        self.deleted.push(object);
        Ok(Deleted::Gone)
    }
}

impl Fake {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn fault(&self, call: usize, fault: Fault) {
        self.state().faults.insert(call, fault);
    }

    /// A new process: faults and counts are forgotten, the objects stay.
    pub(crate) fn restart(&self) {
        let mut state = self.state();
        state.faults.clear();
        (state.dead, state.calls) = (false, 0);
        state.writes.clear();
        state.written_at.clear();
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    pub(crate) fn calls(&self) -> usize {
        self.state().calls
    }

    /// What was written after the call of this number.
    pub(crate) fn writes_after(&self, calls: usize) -> Vec<Call> {
        let state = self.state();
        let all = state.writes.iter().zip(&state.written_at);
        all.filter(|(_, at)| **at > calls + 1).map(|(write, _)| write.clone()).collect()
    }

    /// Ends once the call of this number was made.
    pub(crate) async fn until_call(&self, calls: usize) {
        futures::future::poll_fn(|_| {
            if self.calls() > calls { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }

    pub(crate) fn writes(&self) -> Vec<Call> {
        self.state().writes.clone()
    }

    /// What was asked about without being done.
    pub(crate) fn rehearsed(&self) -> Vec<Call> {
        self.state().rehearsed.clone()
    }

    pub(crate) fn deleted(&self) -> Vec<Value> {
        self.state().deleted.clone()
    }

    pub(crate) fn objects(&self) -> Vec<Object> {
        self.state().objects.values().map(|value| Object::from_value(value.clone()).unwrap()).collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.state().objects.keys().any(|id| id.name == name)
    }

    pub(crate) fn fail_workload(&self, name: &str) {
        self.state().failing.insert(name.into());
    }

    pub(crate) fn heal_workload(&self, name: &str) {
        let mut state = self.state();
        state.failing.remove(name);
        state.hanging.remove(name);
    }

    pub(crate) fn hang_workload(&self, name: &str) {
        self.state().hanging.insert(name.into());
    }

    /// Somebody else creates or changes an object.
    pub(crate) fn put(&self, body: Value) {
        let mut object = Object::from_value(body).unwrap();
        object.fold_string_data();
        let (id, body) = (object.id(), object.reveal(&Reveal::granted(Purpose::ClusterCall)));
        self.state().write(&id, body, Verb::Apply { force: true }, &Precondition::None).unwrap();
    }

    /// Somebody else deletes an object.
    pub(crate) fn remove(&self, name: &str) {
        self.state().objects.retain(|id, _| id.name != name);
    }

    pub(crate) fn pass(&self, seconds: i64) {
        let mut state = self.state();
        state.now += jiff::SignedDuration::from_secs(seconds);
        state.settle();
    }

    /// Counts a call; says what goes wrong with it.
    fn enter(&self) -> Option<Fault> {
        let mut state = self.state();
        state.settle();
        if state.dead {
            return Some(Fault::DieBefore);
        }
        let call = state.calls;
        state.calls += 1;
        let fault = state.faults.get(&call).copied();
        state.dead = matches!(fault, Some(Fault::DieBefore | Fault::DieAfter));
        fault
    }

    fn call<'a, T: Send + 'a>(
        &'a self,
        make: impl FnOnce(&mut State) -> Result<T, ClusterError> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, ClusterError>> {
        async move {
            let unavailable = || Err(ClusterError::new(ErrorKind::Unavailable, "try again"));
            match self.enter() {
                None => make(&mut self.state()),
                Some(Fault::DieBefore) => futures::future::pending().await,
                Some(Fault::DieAfter) => {
                    let _ = make(&mut self.state());
                    futures::future::pending().await
                }
                Some(Fault::Refuse) => unavailable(),
                Some(Fault::LoseAnswer) => {
                    let _ = make(&mut self.state());
                    unavailable()
                }
                Some(Fault::Hang) => futures::future::pending().await,
                Some(Fault::Forbid) => Err(ClusterError::new(ErrorKind::Forbidden, "not allowed")),
            }
        }
        .boxed()
    }
}

impl Cluster for Fake {
    fn info(&self) -> BoxFuture<'_, Result<ClusterInfo, ClusterError>> {
        async { Ok(ClusterInfo::new("cluster", "v1.34.0")) }.boxed()
    }

    fn discover(&self) -> BoxFuture<'_, Result<Arc<Discovery>, ClusterError>> {
        async { Ok(Arc::new(super::discovery())) }.boxed()
    }

    fn get<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Result<Option<Object>, ClusterError>> {
        self.call(|state| Ok(state.objects.get(&target.id).map(|value| Object::from_value(value.clone()).unwrap())))
    }

    fn list<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<CompleteListing, ClusterError>> {
        self.call(|state| {
            let objects = state.objects.values().map(|value| Object::from_value(value.clone()).unwrap());
            let fits = |object: &Object| {
                object.gvk() == query.gvk
                    && query.namespace.as_deref().is_none_or(|wanted| object.namespace() == Some(wanted))
                    && query.labels.iter().all(|(key, value)| object.label(key) == Some(value))
            };
            let objects = objects.filter(fits).collect();
            Ok(CompleteListing { objects, resource_version: state.version.to_string() })
        })
    }

    fn watch<'a>(&'a self, _: &'a Query, _: &'a str) -> BoxFuture<'a, Result<WatchStream, ClusterError>> {
        async { Err(ClusterError::new(ErrorKind::Internal, "nothing watches here")) }.boxed()
    }

    fn write<'a>(&'a self, write: Write<'a>) -> BoxFuture<'a, Result<Applied, ClusterError>> {
        self.call(move |state| {
            let id = write.object.id();
            let verb = match write.verb {
                Verb::Create => "create",
                Verb::Apply { .. } if write.precondition == Precondition::Absent => "create",
                Verb::Apply { .. } => "apply",
                Verb::Update => "update",
                Verb::MergePatch => "patch",
            };
            let body = write.object.reveal(&Reveal::granted(Purpose::ClusterCall));
            if write.dry_run {
                state.rehearsed.push(Call { verb, id: id.clone() });
                return state.clone().write(&id, body, write.verb, &write.precondition);
            }
            let result = state.write(&id, body, write.verb, &write.precondition);
            if result.is_ok() {
                state.written_at.push(state.calls);
                state.writes.push(Call { verb, id });
            }
            result
        })
    }

    fn delete<'a>(&'a self, delete: Delete<'a>) -> BoxFuture<'a, Result<Deleted, ClusterError>> {
        self.call(move |state| {
            if delete.dry_run {
                return state.clone().delete(&delete.target.id, delete.uid);
            }
            let result = state.delete(&delete.target.id, delete.uid);
            if result.is_ok() {
                state.written_at.push(state.calls);
                state.writes.push(Call { verb: "delete", id: delete.target.id.clone() });
            }
            result
        })
    }
}

impl Clock for Fake {
    fn now(&self) -> Timestamp {
        self.state().now
    }
}

impl Timer for Fake {
    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        async move {
            if self.is_dead() {
                futures::future::pending::<()>().await;
            }
            let mut state = self.state();
            state.now = state.now.max(moment);
            state.settle();
        }
        .boxed()
    }
}
