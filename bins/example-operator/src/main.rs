//! An operator of its own kind on the engine's crates: a `Site` holds manifests, and the operator keeps what they render
//! to: it renders, compares, plans and executes. Here its cluster is the embedded one, served to kube-rs in process.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use gitops_apply::drive::{Surroundings, load_inventory};
use gitops_apply::execute::Settings;
use gitops_apply::plan::{PlanOptions, PlanSource, PlanTarget};
use gitops_apply::prepare::Destination;
use gitops_apply::{Execution, PlanInput, Policy, compare, drive, gate, observe, plan, prepare};
use gitops_core::api::ApplicationSource;
use gitops_core::{Cluster, Timestamp, tree::MemoryTree};
use gitops_diff::DiffContext;
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_merge::schema::Kinds;
use gitops_render::{Inputs, Limits, Outcome, render};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::runtime::{Controller, controller::Action, watcher};
use kube::{Api, Client, CustomResource, CustomResourceExt as _, ResourceExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

type Failure = Box<dyn Error + Send + Sync>;
/// What a site is made of: files with manifests, which may be a kustomization.
#[derive(CustomResource, Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[kube(group = "example.com", version = "v1", kind = "Site", namespaced)]
struct SiteSpec {
    files: BTreeMap<String, String>,
}

struct Operator {
    cluster: Arc<dyn Cluster>,
    kinds: Kinds,
}

/// Brings the cluster to what a site says.
async fn keep(site: &Site, operator: &Operator) -> Result<gitops_apply::Outcome, Failure> {
    let (name, namespace) = (site.name_any(), site.namespace().unwrap_or_default());
    let cluster = operator.cluster.as_ref();
    let tree = site.spec.files.iter().fold(MemoryTree::new(), |tree, (path, text)| tree.with_file(path, text.clone()));
    let mut source = ApplicationSource::new("site:");
    source.path = Some(".".into());
    let rendered = match render(Arc::new(tree), &source, &Inputs::new(&name), &Limits::default())? {
        Outcome::Done(rendered) => rendered,
        Outcome::Needs(needs) => return Err(format!("sites are self-contained, and this one needs {needs:?}").into()),
    };
    let desired = prepare(rendered.objects, &Destination::new(&name, &namespace), &*cluster.discover().await?)?;
    let inventory = load_inventory(cluster, &namespace, &name).await?;
    let live = observe(cluster, &desired, &inventory).await?;
    let context = DiffContext::new().with_kinds(&operator.kinds);
    let diffs = compare(&desired, &live, &context)?;
    let source = PlanSource { revisions: Vec::new(), digest: rendered.digest.to_string() };
    let mut target = PlanTarget { owner: name.clone(), application: name, ..PlanTarget::default() };
    (target.cluster, target.application_namespace) = (cluster.info().await?.uid, namespace.clone());
    let policy = Policy::new(target.cluster.as_str());
    let mut options = PlanOptions::default();
    options.prune = true;
    let (desired, live, diffs, inventory, options) = (&desired, &live, &diffs, inventory, &options);
    let made = plan(PlanInput { source, target, desired, live, diffs, inventory: &inventory, options })?;
    let approved = gate(made, &policy, Timestamp::now())?;
    let settings = Settings::default();
    let sleep = |until: Timestamp| -> BoxFuture<'static, ()> {
        let pause = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
        Box::pin(tokio::time::sleep(pause))
    };
    let (execution, first) = Execution::start(approved, desired, live, inventory, settings, Timestamp::now());
    let around = Surroundings::new(cluster, &Timestamp::now, &sleep, &namespace, &context);
    Ok(drive(execution, first, around, &mut |_| {}).await.0)
}

/// Runs the controller until its process ends.
async fn run(cluster: EmbeddedCluster) -> Result<(), Failure> {
    let client = Client::new(cluster.clone(), "default");
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let how = kube::api::PatchParams::apply("example-operator");
    definitions.patch("sites.example.com", &how, &kube::api::Patch::Apply(Site::crd())).await?;
    let operator = Arc::new(Operator { cluster: Arc::new(cluster), kinds: Kinds::builtin()? });
    let reconcile = |site: Arc<Site>, operator: Arc<Operator>| async move {
        keep(&site, &operator).await.map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(Action::requeue(Duration::from_secs(60)))
    };
    Controller::new(Api::<Site>::all(client), watcher::Config::default())
        .run(reconcile, |_, _, _| Action::requeue(Duration::from_secs(5)), operator)
        .for_each(async |done| eprintln!("{done:?}"))
        .await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    run(EmbeddedCluster::open(".gitops".as_ref(), &Options::new())?).await
}

#[cfg(test)]
mod tests;
