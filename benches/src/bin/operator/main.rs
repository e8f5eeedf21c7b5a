//! The operator with many Applications: `cargo build --release --workspace --bins`, then `operator NAME` writes
//! `benches/runs/operator-NAME.json`. On a real API server (`KUBEBUILDER_ASSETS`) and on the embedded cluster. Linux only.

mod running;

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gitops_benches::peer::median;
use gitops_benches::{Failure, keep, machine};
use gitops_fixtures::TestRepository;
use gitops_fixtures::testbed::{Assets, ControlPlane};
use serde_json::{Value, json};

use running::{Operator, Watch};

/// Applications that are reconciled from nothing, each with so many ConfigMaps.
const FROM_NOTHING: usize = 1_000;
const MAPS: usize = 4;
/// Applications of the repository of which a commit touches one.
const MONOREPO: usize = 2_000;
const COMMITS: usize = 10;
/// Applications on the embedded cluster, each with so many ConfigMaps.
const EMBEDDED: usize = 10_000;
const EMBEDDED_MAPS: usize = 10;
/// Applications that are looked at again and again.
const LOOKED_AT: usize = 100;
/// Looks before memory is compared: caches fill, and each part of the program has run.
const WARM_UP: u64 = 2_000;
const LOOKS: u64 = 10_000;
/// Looks between two notes of the memory.
const NOTED: u64 = 1_000;
/// How long an operator is watched that has nothing to do.
const IDLE: Duration = Duration::from_secs(30);

/// Measures one thing.
type Part = fn() -> Result<Value, Failure>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("which run is this? `operator NAME`, for example `operator 2026-11-23`")?;
    let only = arguments.next();
    let mut run = json!({"machine": machine()?});
    let parts: [(_, Part); 3] = [("api_server", api_server), ("reconciles", reconciles), ("embedded", embedded)];
    for (part, measure) in parts {
        if only.as_deref().is_none_or(|only| only == part) {
            run[part] = measure()?;
            println!("{part}: {:#}", run[part]);
        }
    }
    keep("operator", &name, &run)
}

/// On a real API server: from nothing, at rest, and from a commit that touches one Application to the cluster.
fn api_server() -> Result<Value, Failure> {
    let (plane, place) = (plane()?, tempfile::tempdir()?);
    let mut repository = TestRepository::new()?;
    commit(&mut repository, MONOREPO, MAPS)?;
    define(&plane, &repository, 0..FROM_NOTHING)?;

    let begun = Instant::now();
    let operator = Operator::start(place.path(), &of_plane(&plane))?;
    operator.until_synced(FROM_NOTHING)?;
    let from_nothing = json!({
        "applications": FROM_NOTHING,
        "wall_s": begun.elapsed().as_secs_f64(),
        "cpu_s": operator.cpu()?,
        "writes_an_application": f64::from(writes(&plane)?) / f64::from(u32::try_from(FROM_NOTHING)?),
        "resident_mib": operator.memory("VmRSS")? / 1024,
        "peak_mib": operator.memory("VmHWM")? / 1024,
    });
    sleep(Duration::from_secs(5));
    let (before, start) = (operator.cpu()?, Instant::now());
    sleep(IDLE);
    let idle = 100.0 * (operator.cpu()? - before) / start.elapsed().as_secs_f64();

    define(&plane, &repository, FROM_NOTHING..MONOREPO)?;
    operator.until_synced(MONOREPO)?;
    let refresh = |number: usize| -> Result<(), Failure> {
        let name = format!("app-{number}");
        let words = ["annotate", "application", "-n", "argocd", &name, "argocd.argoproj.io/refresh=normal"];
        plane.kubectl(&words)?;
        Ok(())
    };
    let by_refresh = commits(&plane, &operator, &mut repository, "refreshed", &refresh)?;
    let address = repository.url();
    let by_webhook =
        commits(&plane, &operator, &mut repository, "pushed", &|number| operator.push(&address, &path(number, 0)))?;
    Ok(json!({
        "from_nothing": from_nothing,
        "idle_percent_of_a_core": idle,
        "commit": by_refresh,
        "commit_by_webhook": by_webhook,
        "resident_mib": operator.memory("VmRSS")? / 1024,
    }))
}

/// Commits that touch one Application of many each, told of in some way: how long they take to the cluster, and how many sources
/// are rendered.
fn commits(
    plane: &ControlPlane,
    operator: &Operator,
    repository: &mut TestRepository,
    value: &str,
    tell: &dyn Fn(usize) -> Result<(), Failure>,
) -> Result<Value, Failure> {
    let (mut to_cluster, mut renders) = (Vec::new(), Vec::new());
    for number in 0..COMMITS {
        let (before, number) = (operator.renders()?, number * 150);
        let map = format!("app-{number}-0");
        let mut watch = Watch::start(plane, &map)?;
        let value = format!("{value}-{number}");
        repository.commit([(path(number, 0).as_str(), config_map(&map, &value).as_str())])?;
        let start = Instant::now();
        tell(number)?;
        watch.until(&value)?;
        to_cluster.push(start.elapsed().as_secs_f64() * 1_000.0);
        operator.until_idle()?;
        renders.push(operator.renders()? - before);
    }
    Ok(json!({
        "applications": MONOREPO,
        "to_cluster_ms": to_cluster,
        "median_ms": median(to_cluster.iter().copied()),
        "renders": renders,
    }))
}

/// How memory grows while the same Applications are looked at again and again, and one of them changes each time.
fn reconciles() -> Result<Value, Failure> {
    let (plane, place) = (plane()?, tempfile::tempdir()?);
    let mut repository = TestRepository::new()?;
    commit(&mut repository, LOOKED_AT, MAPS)?;
    define(&plane, &repository, 0..LOOKED_AT)?;
    let operator = Operator::start(place.path(), &of_plane(&plane))?;
    operator.until_synced(LOOKED_AT)?;
    let (mut round, mut notes, mut next) = (0, Vec::new(), 0);
    let last = WARM_UP + LOOKS;
    loop {
        let looks = operator.looks()?;
        if looks >= next {
            let kib = |line| operator.memory(line);
            notes.push(json!({"looks": looks, "resident_kib": kib("VmRSS")?, "anonymous_kib": kib("RssAnon")?}));
            next = if next < WARM_UP { WARM_UP } else { next + NOTED };
        }
        if looks >= last {
            break;
        }
        let number = round % LOOKED_AT;
        let text = config_map(&format!("app-{number}-0"), &format!("round-{round}"));
        repository.commit([(path(number, 0).as_str(), text.as_str())])?;
        let refresh = ["annotate", "application", "-n", "argocd", "--all", "argocd.argoproj.io/refresh=normal"];
        plane.kubectl(&refresh)?;
        operator.until_idle()?;
        round += 1;
    }
    let memory = |note: &Value, which: &str| note[which].as_f64().unwrap_or_default();
    let warm = notes.iter().find(|note| note["looks"].as_u64() >= Some(WARM_UP)).cloned().unwrap_or_default();
    let end = notes.last().cloned().unwrap_or_default();
    let growth = |which: &str| 100.0 * (memory(&end, which) / memory(&warm, which) - 1.0);
    Ok(json!({
        "applications": LOOKED_AT,
        "commits": round,
        "growth_percent": growth("resident_kib"),
        "anonymous_growth_percent": growth("anonymous_kib"),
        "memory": notes,
    }))
}

/// A control plane with the definitions of Argo CD's kinds. Nobody else writes to it.
fn plane() -> Result<ControlPlane, Failure> {
    let plane = ControlPlane::without_controllers(Assets::find()?)?;
    let kinds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../install/crds");
    plane.kubectl(&["apply", "--server-side", "-k", &kinds.display().to_string()])?;
    plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"])?;
    for namespace in ["argocd", "bench"] {
        plane.kubectl(&["create", "namespace", namespace])?;
    }
    Ok(plane)
}

/// The arguments of an operator on a control plane.
fn of_plane(plane: &ControlPlane) -> [String; 4] {
    let kubeconfig = plane.kubeconfig().display().to_string();
    ["--kubeconfig", &kubeconfig, "--allow-local-repositories", "/"].map(Into::into)
}

/// On the embedded cluster: how much memory so many Applications need.
fn embedded() -> Result<Value, Failure> {
    let place = tempfile::tempdir()?;
    let mut repository = TestRepository::new()?;
    commit(&mut repository, EMBEDDED, EMBEDDED_MAPS)?;
    let folder = place.path().join("applications");
    fs::create_dir(&folder)?;
    for number in 0..EMBEDDED {
        fs::write(folder.join(format!("{number}.yaml")), application(&repository, number))?;
    }
    let begun = Instant::now();
    let operator = Operator::start(place.path(), &["--embedded".into(), folder.display().to_string()])?;
    operator.until_synced(EMBEDDED)?;
    Ok(json!({
        "applications": EMBEDDED,
        "objects": EMBEDDED * EMBEDDED_MAPS,
        "wall_s": begun.elapsed().as_secs_f64(),
        "cpu_s": operator.cpu()?,
        "peak_mib": operator.memory("VmHWM")? / 1024,
    }))
}

fn path(number: usize, map: usize) -> String {
    format!("apps/app-{number}/{map}.yaml")
}

fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{value: \"{value}\"}}\n")
}

fn commit(repository: &mut TestRepository, applications: usize, maps: usize) -> Result<(), Failure> {
    let places = (0..applications).flat_map(|number| (0..maps).map(move |map| (number, map)));
    let files: Vec<_> =
        places.map(|(number, map)| (path(number, map), config_map(&format!("app-{number}-{map}"), "first"))).collect();
    repository.commit(files.iter().map(|(file, text)| (file.as_str(), text.as_str())))?;
    Ok(())
}

fn application(repository: &TestRepository, number: usize) -> String {
    format!(
        "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: app-{number}, namespace: argocd}}\nspec:\n  \
         project: default\n  source: {{repoURL: \"{}\", targetRevision: HEAD, path: apps/app-{number}}}\n  destination: \
         {{server: \"https://kubernetes.default.svc\", namespace: bench}}\n  syncPolicy: {{automated: {{prune: true, \
         selfHeal: true}}, syncOptions: [CreateNamespace=true]}}\n",
        repository.url()
    )
}

fn define(plane: &ControlPlane, repository: &TestRepository, numbers: std::ops::Range<usize>) -> Result<(), Failure> {
    let text: String = numbers.map(|number| application(repository, number)).collect();
    plane.kubectl_with_input(&["create", "-f", "-"], &text)?;
    Ok(())
}

/// How often the operator wrote Applications.
fn writes(plane: &ControlPlane) -> Result<u32, Failure> {
    let is_write = |call: &&Value| {
        call["objectRef"]["resource"] == "applications" && ["patch", "update"].iter().any(|verb| call["verb"] == *verb)
    };
    Ok(u32::try_from(plane.audit()?.iter().filter(is_write).count())?)
}
