//! Random sequences of writes have the same answers on the embedded cluster as on a real API server: the same failures, the
//! same values, the same field owners. And what an apply changes is known before it is made.

mod generate;
mod predicted;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use futures::StreamExt as _;
use gitops_core::cluster::{Applied, Cluster, ClusterError, Delete, Deleted, Propagation, Subresource, Verb, Write};
use gitops_core::secret::Purpose;
use gitops_core::{Object, Reveal};
use gitops_diff::Kinds;
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_fixtures::testbed::{Assets, ControlPlane};
use gitops_kube::{Connection, KubeCluster};
use serde_json::{Value, json};

use generate::{Act, Random, Step};

/// How many sequences; `DIFFERENTIAL_SEQUENCES` says otherwise.
const SEQUENCES: u64 = 400;
const NAMESPACE: &str = "differential";
/// Sequences that run at the same time, each on an object of its own.
const PARALLEL: usize = 8;

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_clusters_answer_alike() {
    let Some((plane, _)) = crate::real().await else { return };
    // Controllers would write to the objects too.
    let plane: Arc<ControlPlane> = ControlPlane::without_controllers(Assets::clone(plane.assets())).unwrap().into();
    let connection = Connection::from_kubeconfig(Some(&plane.kubeconfig()), None).await.unwrap();
    let real = KubeCluster::connect(&connection).unwrap();
    let embedded = EmbeddedCluster::in_memory(&Options::new().without_controllers()).unwrap();
    for cluster in [&real as &dyn Cluster, &embedded] {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        for body in [namespace, generate::definition()] {
            let body = Object::from_value(body).unwrap();
            cluster.write(Write::new(&body, Verb::Create, "setup")).await.unwrap();
        }
    }
    served(&real).await;
    // Other sequences every time; `DIFFERENTIAL_SEED` repeats those of a run.
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs() * 100_000;
    let (first, count) =
        (from_environment("DIFFERENTIAL_SEED", now), from_environment("DIFFERENTIAL_SEQUENCES", SEQUENCES));
    let mut kinds = Kinds::builtin().unwrap();
    kinds.define(&generate::definition()).unwrap();
    let (kinds, predicted) = (Arc::new(kinds), Arc::new(AtomicU64::new(0)));
    let runs = futures::stream::iter(first..first + count).map(|seed| {
        let (real, embedded) = (real.clone(), embedded.clone());
        let (kinds, predicted) = (Arc::clone(&kinds), Arc::clone(&predicted));
        tokio::spawn(async move { compare(seed, &real, &embedded, &kinds, &predicted).await })
    });
    let differences: Vec<String> =
        runs.buffer_unordered(PARALLEL).filter_map(|result| async move { result.unwrap() }).collect().await;
    let same = count - differences.len() as u64;
    println!("{same} of {count} sequences from DIFFERENTIAL_SEED={first} on have the same answers");
    let predicted = predicted.load(Ordering::Relaxed);
    println!("of {predicted} applies it was known beforehand whether they change something");
    differences.iter().take(40).for_each(|difference| println!("{difference}"));
    assert!(differences.is_empty(), "{} sequences differ", differences.len());
    assert!(predicted * 4 > count || count < 100, "too few applies were predicted");
}

/// Waits until the custom kind can be written.
async fn served(cluster: &dyn Cluster) {
    let body = json!({"apiVersion": "differential.example.com/v1", "kind": "Widget", "metadata": {"name": "first", "namespace": NAMESPACE}});
    let body = Object::from_value(body).unwrap();
    for _ in 0..200 {
        if cluster.write(Write::new(&body, Verb::Apply { force: true }, "setup")).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the custom kind is not served");
}

/// The first step that the two answer differently.
async fn compare(
    seed: u64,
    real: &dyn Cluster,
    embedded: &dyn Cluster,
    kinds: &Kinds,
    predicted: &AtomicU64,
) -> Option<String> {
    let name = format!("s{seed}");
    let steps = generate::sequence(&mut Random::new(seed), NAMESPACE, &name);
    for (index, step) in steps.iter().enumerate() {
        let so_far = || {
            let step = |step: &Step| format!("{:?} {} {}", step.act, step.manager, step.body);
            steps[..=index].iter().map(step).collect::<Vec<_>>().join("\n  ")
        };
        let live = real.get(&Object::from_value(step.body.clone()).unwrap().reference()).await.unwrap();
        let (applied, got) = (answer(real, step).await, answer(embedded, step).await);
        let wanted = described(&applied);
        if let (Some((changes, fields)), Some(live), Ok(Answer::Object(after))) =
            (predicted::changes(step, live.as_ref(), kinds), &live, &applied)
        {
            let changed = !predicted::is_same(live, after);
            predicted.fetch_add(1, Ordering::Relaxed);
            if changes != changed {
                let (before, after) = (predicted::content(live), predicted::content(after));
                return Some(format!(
                    "seed {seed}, step {index}:\n  {}\n  predicted {fields:?}, changed: {changed} at {}",
                    so_far(),
                    place(&before, &after, String::new())
                ));
            }
        }
        let got = described(&got);
        if wanted != got {
            return Some(format!(
                "seed {seed}, step {index}:\n  {}\n  real:     {wanted}\n  embedded: {got}\n  at: {}",
                so_far(),
                place(&wanted, &got, String::new()),
            ));
        }
    }
    None
}

/// Where two answers differ first.
fn place(one: &Value, other: &Value, path: String) -> String {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
            let differing = keys.into_iter().find(|key| one.get(*key) != other.get(*key));
            differing.map_or(path.clone(), |key| {
                let null = Value::Null;
                place(one.get(key).unwrap_or(&null), other.get(key).unwrap_or(&null), format!("{path}.{key}"))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let differing = one.iter().zip(other).position(|(one, other)| one != other).unwrap();
            place(&one[differing], &other[differing], format!("{path}[{differing}]"))
        }
        _ => format!("{path}: {one} and {other}"),
    }
}

/// What came of a write.
enum Answer {
    Object(Box<Object>),
    Gone,
}

fn described(answer: &Result<Answer, ClusterError>) -> Value {
    match answer {
        Ok(Answer::Object(object)) => masked(object),
        Ok(Answer::Gone) => json!("gone"),
        Err(error) => failure(error),
    }
}

async fn answer(cluster: &dyn Cluster, step: &Step) -> Result<Answer, ClusterError> {
    let object = Object::from_value(step.body.clone()).unwrap();
    let verb = match step.act {
        Act::Apply { force, .. } => Verb::Apply { force },
        Act::Create => Verb::Create,
        Act::Update => Verb::Update,
        Act::MergePatch | Act::StatusMergePatch => Verb::MergePatch,
        Act::Delete => return deleted(cluster, &object).await,
    };
    let mut write = Write::new(&object, verb, step.manager);
    if matches!(step.act, Act::Apply { dry_run: true, .. }) {
        write = write.dry_run();
    }
    if matches!(step.act, Act::StatusMergePatch) {
        write = write.to(Subresource::Status);
    }
    let Applied { object, .. } = cluster.write(write).await?;
    Ok(Answer::Object(Box::new(object)))
}

async fn deleted(cluster: &dyn Cluster, object: &Object) -> Result<Answer, ClusterError> {
    let target = object.reference();
    let mut delete = Delete::new(&target, "");
    (delete.uid, delete.propagation) = (None, Propagation::Background);
    Ok(match cluster.delete(delete).await? {
        Deleted::Gone => Answer::Gone,
        Deleted::Pending(object) => Answer::Object(object),
    })
}

fn failure(error: &ClusterError) -> Value {
    let mut causes: Vec<Value> =
        error.causes.iter().map(|cause| json!([cause.field, cause.reason, cause.message])).collect();
    causes.sort_by_key(Value::to_string);
    json!({"code": error.kind.code(), "kind": format!("{:?}", error.kind), "causes": causes})
}

/// An object without what differs from run to run.
fn masked(object: &Object) -> Value {
    let mut value = object.reveal(&Reveal::granted(Purpose::RenderedOutput));
    let metadata = value["metadata"].as_object_mut().unwrap();
    for field in ["uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"] {
        if let Some(held) = metadata.get_mut(field) {
            *held = json!("*");
        }
    }
    if let Some(entries) = metadata.get_mut("managedFields").and_then(Value::as_array_mut) {
        for entry in entries.iter_mut() {
            entry["time"] = json!("*");
        }
        entries.sort_by_key(Value::to_string);
    }
    value
}
