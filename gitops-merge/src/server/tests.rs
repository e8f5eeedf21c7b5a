use serde_json::{Value, json};

use super::*;
use crate::schema::{Kind, Kinds};

/// A store of one object.
struct Bench {
    kinds: Kinds,
    api_version: &'static str,
    kind: &'static str,
    live: Option<Value>,
    writes: i64,
}

impl Bench {
    fn of(api_version: &'static str, kind: &'static str) -> Self {
        let mut kinds = Kinds::builtin().unwrap();
        kinds.define(&definition()).unwrap();
        Self { kinds, api_version, kind, live: None, writes: 0 }
    }

    fn kind(&self) -> &Kind {
        self.kinds.get(self.api_version, self.kind).unwrap()
    }

    fn body(&self, mut rest: Value) -> Value {
        let map = rest.as_object_mut().unwrap();
        map.insert("apiVersion".to_owned(), json!(self.api_version));
        map.insert("kind".to_owned(), json!(self.kind));
        map.entry("metadata").or_insert_with(|| json!({}))["name"] = json!("x");
        rest
    }

    fn send(&mut self, request: Request<'_>) -> Result<Effect, ServerError> {
        self.writes += 1;
        let now = jiff::Timestamp::from_second(1_000_000_000 + self.writes).unwrap();
        let written = write(&self.kinds, self.kind(), self.live.as_ref(), &request, Moment { now, uid: "u" })?;
        let mut object = written.object;
        if written.effect != Effect::Unchanged {
            object["metadata"]["resourceVersion"] = json!(self.writes.to_string());
        }
        self.live = (written.effect != Effect::Removed).then_some(object);
        Ok(written.effect)
    }

    fn apply(&mut self, manager: &str, force: bool, rest: Value) -> Result<Effect, ServerError> {
        let body = self.body(rest);
        self.send(Request::new(Operation::Apply { body: &body, force }, "n", "x", manager))
    }

    fn update(&mut self, manager: &str, rest: Value) -> Result<Effect, ServerError> {
        let body = self.body(rest);
        self.send(Request::new(Operation::Update(&body), "n", "x", manager))
    }

    fn create(&mut self, manager: &str, rest: Value) -> Result<Effect, ServerError> {
        let body = self.body(rest);
        self.send(Request::new(Operation::Create(&body), "n", "x", manager))
    }

    fn patch(&mut self, manager: &str, patch: &Value) -> Result<Effect, ServerError> {
        self.send(Request::new(Operation::MergePatch(patch), "n", "x", manager))
    }

    fn live(&self) -> &Value {
        self.live.as_ref().unwrap()
    }

    /// `manager operation subresource` of every entry.
    fn managers(&self) -> Vec<String> {
        let text = |entry: &Value, field: &str| entry.get(field).and_then(Value::as_str).unwrap_or("").to_owned();
        let list = self.live().pointer("/metadata/managedFields").and_then(Value::as_array);
        let entries = list.into_iter().flatten();
        entries
            .map(|e| [text(e, "manager"), text(e, "operation"), text(e, "subresource")].join(" ").trim().to_owned())
            .collect()
    }
}

fn definition() -> Value {
    json!({"spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
        "versions": [{"name": "v1", "served": true, "storage": true,
            "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.count", "statusReplicasPath": ".status.count"}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "spec": {"type": "object", "required": ["name"], "properties": {
                    "name": {"type": "string", "minLength": 2}, "count": {"type": "integer"},
                    "mode": {"type": "string", "default": "auto"},
                }},
            }}}}],
    }})
}

fn config(data: Value) -> Value {
    json!({"data": data})
}

#[test]
fn a_conflict_names_manager_and_field_and_force_takes_the_field() {
    let mut bench = Bench::of("v1", "ConfigMap");
    assert_eq!(bench.apply("a", false, config(json!({"k": "1"}))), Ok(Effect::Created));
    let error = bench.apply("b", false, config(json!({"k": "2"}))).unwrap_err();
    assert_eq!((error.code, error.reason), (409, "Conflict"));
    assert_eq!(error.message, "Apply failed with 1 conflict: conflict with \"a\": .data.k");
    assert_eq!(error.causes[0].field, ".data.k");
    assert_eq!(bench.apply("b", true, config(json!({"k": "2"}))), Ok(Effect::Updated));
    assert_eq!(bench.managers(), ["b Apply"]);
}

#[test]
fn a_field_goes_when_its_only_applier_stops() {
    let mut bench = Bench::of("v1", "ConfigMap");
    bench.apply("a", false, config(json!({"k": "1", "l": "1"}))).unwrap();
    bench.apply("b", false, config(json!({"l": "1"}))).unwrap();
    bench.apply("a", false, config(json!({}))).unwrap();
    assert_eq!(bench.live()["data"], json!({"l": "1"}));
}

#[test]
fn an_apply_that_changes_nothing_changes_no_times() {
    let mut bench = Bench::of("v1", "ConfigMap");
    bench.apply("a", false, config(json!({"k": "1"}))).unwrap();
    let before = bench.live().clone();
    assert_eq!(bench.apply("a", false, config(json!({"k": "1"}))), Ok(Effect::Unchanged));
    assert_eq!(*bench.live(), before);
}

#[test]
fn managers_are_forgotten_on_demand_and_found_again() {
    let mut bench = Bench::of("v1", "ConfigMap");
    bench.update("x", json!({})).unwrap_err();
    bench.create("old", config(json!({"k": "1"}))).unwrap();
    bench.patch("old", &json!({"metadata": {"managedFields": [{}]}})).unwrap();
    assert_eq!(bench.managers(), Vec::<String>::new());
    bench.patch("other", &json!({"data": {"l": "2"}})).unwrap();
    assert_eq!(bench.managers(), Vec::<String>::new());
    let error = bench.apply("a", false, config(json!({"k": "2"}))).unwrap_err();
    assert_eq!(error.causes[0].message, "conflict with \"before-first-apply\" using v1");
    bench.apply("a", false, config(json!({"k": "1"}))).unwrap();
    assert_eq!(bench.managers(), ["a Apply", "before-first-apply Update"]);
}

#[test]
fn kubectl_takes_over_what_it_applied_on_the_client_side() {
    let mut bench = Bench::of("v1", "ConfigMap");
    let last = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"k": "1"}});
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let metadata = json!({"annotations": {annotation: last.to_string()}});
    bench.create("kubectl-client-side-apply", json!({"metadata": metadata, "data": {"k": "1"}})).unwrap();
    assert_eq!(bench.apply("other", false, config(json!({"k": "2"}))).unwrap_err().code, 409);
    bench.apply("kubectl", false, config(json!({"k": "2"}))).unwrap();
    let held = bench.live()["metadata"]["annotations"][annotation].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&held).unwrap()["data"], json!({"k": "2"}));
}

#[test]
fn the_status_is_written_apart() {
    let mut bench = Bench::of("example.com/v1", "Thing");
    bench.create("a", json!({"spec": {"name": "ok"}, "status": {"phase": "lost"}})).unwrap();
    assert_eq!(bench.live().get("status"), None);
    assert_eq!(bench.live()["spec"]["mode"], "auto");
    let patch = json!({"status": {"phase": "up"}, "spec": {"count": 9}, "metadata": {"labels": {"a": "b"}}});
    bench.send(Request::new(Operation::MergePatch(&patch), "n", "x", "c").to(Target::Status)).unwrap();
    assert_eq!(bench.live()["status"], json!({"phase": "up"}));
    assert_eq!(bench.live()["spec"].get("count"), None);
    assert_eq!(bench.live()["metadata"]["generation"], 1);
    assert!(bench.managers().contains(&"c Update status".to_owned()));
    bench.patch("a", &json!({"spec": {"count": 2}, "status": {"phase": "no"}})).unwrap();
    assert_eq!(bench.live()["status"], json!({"phase": "up"}));
    assert_eq!(bench.live()["metadata"]["generation"], 2);
}

#[test]
fn the_scale_is_written_and_owned() {
    let mut bench = Bench::of("example.com/v1", "Thing");
    bench.apply("a", false, json!({"spec": {"name": "ok", "count": 1}})).unwrap();
    let patch = json!({"spec": {"replicas": 5}});
    bench.send(Request::new(Operation::MergePatch(&patch), "n", "x", "hpa").to(Target::Scale)).unwrap();
    assert_eq!(bench.live()["spec"]["count"], 5);
    assert_eq!(bench.managers(), ["a Apply", "hpa Update scale"]);
    let scale = scale_of(bench.kind(), bench.live()).unwrap();
    assert_eq!(scale["spec"], json!({"replicas": 5}));
    let error = bench.apply("a", false, json!({"spec": {"name": "ok", "count": 1}})).unwrap_err();
    assert_eq!(error.causes[0].message, "conflict with \"hpa\" with subresource \"scale\" using example.com/v1");
}

#[test]
fn stale_and_foreign_objects_are_refused() {
    let mut bench = Bench::of("v1", "ConfigMap");
    bench.create("a", config(json!({}))).unwrap();
    let error = bench.update("a", json!({"metadata": {"resourceVersion": "77"}})).unwrap_err();
    assert!(
        error.message.starts_with("Operation cannot be fulfilled on configmaps \"x\": the object has been modified")
    );
    let error = bench.apply("a", true, json!({"metadata": {"uid": "other"}})).unwrap_err();
    assert_eq!((error.code, error.causes[0].field.as_str()), (422, "metadata.uid"));
    assert_eq!(bench.update("a", json!({"metadata": {"uid": "other"}})).unwrap_err().code, 409);
    assert_eq!(bench.create("a", json!({})).unwrap_err().reason, "AlreadyExists");
    let mut bench = Bench::of("v1", "ConfigMap");
    assert_eq!(bench.apply("a", false, json!({"metadata": {"uid": "other"}})).unwrap_err().code, 409);
    assert_eq!(bench.apply("a", false, json!({"metadata": {"resourceVersion": "1"}})), Ok(Effect::Created));
}

#[test]
fn custom_objects_are_replaced_only_in_a_known_version() {
    let mut bench = Bench::of("example.com/v1", "Thing");
    bench.create("a", json!({"spec": {"name": "ok"}})).unwrap();
    let error = bench.update("a", json!({"spec": {"name": "ok"}})).unwrap_err();
    assert_eq!((error.code, error.causes[0].field.as_str()), (422, "metadata.resourceVersion"));
}

#[test]
fn objects_that_break_their_schema_are_refused() {
    let mut bench = Bench::of("example.com/v1", "Thing");
    let error = bench.create("a", json!({"spec": {"name": "x", "count": "many"}})).unwrap_err();
    assert_eq!((error.code, error.reason), (422, "Invalid"));
    let fields: Vec<&str> = error.causes.iter().map(|cause| cause.field.as_str()).collect();
    assert_eq!(fields, ["spec.count", "spec.name"]);
    let error = bench.apply("a", false, json!({"spec": {"name": 5}})).unwrap_err();
    assert_eq!((error.code, error.reason), (500, ""));
    assert!(error.message.contains(".spec.name: expected string"), "{}", error.message);
    let error = bench.apply("a", false, json!({"spec": {"unheard": 5}})).unwrap_err();
    assert!(error.message.ends_with(".spec.unheard: field not declared in schema"), "{}", error.message);
}

#[test]
fn unknown_fields_are_dropped_or_refused() {
    let mut bench = Bench::of("v1", "ConfigMap");
    let body = bench.body(json!({"unheard": {"of": 1}}));
    let request = Request::new(Operation::Create(&body), "n", "x", "a");
    let error = bench.send(request.validating(FieldValidation::Strict)).unwrap_err();
    assert_eq!(error.code, 400);
    assert!(error.message.ends_with("strict decoding error: unknown field \"unheard\""), "{}", error.message);
    bench.send(request).unwrap();
    assert_eq!(bench.live().get("unheard"), None);
}

#[test]
fn finalizers_hold_what_is_deleted() {
    let mut bench = Bench::of("apps/v1", "Deployment");
    let labels = json!({"app": "x"});
    let spec = json!({"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "i:1"}]}}});
    bench.create("a", json!({"metadata": {"finalizers": ["e.com/a"]}, "spec": spec})).unwrap();
    let now = jiff::Timestamp::from_second(5).unwrap();
    let Deleted::Marked(marked) = delete(bench.kind(), bench.live.as_ref(), "x", &Delete::default(), now).unwrap()
    else {
        panic!("the object is held");
    };
    assert_eq!(marked["metadata"]["generation"], 2);
    assert_eq!(marked["metadata"]["deletionTimestamp"], "1970-01-01T00:00:05Z");
    bench.live = Some(marked);
    let added = json!({"metadata": {"finalizers": ["e.com/a", "e.com/b"]}});
    let error = bench.patch("a", &added).unwrap_err();
    assert_eq!(error.causes[0].field, "metadata.finalizers");
    assert_eq!(bench.patch("a", &json!({"metadata": {"finalizers": null}})), Ok(Effect::Removed));
}

#[test]
fn claims_are_volumes_and_most_of_a_stateful_set_is_fixed() {
    let mut bench = Bench::of("apps/v1", "StatefulSet");
    let set = |service: &str, mounted: &str| {
        json!({"spec": {"serviceName": service, "selector": {"matchLabels": {"app": "x"}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}}}],
            "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i",
                "volumeMounts": [{"name": mounted, "mountPath": "/data"}]}]}}}})
    };
    assert_eq!(bench.apply("a", true, set("x", "other")).unwrap_err().causes[0].reason, "FieldValueNotFound");
    bench.apply("a", true, set("x", "data")).unwrap();
    let error = bench.apply("a", true, set("y", "data")).unwrap_err();
    assert_eq!((error.code, error.causes[0].field.as_str()), (422, "spec"));
}

#[test]
fn an_empty_name_of_an_applier_is_refused() {
    let mut bench = Bench::of("v1", "ConfigMap");
    let error = bench.apply("", false, json!({})).unwrap_err();
    assert_eq!(
        error.message,
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
    );
    assert_eq!(error.status()["details"]["causes"][0]["field"], "fieldManager");
}

#[test]
fn endless_nesting_is_refused() {
    let mut bench = Bench::of("example.com/v1", "Thing");
    bench.create("a", json!({"spec": {"name": "ok"}, "status": {}})).unwrap();
    let mut path = String::from("/status");
    let mut operations = vec![json!({"op": "add", "path": path, "value": {}})];
    for _ in 0..200 {
        path.push_str("/a");
        operations.push(json!({"op": "add", "path": path, "value": {}}));
    }
    let patch = Value::from(operations);
    let request = Request::new(Operation::JsonPatch(&patch), "n", "x", "a").to(Target::Status);
    assert_eq!(bench.send(request).unwrap_err().code, 400);
}

#[test]
fn definitions_keep_their_schemas() {
    let mut bench = Bench::of("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    let spec = definition()["spec"].clone();
    bench.create("a", json!({"spec": spec})).unwrap();
    let held = &bench.live()["spec"];
    assert_eq!(held["versions"], spec["versions"]);
    assert_eq!(held["names"]["singular"], "thing");
    assert_eq!(held["names"]["listKind"], "ThingList");
    assert_eq!(held["conversion"], json!({"strategy": "None"}));
    assert_eq!(bench.live()["status"]["storedVersions"], json!(["v1"]));
}

#[test]
fn old_updaters_are_gathered() {
    let mut bench = Bench::of("v1", "ConfigMap");
    for index in 0..15 {
        let (name, key) = (format!("m{index}"), format!("k{index}"));
        let data = json!({"data": {key: "1"}});
        if index == 0 {
            bench.create(&name, data).unwrap()
        } else {
            bench.patch(&name, &data).unwrap()
        };
    }
    let managers = bench.managers();
    assert_eq!(managers.len(), 10, "{managers:?}");
    assert!(managers.contains(&"ancient-changes Update".to_owned()));
}

#[test]
fn services_get_addresses_and_ports() {
    let mut bench = Bench::of("v1", "Service");
    assert_eq!(bench.update("a", json!({"spec": {"type": "NodePort", "ports": [{"port": 80}]}})), Ok(Effect::Created));
    let address = bench.live()["spec"]["clusterIP"].clone();
    let port = bench.live()["spec"]["ports"][0]["nodePort"].as_i64().unwrap();
    assert!((30000..32768).contains(&port));
    assert_eq!(bench.live()["spec"]["clusterIPs"], json!([address]));
    bench.update("a", json!({"spec": {"type": "ClusterIP", "ports": [{"port": 80}]}})).unwrap();
    assert_eq!(bench.live()["spec"]["clusterIP"], address);
    assert_eq!(bench.live()["spec"]["ports"][0].get("nodePort"), None);
    assert_eq!(bench.live()["spec"].get("externalTrafficPolicy"), None);
}

fn anything() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2..90_i64).prop_map(Value::from),
        Just(json!(1.5)),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    let names = prop_oneof![
        Just("metadata"),
        Just("spec"),
        Just("status"),
        Just("labels"),
        Just("finalizers"),
        Just("template"),
        Just("containers"),
        Just("ports"),
        Just("name"),
        Just("port"),
        Just("type"),
        Just("data"),
        Just("selector"),
        Just("ownerReferences"),
        Just("managedFields"),
        Just("$patch"),
        Just("$retainKeys"),
        Just("deletionTimestamp"),
    ];
    leaf.prop_recursive(6, 48, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn any_body_is_written_or_refused(first in anything(), second in anything(), which in 0..7_usize) {
        let kinds = [
            ("v1", "ConfigMap"), ("v1", "Service"), ("v1", "Pod"), ("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"),
            ("batch/v1", "Job"), ("example.com/v1", "Thing"),
        ];
        let (api_version, kind) = kinds[which];
        let mut bench = Bench::of(api_version, kind);
        let body = |bench: &Bench, value: &Value| {
            let mut value = if value.is_object() { value.clone() } else { json!({"spec": value}) };
            if !value["metadata"].is_object() {
                value["metadata"] = json!({});
            }
            bench.body(value)
        };
        let _ = bench.create("a", body(&bench, &first)).is_ok();
        let _ = bench.apply("b", true, body(&bench, &second)).is_ok();
        let _ = bench.patch("c", &first).is_ok();
        let _ = bench.send(Request::new(Operation::StrategicPatch(&second), "n", "x", "d")).is_ok();
        let _ = bench.send(Request::new(Operation::MergePatch(&second), "n", "x", "e").to(Target::Status)).is_ok();
        let _ = bench.send(Request::new(Operation::MergePatch(&first), "n", "x", "e").to(Target::Scale)).is_ok();
        let _ = delete(bench.kind(), bench.live.as_ref(), "x", &Delete::default(), jiff::Timestamp::UNIX_EPOCH).is_ok();
    }
}
