//! Random sequences of writes. The same seed gives the same sequence.

use serde_json::{Map, Value, json};

/// What is done with the one object of a sequence.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Apply { force: bool, dry_run: bool },
    Create,
    Update,
    MergePatch,
    StatusMergePatch,
    Delete,
}

/// One write of a sequence.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) act: Act,
    pub(super) manager: &'static str,
    pub(super) body: Value,
}

/// The generator of SplitMix64: a state and three lines.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Some of these, in their order.
    fn some<T: Clone>(&mut self, of: &[T]) -> Vec<T> {
        of.iter().filter(|_| self.below(2) == 0).cloned().collect()
    }
}

const LETTERS: [&str; 4] = ["a", "b", "c", "d"];
const MANAGERS: [&str; 4] = ["gitops", "kubectl", "team", "hpa"];

/// A sequence for an object of this name.
pub(super) fn sequence(random: &mut Random, namespace: &str, name: &str) -> Vec<Step> {
    let kind =
        random.pick(&["ConfigMap", "Secret", "Service", "Deployment", "StatefulSet", "Widget", "Ingress", "CronJob"]);
    let length = 3 + random.below(6);
    (0..length).map(|_| step(random, kind, namespace, name)).collect()
}

fn step(random: &mut Random, kind: &str, namespace: &str, name: &str) -> Step {
    let force = random.chance(45);
    let dry_run = random.chance(15);
    let act = match random.below(20) {
        0..=9 => Act::Apply { force, dry_run },
        10..=12 => Act::Update,
        13..=15 => Act::MergePatch,
        16 => Act::Create,
        17 if matches!(kind, "Deployment" | "Widget" | "StatefulSet") => Act::StatusMergePatch,
        17 => Act::MergePatch,
        _ => Act::Delete,
    };
    let manager = random.pick(&MANAGERS);
    let mut body = match act {
        Act::StatusMergePatch => {
            let mut patch = named(kind, namespace, name);
            patch["status"] = status(random, kind);
            patch
        }
        Act::MergePatch => patch(random, kind, namespace, name),
        _ => whole(random, kind, namespace, name),
    };
    if matches!(act, Act::Delete) {
        body = named(kind, namespace, name);
    }
    Step { act, manager, body }
}

fn named(kind: &str, namespace: &str, name: &str) -> Value {
    let api_version = match kind {
        "Deployment" | "StatefulSet" => "apps/v1",
        "Ingress" => "networking.k8s.io/v1",
        "CronJob" => "batch/v1",
        "Widget" => "differential.example.com/v1",
        _ => "v1",
    };
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}})
}

fn texts(random: &mut Random) -> Value {
    let keys = random.some(&LETTERS);
    Value::Object(keys.into_iter().map(|key| (key.to_owned(), json!(random.pick(&LETTERS)))).collect())
}

fn whole(random: &mut Random, kind: &str, namespace: &str, name: &str) -> Value {
    let mut body = named(kind, namespace, name);
    for field in ["labels", "annotations"] {
        if random.chance(40) {
            body["metadata"][field] = texts(random);
        }
    }
    if random.chance(12) {
        body["metadata"]["finalizers"] = json!(random.some(&["example.com/a", "example.com/b"]));
    }
    content(random, kind, &mut body);
    body
}

fn content(random: &mut Random, kind: &str, body: &mut Value) {
    match kind {
        "ConfigMap" => {
            set(random, 80, body, "data", texts);
            set(random, 25, body, "binaryData", |random| {
                let keys = random.some(&["za", "zb", "zc"]);
                Value::Object(keys.into_iter().map(|key| (key.to_owned(), json!("AAEC"))).collect())
            });
            set(random, 5, body, "immutable", |random| json!(random.chance(50)));
        }
        "Secret" => {
            set(random, 80, body, "data", |random| {
                let keys = random.some(&LETTERS);
                let value = |random: &mut Random| json!(random.pick(&["YQ==", "Yg==", "Yw=="]));
                Value::Object(keys.into_iter().map(|key| (key.to_owned(), value(random))).collect())
            });
            set(random, 20, body, "stringData", texts);
            set(random, 30, body, "type", |random| json!(random.pick(&["Opaque", "Opaque", "example.com/x"])));
        }
        "Service" => body["spec"] = service(random),
        "Deployment" => body["spec"] = deployment(random),
        "StatefulSet" => body["spec"] = stateful_set(random),
        "Ingress" => body["spec"] = ingress(random),
        "CronJob" => body["spec"] = cron_job(random),
        _ => body["spec"] = widget(random),
    }
}

fn set(random: &mut Random, percent: usize, body: &mut Value, field: &str, make: impl Fn(&mut Random) -> Value) {
    if random.chance(percent) {
        body[field] = make(random);
    }
}

fn service(random: &mut Random) -> Value {
    // An address that the server hands out differs from server to server.
    let mut spec = json!({"clusterIP": "None", "selector": {"app": "x"}});
    set(random, 60, &mut spec, "ports", |random| {
        let all = [
            json!({"name": "tcp-80", "port": 80, "protocol": "TCP"}),
            json!({"name": "udp-80", "port": 80, "protocol": "UDP"}),
            json!({"name": "web", "port": 8080, "targetPort": "http"}),
        ];
        let mut ports = random.some(&all);
        for port in &mut ports {
            set(random, 30, port, "targetPort", |random| random.pick(&[json!(8080), json!("http"), json!(0)]));
        }
        json!(ports)
    });
    set(random, 20, &mut spec, "externalIPs", |random| json!(random.some(&["10.9.9.1", "10.9.9.2", "10.9.9.3"])));
    set(random, 20, &mut spec, "publishNotReadyAddresses", |random| json!(random.chance(50)));
    set(random, 15, &mut spec, "sessionAffinity", |random| json!(random.pick(&["None", "ClientIP"])));
    spec
}

fn containers(random: &mut Random) -> Value {
    let mut containers: Vec<Value> = random
        .some(&["main", "side", "log"])
        .into_iter()
        .map(|name| json!({"name": name, "image": random.pick(&["img:1", "img:2"])}))
        .collect();
    if containers.is_empty() {
        containers.push(json!({"name": "main", "image": "img:1"}));
    }
    for container in &mut containers {
        set(random, 40, container, "env", |random| {
            let names = random.some(&["A", "B", "C"]);
            json!(
                names.into_iter().map(|name| json!({"name": name, "value": random.pick(&LETTERS)})).collect::<Vec<_>>()
            )
        });
        set(random, 40, container, "ports", |random| {
            let all = [
                json!({"containerPort": 80, "protocol": "TCP"}),
                json!({"containerPort": 80, "protocol": "UDP"}),
                json!({"containerPort": 443, "name": "tls"}),
            ];
            json!(random.some(&all))
        });
        set(random, 25, container, "args", |random| json!(random.some(&LETTERS)));
        set(random, 25, container, "resources", |random| {
            random.pick(&[
                json!({"limits": {"cpu": "500m", "memory": "1Gi"}}),
                json!({"requests": {"cpu": "1"}}),
                json!({}),
            ])
        });
        set(random, 15, container, "livenessProbe", |random| {
            random.pick(&[json!({"httpGet": {"port": 80}}), json!({"exec": {"command": ["a"]}, "periodSeconds": 3})])
        });
    }
    json!(containers)
}

fn template(random: &mut Random) -> Value {
    let mut template = json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": containers(random)}});
    set(random, 25, &mut template["spec"], "volumes", |random| {
        json!(random.some(&[json!({"name": "v", "emptyDir": {}}), json!({"name": "c", "configMap": {"name": "c"}})]))
    });
    set(random, 20, &mut template["spec"], "tolerations", |random| {
        json!(random.some(&[
            json!({"key": "a", "operator": "Exists"}),
            json!({"key": "b", "value": "c", "effect": "NoSchedule"})
        ]))
    });
    set(random, 20, &mut template["spec"], "nodeSelector", texts);
    template
}

fn deployment(random: &mut Random) -> Value {
    let mut spec = json!({"selector": {"matchLabels": {"app": "x"}}, "template": template(random)});
    set(random, 40, &mut spec, "replicas", |random| json!(random.below(4)));
    set(random, 20, &mut spec, "paused", |random| json!(random.chance(50)));
    set(random, 20, &mut spec, "strategy", |random| {
        random.pick(&[
            json!({"type": "Recreate"}),
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
            json!({}),
        ])
    });
    set(random, 15, &mut spec, "revisionHistoryLimit", |random| json!(random.below(3)));
    spec
}

fn stateful_set(random: &mut Random) -> Value {
    let mut spec = json!({"selector": {"matchLabels": {"app": "x"}}, "template": template(random), "serviceName": "x"});
    set(random, 40, &mut spec, "replicas", |random| json!(random.below(4)));
    set(random, 20, &mut spec, "updateStrategy", |random| {
        random.pick(&[json!({"type": "OnDelete"}), json!({"rollingUpdate": {"partition": 1}})])
    });
    set(random, 10, &mut spec, "podManagementPolicy", |_| json!("Parallel"));
    spec
}

fn ingress(random: &mut Random) -> Value {
    let backend = |random: &mut Random| json!({"service": {"name": random.pick(&LETTERS), "port": {"number": 80}}});
    let mut spec = json!({"defaultBackend": backend(random)});
    set(random, 50, &mut spec, "rules", |random| {
        let hosts = random.some(&["a.example.com", "b.example.com"]);
        let rule = |random: &mut Random, host: &str| json!({"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend(random)}]}});
        json!(hosts.into_iter().map(|host| rule(random, host)).collect::<Vec<_>>())
    });
    set(random, 25, &mut spec, "ingressClassName", |random| json!(random.pick(&LETTERS)));
    spec
}

fn cron_job(random: &mut Random) -> Value {
    let mut job = template(random);
    job["spec"]["restartPolicy"] = json!(random.pick(&["Never", "OnFailure"]));
    job["metadata"] = json!({});
    let mut spec =
        json!({"schedule": random.pick(&["0 1 * * *", "*/5 * * * *"]), "jobTemplate": {"spec": {"template": job}}});
    set(random, 30, &mut spec, "suspend", |random| json!(random.chance(50)));
    set(random, 30, &mut spec, "concurrencyPolicy", |random| json!(random.pick(&["Allow", "Forbid", "Replace"])));
    set(random, 20, &mut spec, "successfulJobsHistoryLimit", |random| json!(random.below(3)));
    spec
}

fn widget(random: &mut Random) -> Value {
    let mut spec = json!({});
    set(random, 40, &mut spec, "size", |random| json!(1 + random.below(4)));
    set(random, 40, &mut spec, "mode", |random| json!(random.pick(&LETTERS)));
    set(random, 40, &mut spec, "tags", |random| json!(random.some(&LETTERS)));
    set(random, 40, &mut spec, "steps", |random| {
        json!((0..random.below(3)).map(|_| random.pick(&LETTERS)).collect::<Vec<_>>())
    });
    set(random, 50, &mut spec, "parts", |random| {
        let mut parts =
            random.some(&[json!({"name": "p"}), json!({"name": "q", "zone": "1"}), json!({"name": "q", "zone": "2"})]);
        for part in &mut parts {
            set(random, 40, part, "note", |random| json!(random.pick(&LETTERS)));
            set(random, 30, part, "n", |random| json!(random.below(3)));
        }
        json!(parts)
    });
    for field in ["whole", "free"] {
        set(random, 40, &mut spec, field, texts);
    }
    set(random, 30, &mut spec, "any", |random| json!({"l": [random.pick(&LETTERS)], random.pick(&LETTERS): {"d": 1}}));
    spec
}

fn patch(random: &mut Random, kind: &str, namespace: &str, name: &str) -> Value {
    let mut body = named(kind, namespace, name);
    let field = random.pick(&["labels", "annotations"]);
    let mut change = Map::new();
    for key in random.some(&LETTERS) {
        let value = if random.chance(30) { Value::Null } else { json!(random.pick(&LETTERS)) };
        change.insert(key.to_owned(), value);
    }
    match kind {
        "ConfigMap" if random.chance(50) => body["data"] = Value::Object(change),
        "Deployment" | "StatefulSet" if random.chance(50) => body["spec"] = json!({"replicas": random.below(5)}),
        "Widget" if random.chance(60) => {
            body["spec"] = widget(random);
            if random.chance(30) {
                let gone = random.pick(&["size", "mode", "tags", "parts", "whole", "free", "any"]);
                body["spec"][gone] = Value::Null;
            }
        }
        "CronJob" if random.chance(50) => body["spec"] = json!({"suspend": random.chance(50)}),
        _ => body["metadata"][field] = Value::Object(change),
    }
    if random.chance(10) {
        body["metadata"]["finalizers"] = Value::Null;
    }
    body
}

fn status(random: &mut Random, kind: &str) -> Value {
    match kind {
        "Widget" => json!({"phase": random.pick(&LETTERS), "count": random.below(3)}),
        _ => json!({"replicas": random.below(3), "observedGeneration": random.below(3)}),
    }
}

/// The definition of the custom kind: every kind of list and map that there is.
pub(super) fn definition() -> Value {
    let text = json!({"type": "string"});
    let part = json!({"type": "object", "required": ["name"], "properties": {
        "name": text, "zone": {"type": "string", "default": "0"}, "n": {"type": "integer"}, "note": text}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.differential.example.com"},
        "spec": {
            "group": "differential.example.com", "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {
                        "size": {"type": "integer", "minimum": 1, "maximum": 3, "default": 1},
                        "mode": text,
                        "tags": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
                        "steps": {"type": "array", "items": text},
                        "parts": {"type": "array", "items": part, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "zone"]},
                        "whole": {"type": "object", "additionalProperties": text, "x-kubernetes-map-type": "atomic"},
                        "free": {"type": "object", "additionalProperties": text},
                        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    }},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}},
            }],
        },
    })
}
