//! Two operators that share the work by Leases, one of which is killed.

use std::time::{Duration, Instant};

use gitops_controller::operator::Key;
use gitops_controller::replicas::Shard;
use gitops_fixtures::TestRepository;
use gitops_fixtures::testbed::{self, ControlPlane};
use serde_json::{Value, json};

use crate::bench::{Operator, install, until};

const NAMESPACE: &str = "replicas";
const APPLICATIONS: usize = 16;
const SHARDS: u32 = 8;
const LEASE: u64 = 5;
const PERIOD: u64 = 1;
/// How long fetching, rendering and writing may take beside other tests.
const SYNC: u64 = 10;

fn start(plane: &ControlPlane, identity: &str) -> Operator {
    let [lease, period, shards] = [LEASE.to_string(), PERIOD.to_string(), SHARDS.to_string()];
    let arguments = ["--namespace", NAMESPACE, "--poll", "1", "--replicas-by-lease", "--identity", identity];
    let times = ["--lease-duration", &lease, "--renew-deadline", "4", "--retry-period", &period, "--shards", &shards];
    Operator::start(plane, &[&arguments[..], &times].concat())
}

/// The rights of the installation, in another namespace: the operator of other tests is at work in its own.
fn prepare(plane: &ControlPlane) {
    install(plane);
    plane.kubectl(&["create", "namespace", NAMESPACE]).unwrap();
    for kind in ["role", "rolebinding"] {
        let text = plane.kubectl(&["get", "--namespace", "argocd", kind, "gitops-controller", "-o", "json"]).unwrap();
        let mut object: Value = serde_json::from_str(&text).unwrap();
        object["metadata"] = json!({"name": "gitops-controller", "namespace": NAMESPACE});
        plane.kubectl_with_input(&["create", "-f", "-"], &object.to_string()).unwrap();
    }
}

fn application(name: &str, repository: &TestRepository) -> String {
    let spec = json!({
        "project": "default",
        "source": {"repoURL": repository.url(), "path": "app", "targetRevision": "HEAD"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
        "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"]},
    });
    let metadata = json!({"name": name, "namespace": NAMESPACE});
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}).to_string()
}

fn colour(plane: &ControlPlane, name: &str) -> String {
    let arguments =
        ["get", "--namespace", name, "configmap/settings", "--ignore-not-found", "-o", "jsonpath={.data.colour}"];
    plane.kubectl(&arguments).unwrap_or_default()
}

fn commit(repository: &mut TestRepository, colour: &str) {
    let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: {colour}\n");
    repository.commit([("app/settings.yaml", text.as_str())]).unwrap();
}

/// Who holds each shard.
fn holders(plane: &ControlPlane) -> Vec<(String, String)> {
    let text = plane.kubectl(&["get", "--namespace", NAMESPACE, "lease", "-o", "json"]).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let leases = list["items"].as_array().unwrap().iter();
    let named = leases.map(|one| (text(&one["metadata"]["name"]), text(&one["spec"]["holderIdentity"])));
    named.filter_map(|(name, holder)| Some((name.strip_prefix("gitops-shard-")?.to_owned(), holder))).collect()
}

#[test]
fn what_a_killed_replica_worked_at_is_taken_over_in_time() {
    let Some(plane) = testbed::shared().filter(|plane| plane.assets().has_controllers()) else { return };
    prepare(plane);
    let mut repository = TestRepository::new().unwrap();
    commit(&mut repository, "blue");
    let mut first = start(plane, "first");
    let second = start(plane, "second");
    let said = |first: &Operator| format!("{}\n{}", first.said(), second.said());
    let names: Vec<String> = (0..APPLICATIONS).map(|number| format!("replicas-{number}")).collect();
    let part = |holder: &str| holders(plane).iter().filter(|(_, one)| one == holder).count();
    until("both hold a part", || part("first") >= 4 && part("second") >= 4 && part("first") + part("second") == 9);
    let all: Vec<String> = names.iter().map(|name| application(name, &repository)).collect();
    plane.kubectl_with_input(&["apply", "-f", "-"], &all.join("\n---\n")).unwrap();
    until("all are synced", || names.iter().all(|name| colour(plane, name) == "blue"));

    let of_first: Vec<String> =
        holders(plane).into_iter().filter(|(_, holder)| holder == "first").map(|(shard, _)| shard).collect();
    let shard = |name: &str| Shard::of(&Key::new(NAMESPACE, name), SHARDS).to_string();
    let taken: Vec<&String> = names.iter().filter(|name| of_first.contains(&shard(name))).collect();
    assert!(!taken.is_empty() && taken.len() < APPLICATIONS, "{of_first:?}");
    first.kill();
    let killed = Instant::now();
    commit(&mut repository, "green");
    until("all are taken over", || taken.iter().all(|name| colour(plane, name) == "green"));
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(LEASE + PERIOD + SYNC), "{took:?}\n{}", said(&first));
    until("all are synced", || names.iter().all(|name| colour(plane, name) == "green"));
    assert!(holders(plane).iter().all(|(_, holder)| holder == "second"));
    let (writes, foreign) = foreign_writes(plane, &shard);
    assert!(foreign.is_empty(), "{foreign:#?}\n{}", said(&first));
    assert!(writes > 3 * APPLICATIONS, "{writes}");
    eprintln!("{} of {APPLICATIONS} applications were taken over in {took:?}; {writes} writes", taken.len());
}

/// How many writes of replicas there were on Applications and their objects, and those by one that did not hold the shard.
fn foreign_writes(plane: &ControlPlane, shard: &dyn Fn(&str) -> String) -> (usize, Vec<Value>) {
    let audit = plane.audit().unwrap();
    let text =
        |call: &Value, pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let writes: Vec<&Value> = audit
        .iter()
        .filter(|call| ["create", "update", "patch", "delete"].contains(&text(call, "/verb").as_str()))
        .filter(|call| call["responseStatus"]["code"].as_u64().is_some_and(|code| code < 300))
        .collect();
    let name = |call: &Value| {
        let named = text(call, "/objectRef/name");
        if named.is_empty() { text(call, "/requestObject/metadata/name") } else { named }
    };
    // When a shard changed hands, and to whom.
    let mut changes: Vec<(String, String, String)> = writes
        .iter()
        .filter(|call| text(call, "/objectRef/resource") == "leases")
        .filter_map(|call| {
            let shard = name(call).strip_prefix("gitops-shard-")?.to_owned();
            Some((text(call, "/stageTimestamp"), shard, text(call, "/requestObject/spec/holderIdentity")))
        })
        .collect();
    changes.sort();
    let holder = |shard: &str, time: &str| {
        let mut before = changes.iter().filter(|(at, of, _)| of == shard && at.as_str() <= time);
        before.next_back().map(|(_, _, holder)| holder.clone()).unwrap_or_default()
    };
    let mut count = 0;
    let is_foreign = |call: &&Value| {
        let agent = text(call, "/userAgent");
        let Some(replica) = ["first", "second"].into_iter().find(|one| agent.contains(&format!("({one})"))) else {
            return false;
        };
        let of_application = match text(call, "/objectRef/resource").as_str() {
            "applications" => text(call, "/objectRef/name"),
            "namespaces" => name(call),
            _ => text(call, "/objectRef/namespace"),
        };
        if !of_application.starts_with("replicas-") {
            return false;
        }
        count += 1;
        let shard = shard(&of_application);
        [text(call, "/requestReceivedTimestamp"), text(call, "/stageTimestamp")]
            .iter()
            .any(|time| holder(&shard, time) != replica)
    };
    let foreign = writes.iter().copied().filter(is_foreign).cloned().collect();
    (count, foreign)
}
