use std::collections::{BTreeMap, BTreeSet};
use std::task::{Context, Poll};

use gitops_apply::drive::{LoadError, Surroundings, load_inventory};
use gitops_apply::execute::Settings;
use gitops_apply::plan::{Budget, Live, PlanOptions, PlanRevision, PlanSource, PlanTarget};
use gitops_apply::prepare::Destination;
use gitops_apply::tracking::{Owner, Tracking};
use gitops_apply::{
    ApplyPlan, Desired, Execution, Inventory, Outcome, PlanError, PlanInput, Policy, Progress, Signals, drive_with,
    gate, plan, prepare,
};
use gitops_core::cluster::{ApiResource, Cluster as _, ClusterError, Discovery};
use gitops_core::{Clock as _, Digest, GroupVersionKind, Manifest, Object, ObjectId, Value};
use gitops_diff::{DiffContext, ObjectDiff};

use super::Fake;

pub(crate) const APPLICATION: &str = "web";
pub(crate) const CONTROL: &str = "argocd";

pub(crate) fn discovery() -> Discovery {
    let kinds = [
        ("v1", "Namespace", false),
        ("v1", "ConfigMap", true),
        ("v1", "Secret", true),
        ("v1", "Service", true),
        ("apps/v1", "Deployment", true),
        ("batch/v1", "Job", true),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", false),
    ];
    Discovery::new(kinds.map(|(version, kind, namespaced)| ApiResource {
        gvk: GroupVersionKind::from_api_version(version, kind),
        plural: format!("{}s", kind.to_lowercase()),
        namespaced,
        subresources: Vec::new(),
    }))
}

/// What a source renders to, and the policy.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) objects: Vec<Value>,
    pub(crate) options: PlanOptions,
    pub(crate) destination: Destination,
    pub(crate) settings: Settings,
}

impl App {
    pub(crate) fn new(objects: Vec<Value>) -> Self {
        let mut options = PlanOptions::default();
        options.prune = true;
        Self { objects, options, destination: Destination::new(APPLICATION, "shop"), settings: Settings::default() }
    }
}

/// Everything between a look and a plan.
pub(crate) struct Seen {
    pub(crate) desired: Desired,
    pub(crate) live: Live,
    pub(crate) inventory: Inventory,
    pub(crate) diffs: BTreeMap<ObjectId, ObjectDiff>,
    pub(crate) source: PlanSource,
    pub(crate) settings: Settings,
}

#[derive(Debug)]
#[allow(dead_code)]
pub(crate) enum Stopped {
    Cluster(ClusterError),
    Inventory(LoadError),
    Plan(PlanError),
    /// The process was killed.
    Died,
}

pub(crate) fn source(objects: &[Value]) -> PlanSource {
    let digest = Digest::of(&serde_json::to_vec(objects).unwrap());
    let revision = PlanRevision {
        repository: "file:///web".into(),
        revision: "main".into(),
        commit: format!("{:0<40}", digest.short()),
    };
    PlanSource { revisions: vec![revision], digest: digest.as_str().into() }
}

pub(crate) fn target() -> PlanTarget {
    PlanTarget {
        cluster: "cluster".into(),
        application_namespace: CONTROL.into(),
        application: APPLICATION.into(),
        owner: APPLICATION.into(),
        namespace: "shop".into(),
        ..PlanTarget::default()
    }
}

pub(crate) fn desire(app: &App) -> Desired {
    let manifest = |value: &Value| Manifest::new(Object::from_value(value.clone()).unwrap());
    prepare(app.objects.iter().map(manifest).collect(), &app.destination, &discovery()).unwrap()
}

pub(crate) async fn look(cluster: &Fake, app: &App) -> Result<Seen, Stopped> {
    let desired = desire(app);
    let inventory = load_inventory(cluster, CONTROL, APPLICATION).await.map_err(Stopped::Inventory)?;
    let resources = desired.resources.values().map(|one| one.object.reference());
    let hooks = desired.hooks.iter().map(|hook| hook.object.reference()).filter(|hook| !hook.id.name.is_empty());
    let listed = inventory.entries.iter().map(|(id, entry)| id.at_version(entry.version.as_str()));
    let wanted: BTreeMap<_, _> = listed.chain(resources).chain(hooks).map(|one| (one.id.clone(), one)).collect();
    let mut found = Vec::new();
    for reference in wanted.values() {
        found.extend(cluster.get(reference).await.map_err(Stopped::Cluster)?);
    }
    let live = Live::complete(found);
    let diffs = compare(&desired, &live);
    let settings = app.settings.clone();
    Ok(Seen { source: source(&app.objects), desired, live, inventory, diffs, settings })
}

pub(crate) fn compare(desired: &Desired, live: &Live) -> BTreeMap<ObjectId, ObjectDiff> {
    gitops_apply::compare(desired, live, &DiffContext::new()).unwrap()
}

pub(crate) fn make_plan(seen: &Seen, app: &App) -> Result<ApplyPlan, PlanError> {
    plan(PlanInput {
        source: seen.source.clone(),
        target: target(),
        desired: &seen.desired,
        live: &seen.live,
        diffs: &seen.diffs,
        inventory: &seen.inventory,
        options: &app.options,
    })
}

pub(crate) fn policy(seen: &Seen) -> Policy {
    let mut policy = Policy::new("cluster");
    policy.budget = Budget::of(1_000);
    policy.allow_empty = true;
    policy.listed = seen.inventory.entries.len();
    policy.desired = Some(seen.desired.resources.len());
    policy
}

pub(crate) struct Done {
    pub(crate) plan: ApplyPlan,
    pub(crate) outcome: Outcome,
    pub(crate) progress: Vec<Progress>,
}

/// Carries out a plan that was made from what was seen, whatever happened since.
pub(crate) async fn execute(cluster: &Fake, seen: Seen, plan: ApplyPlan) -> Done {
    execute_until(cluster, seen, plan, usize::MAX).await
}

/// The same, terminated after so many calls.
pub(crate) async fn execute_until(cluster: &Fake, seen: Seen, plan: ApplyPlan, calls: usize) -> Done {
    let signals = Signals { stop: cluster.until_call(calls), confirmed: std::future::pending() };
    execute_with(cluster, seen, plan, signals).await
}

/// The same, with these signals from outside.
pub(crate) async fn execute_with(
    cluster: &Fake,
    seen: Seen,
    plan: ApplyPlan,
    signals: Signals<impl Future<Output = ()> + Send, impl Future<Output = ()> + Send>,
) -> Done {
    let approved = gate(plan.clone(), &policy(&seen), cluster.now()).unwrap();
    let (execution, first) = Execution::start(
        approved,
        &seen.desired,
        &seen.live,
        seen.inventory.clone(),
        seen.settings.clone(),
        cluster.now(),
    );
    let context = DiffContext::new();
    let mut around = Surroundings::new(cluster, cluster, cluster, CONTROL, &context);
    around.parallel = 4;
    let mut progress = Vec::new();
    let mut observer = |one: &Progress| progress.push(one.clone());
    let (outcome, _) = drive_with(execution, first, around, &mut observer, signals).await;
    Done { plan, outcome, progress }
}

/// One whole sync: look, plan, execute.
pub(crate) async fn sync(cluster: &Fake, app: &App) -> Result<Done, Stopped> {
    let seen = look(cluster, app).await?;
    let plan = make_plan(&seen, app).map_err(Stopped::Plan)?;
    Ok(execute(cluster, seen, plan).await)
}

/// Runs to its end, or to the death of the process.
pub(crate) fn run<T>(cluster: &Fake, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(std::task::Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        if cluster.is_dead() {
            return None;
        }
    }
    panic!("the sync does not come to its end");
}

pub(crate) fn must(cluster: &Fake, app: &App) -> Done {
    run(cluster, sync(cluster, app)).unwrap().unwrap()
}

pub(crate) fn inventory(cluster: &Fake) -> Inventory {
    run(cluster, load_inventory(cluster, CONTROL, APPLICATION)).unwrap().unwrap()
}

/// Objects with our mark that are neither listed nor desired.
pub(crate) fn orphans(cluster: &Fake, app: &App) -> Vec<ObjectId> {
    let inventory = inventory(cluster);
    let desired = desire(app);
    let hooks: BTreeSet<ObjectId> = desired.hooks.iter().map(|hook| hook.object.id()).collect();
    // A hook that the source no longer has is left alone, as in Argo CD.
    let hook = |object: &Object| object.annotation("argocd.argoproj.io/hook").is_some();
    let ours = |object: &Object| Tracking::default().owner(object, APPLICATION) == Owner::Ours && !hook(object);
    let ids = cluster.objects().into_iter().filter(ours).map(|object| object.id());
    let known =
        |id: &ObjectId| inventory.entries.contains_key(id) && desired.resources.contains_key(id) || hooks.contains(id);
    ids.filter(|id| !known(id)).collect()
}
