//! Two operators that share the work by Leases, one of which is killed.

use std::time::{Duration, Instant};

use gitops_controller::operator::Key;
use gitops_controller::replicas::Shard;
use gitops_fixtures::TestRepository;
use gitops_fixtures::testbed::ControlPlane;
use jiff::Timestamp;
use serde_json::Value;

use crate::bench::{Operator, until};
use crate::ground::{Ground, commit, ground};

const NAMESPACE: &str = "replicas";
const APPLICATIONS: usize = 16;
const SHARDS: u32 = 8;
const LEASE: u64 = 5;
const PERIOD: u64 = 1;
/// When the shards of a killed replica are taken at the latest, and a moment for the calls.
const TAKEN: Duration = Duration::from_millis((LEASE + PERIOD) * 1_000 + 500);
/// How long fetching, rendering and writing may take beside other tests.
const SYNC: u64 = 10;

fn start(ground: &Ground, identity: &str) -> Operator {
    let [lease, period, shards] = [LEASE.to_string(), PERIOD.to_string(), SHARDS.to_string()];
    let arguments = ["--poll", "1", "--replicas-by-lease", "--identity", identity];
    let times = ["--lease-duration", &lease, "--renew-deadline", "4", "--retry-period", &period, "--shards", &shards];
    ground.operator_of(identity, &[&arguments[..], &times].concat())
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
    let Some(ground) = ground(NAMESPACE) else { return };
    let plane = ground.plane;
    let mut repository = TestRepository::new().unwrap();
    commit(&mut repository, "blue");
    let mut first = start(&ground, "first");
    let second = start(&ground, "second");
    let said = |first: &Operator| format!("{}\n{}", first.said(), second.said());
    let names: Vec<String> = (0..APPLICATIONS).map(|number| format!("replicas-{number}")).collect();
    let part = |holder: &str| holders(plane).iter().filter(|(_, one)| one == holder).count();
    until("both hold a part", || part("first") >= 4 && part("second") >= 4 && part("first") + part("second") == 9);
    ground.apply(names.iter().map(|name| ground.application(name, &repository.url())));
    until("all are synced", || names.iter().all(|name| ground.colour(name) == "blue"));

    let of_first: Vec<String> =
        holders(plane).into_iter().filter(|(_, holder)| holder == "first").map(|(shard, _)| shard).collect();
    let shard = |name: &str| Shard::of(&Key::new(NAMESPACE, name), SHARDS).to_string();
    let taken: Vec<&String> = names.iter().filter(|name| of_first.contains(&shard(name))).collect();
    assert!(!taken.is_empty() && taken.len() < APPLICATIONS, "{of_first:?}");
    first.kill();
    let (killed, killed_at) = (Instant::now(), Timestamp::now());
    commit(&mut repository, "green");
    until("all are taken over", || taken.iter().all(|name| ground.colour(name) == "green"));
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(LEASE + PERIOD + SYNC), "{took:?}\n{}", said(&first));
    until("all are synced", || names.iter().all(|name| ground.colour(name) == "green"));
    assert!(holders(plane).iter().all(|(_, holder)| holder == "second"));
    let writes = writes(plane);
    let (count, foreign) = foreign_writes(&writes, &shard);
    assert!(foreign.is_empty(), "{foreign:#?}\n{}", said(&first));
    assert!(count > 3 * APPLICATIONS, "{count}");
    let handed = changes(&writes).into_iter().filter(|(at, of, _)| *at > killed_at && of_first.contains(of));
    let last = handed.map(|(at, _, _)| at).max().unwrap().duration_since(killed_at);
    assert!(last.unsigned_abs() < TAKEN, "{last:?}\n{}", said(&first));
    eprintln!(
        "the shards of the killed one were taken in {last:?}, {} of {APPLICATIONS} applications synced in {took:?}; {count} writes",
        taken.len()
    );
}

/// What the API server did of what was asked to be written.
fn writes(plane: &ControlPlane) -> Vec<Value> {
    let is_write = |call: &Value| {
        ["create", "update", "patch", "delete"].iter().any(|verb| call["verb"] == *verb)
            && call["responseStatus"]["code"].as_u64().is_some_and(|code| code < 300)
    };
    plane.audit().unwrap().into_iter().filter(is_write).collect()
}

fn text(call: &Value, pointer: &str) -> String {
    call.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn name(call: &Value) -> String {
    let named = text(call, "/objectRef/name");
    if named.is_empty() { text(call, "/requestObject/metadata/name") } else { named }
}

/// When shards changed hands, which, and whose they were then.
fn changes(writes: &[Value]) -> Vec<(Timestamp, String, String)> {
    let leases = writes.iter().filter(|call| text(call, "/objectRef/resource") == "leases");
    let change = |call: &Value| {
        let shard = name(call).strip_prefix("gitops-shard-")?.to_owned();
        Some((at(call, "/stageTimestamp"), shard, text(call, "/requestObject/spec/holderIdentity")))
    };
    let mut changes: Vec<_> = leases.filter_map(change).collect();
    changes.sort();
    changes
}

fn at(call: &Value, pointer: &str) -> Timestamp {
    text(call, pointer).parse().unwrap()
}

/// How many writes of replicas there were on Applications and their objects, and those by one that did not hold the shard: each
/// replica is somebody else to the API server.
fn foreign_writes(writes: &[Value], shard: &dyn Fn(&str) -> String) -> (usize, Vec<Value>) {
    let changes = changes(writes);
    let holder = |shard: &str, time: Timestamp| {
        let mut before = changes.iter().filter(|(at, of, _)| of == shard && *at <= time);
        before.next_back().map(|(_, _, holder)| holder.clone()).unwrap_or_default()
    };
    let mut count = 0;
    let is_foreign = |call: &&Value| {
        let account = format!("system:serviceaccount:{NAMESPACE}:");
        let user = text(call, "/user/username");
        let Some(replica) = user.strip_prefix(&account) else { return false };
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
        ["/requestReceivedTimestamp", "/stageTimestamp"]
            .iter()
            .any(|moment| holder(&shard, at(call, moment)) != replica)
    };
    let foreign = writes.iter().filter(is_foreign).cloned().collect();
    (count, foreign)
}
