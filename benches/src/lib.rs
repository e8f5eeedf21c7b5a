//! Inputs of the benches: trees of manifests, live objects, items to order, and a whole pipeline from a tree to a plan.

pub mod peer;
pub mod process;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use futures::executor::block_on;
use futures::future::BoxFuture;
use gitops_apply::drive::{Surroundings, load_inventory};
use gitops_apply::execute::{OutcomePhase, Settings};
use gitops_apply::hook::Phase;
use gitops_apply::order::Item;
use gitops_apply::plan::{Live, PlanOptions, PlanSource, PlanTarget};
use gitops_apply::prepare::Destination;
use gitops_apply::{
    ApplyPlan, Desired, Execution, Inventory, PlanInput, Policy, compare, drive, gate, observe, plan, prepare,
};
use gitops_core::api::ApplicationSource;
use gitops_core::cluster::{ApiResource, Discovery};
use gitops_core::tree::MemoryTree;
use gitops_core::{Cluster, GroupVersionKind, Manifest, Object, ObjectId, Timestamp, Value};
use gitops_diff::DiffContext;
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_render::{Inputs, Limits, Outcome, render};
use serde_json::json;

/// Why an input cannot be made.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A folder of `count` Deployments, a hundred a file.
pub fn tree(count: usize) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for file in 0..count.div_ceil(100) {
        let mut text = String::new();
        for number in (file * 100)..((file + 1) * 100).min(count) {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{number}\n  labels:\n    app: web-{number}\n\
                 spec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app: web-{number}\n  template:\n    metadata:\n      \
                 labels:\n        app: web-{number}\n    spec:\n      containers:\n      - name: web\n        image: nginx:1.27\n        \
                 ports:\n        - containerPort: 80\n        resources:\n          requests:\n            cpu: 100m\n            memory: 128Mi\n"
            );
        }
        tree = tree.with_file(&format!("app/{file:04}.yaml"), text);
    }
    tree
}

/// What a tree renders to.
///
/// # Errors
/// Where it does not render.
pub fn rendered(tree: &Arc<MemoryTree>) -> Result<Vec<Manifest>, Failure> {
    let mut source = ApplicationSource::new("file:///bench");
    source.path = Some("app".into());
    match render(Arc::clone(tree) as Arc<_>, &source, &Inputs::new("bench"), &Limits::default())? {
        Outcome::Done(rendered) => Ok(rendered.objects),
        Outcome::Needs(needs) => Err(format!("needs {needs:?}").into()),
    }
}

/// Rendered objects in their namespace with their mark.
///
/// # Errors
/// Where they cannot be desired.
pub fn desired(manifests: Vec<Manifest>) -> Result<Desired, Failure> {
    let deployments = ApiResource {
        gvk: GroupVersionKind::from_api_version("apps/v1", "Deployment"),
        plural: "deployments".into(),
        namespaced: true,
        subresources: Vec::new(),
    };
    Ok(prepare(manifests, &Destination::new("bench", "default"), &Discovery::new([deployments]))?)
}

/// Live objects as a cluster would give them back, the ones at `changed` with another image.
///
/// # Errors
/// Where an object is none.
pub fn live(desired: &Desired, changed: impl Fn(usize) -> bool) -> Result<Live, Failure> {
    let mut objects = Vec::with_capacity(desired.resources.len());
    for (number, one) in desired.resources.values().enumerate() {
        let mut body = Value::Object(one.object.body().clone());
        body["metadata"]["uid"] = json!(format!("uid-{number}"));
        body["metadata"]["resourceVersion"] = json!(number.to_string());
        body["spec"]["progressDeadlineSeconds"] = json!(600);
        body["spec"]["template"]["spec"]["dnsPolicy"] = json!("ClusterFirst");
        body["status"] = json!({"replicas": 3, "readyReplicas": 3});
        if changed(number) {
            body["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1.26");
        }
        objects.push(Object::from_value(body)?);
    }
    Ok(Live::complete(objects))
}

/// Says every write for desired and live objects.
///
/// # Errors
/// Where objects cannot be compared or planned.
pub fn planned(desired: &Desired, live: &Live, context: &DiffContext<'_>) -> Result<ApplyPlan, Failure> {
    let diffs: BTreeMap<_, _> = compare(desired, live, context)?;
    let (source, target) = (PlanSource::default(), PlanTarget { owner: "bench".into(), ..PlanTarget::default() });
    let (inventory, options) = (Inventory::new("bench"), PlanOptions::default());
    let input = PlanInput { source, target, desired, live, diffs: &diffs, inventory: &inventory, options: &options };
    Ok(plan(input)?)
}

/// An embedded cluster in memory, without stand-ins for controllers: what is measured is the engine and the API.
///
/// # Errors
/// Where it does not open.
pub fn cluster() -> Result<EmbeddedCluster, Failure> {
    Ok(EmbeddedCluster::in_memory(&Options::new().without_controllers())?)
}

/// Observes, compares, plans and executes, and answers how many steps there were.
///
/// # Errors
/// Where a step of the way fails.
pub fn carried_out(desired: &Desired, cluster: &EmbeddedCluster, context: &DiffContext<'_>) -> Result<usize, Failure> {
    block_on(async {
        let inventory = load_inventory(cluster, "default", "bench").await?;
        let live = observe(cluster, desired, &inventory).await?;
        let diffs = compare(desired, &live, context)?;
        let uid = cluster.info().await?.uid;
        let target = PlanTarget {
            owner: "bench".into(),
            application: "bench".into(),
            application_namespace: "default".into(),
            cluster: uid.clone(),
            ..PlanTarget::default()
        };
        let (source, options) = (PlanSource::default(), PlanOptions::default());
        let (live, diffs, known, options) = (&live, &diffs, &inventory, &options);
        let made = plan(PlanInput { source, target, desired, live, diffs, inventory: known, options })?;
        let steps = made.steps().count();
        let approved = gate(made, &Policy::new(uid.as_str()), Timestamp::now())?;
        let (execution, first) =
            Execution::start(approved, desired, live, inventory.clone(), Settings::default(), Timestamp::now());
        // There are neither hooks nor waves, so that no deadline is ever waited for.
        let never = |_: Timestamp| -> BoxFuture<'static, ()> { Box::pin(std::future::pending()) };
        let around = Surroundings::new(cluster, &Timestamp::now, &never, "default", context);
        let (outcome, _) = drive(execution, first, around, &mut |_| {}).await;
        if outcome.phase == OutcomePhase::Succeeded { Ok(steps) } else { Err(format!("{outcome:?}").into()) }
    })
}

/// `count` resources over `waves` waves.
pub fn items(count: usize, waves: i64) -> Vec<Item> {
    let kinds = ["ConfigMap", "Secret", "Service", "Deployment", "Widget"];
    (0i64..)
        .take(count)
        .map(|number| {
            let kind = kinds[usize::try_from(number).unwrap_or(0) % kinds.len()];
            let id = ObjectId::new("", kind, Some("default"), format!("n{:06}", (number * 7919) % 1_000_003));
            Item::new(Phase::Sync, number % waves, id)
        })
        .collect()
}

/// Keeps a run as `benches/runs/TOOL-NAME.json`, and prints where it lies.
///
/// # Errors
/// Where it cannot be written.
pub fn keep(tool: &str, name: &str, run: &Value) -> Result<(), Failure> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("runs").join(format!("{tool}-{name}.json"));
    std::fs::write(&file, format!("{run:#}\n"))?;
    println!("{}", file.display());
    Ok(())
}

/// What the measurements were made on; Linux only.
///
/// # Errors
/// Where the machine does not say.
pub fn machine() -> Result<Value, Failure> {
    let processor = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = std::fs::read_to_string("/proc/meminfo")?;
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let compiler = std::process::Command::new("rustc").arg("--version").output()?;
    Ok(json!({
        "processor": model.trim_start_matches([' ', '\t', ':']),
        "cores": std::thread::available_parallelism()?.get(),
        "memory": memory.trim(),
        "system": std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim(),
        "load": std::fs::read_to_string("/proc/loadavg")?.trim(),
        "compiler": String::from_utf8_lossy(&compiler.stdout).trim(),
    }))
}

/// The most memory that this process held so far, in kB; Linux only.
///
/// # Errors
/// Where the system does not say.
pub fn peak_memory() -> Result<u64, Failure> {
    process::memory("self", "VmHWM")
}
