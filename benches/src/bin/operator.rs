//! The operator with many Applications: `cargo build --release --workspace --bins`, then `operator NAME` writes
//! `benches/runs/operator-NAME.json`. On a real API server (`KUBEBUILDER_ASSETS`) and on the embedded cluster. Linux only.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use gitops_benches::peer::median;
use gitops_benches::process::{self, Time};
use gitops_benches::{Failure, keep, machine};
use gitops_fixtures::TestRepository;
use gitops_fixtures::testbed::{Assets, ControlPlane};
use serde_json::{Value, json};

/// Applications that are reconciled from nothing, each with so many ConfigMaps.
const FROM_NOTHING: usize = 1_000;
const MAPS: usize = 4;
/// Applications of the repository of which a commit touches one.
const MONOREPO: usize = 2_000;
const COMMITS: usize = 10;
/// Applications on the embedded cluster, each with so many ConfigMaps.
const EMBEDDED: usize = 10_000;
const EMBEDDED_MAPS: usize = 10;
/// How long all of them may take.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// How long an operator is watched that has nothing to do.
const IDLE: Duration = Duration::from_secs(30);

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("which run is this? `operator NAME`, for example `operator 2026-11-23`")?;
    let only = arguments.next();
    let mut run = json!({"machine": machine()?});
    for (part, measure) in [("api_server", api_server as fn() -> Result<Value, Failure>), ("embedded", embedded)] {
        if only.as_deref().is_none_or(|only| only == part) {
            run[part] = measure()?;
            println!("{part}: {:#}", run[part]);
        }
    }
    keep("operator", &name, &run)
}

/// On a real API server: from nothing, at rest, and from a commit that touches one Application to the cluster.
fn api_server() -> Result<Value, Failure> {
    let plane = ControlPlane::without_controllers(Assets::find()?)?;
    let place = tempfile::tempdir()?;
    let manifests = Command::new(program("gitops")?).args(["admin", "manifests", "--crds-only"]).output()?;
    plane.kubectl_with_input(&["apply", "--server-side", "-f", "-"], &String::from_utf8(manifests.stdout)?)?;
    for namespace in ["argocd", "bench"] {
        plane.kubectl(&["create", "namespace", namespace])?;
    }
    let mut repository = TestRepository::new()?;
    commit(&mut repository, MONOREPO, MAPS)?;
    define(&plane, &repository, 0..FROM_NOTHING)?;

    let begun = Instant::now();
    let kubeconfig = plane.kubeconfig();
    let arguments =
        ["--kubeconfig", &kubeconfig.display().to_string(), "--allow-local-repositories", "/"].map(Into::into);
    let operator = Operator::start(place.path(), &arguments)?;
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
    let (mut to_cluster, mut renders) = (Vec::new(), Vec::new());
    for number in 0..COMMITS {
        let (before, number) = (operator.renders()?, number * 150);
        let map = format!("app-{number}-0");
        let mut watch = Watch::start(&plane, &map)?;
        let value = format!("changed-{number}");
        repository.commit([(path(number, 0).as_str(), config_map(&map, &value).as_str())])?;
        let start = Instant::now();
        let refresh =
            ["annotate", "application", "-n", "argocd", &format!("app-{number}"), "argocd.argoproj.io/refresh=normal"];
        plane.kubectl(&refresh)?;
        watch.until(&value)?;
        to_cluster.push(start.elapsed().as_secs_f64() * 1_000.0);
        sleep(Duration::from_secs(1));
        renders.push(operator.renders()? - before);
    }
    Ok(json!({
        "from_nothing": from_nothing,
        "idle_percent_of_a_core": idle,
        "commit": {
            "applications": MONOREPO,
            "to_cluster_ms": to_cluster,
            "median_ms": median(to_cluster.iter().copied()),
            "renders": renders,
        },
        "resident_mib": operator.memory("VmRSS")? / 1024,
    }))
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

fn program(name: &str) -> Result<PathBuf, Failure> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// A running operator, which ends with this.
struct Operator {
    process: Child,
    address: String,
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Operator {
    fn start(place: &Path, arguments: &[String]) -> Result<Self, Failure> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut command = Command::new(program("gitops-controller")?);
        command.arg("--data-dir").arg(place.join("data")).args(["--listen", &address]).args(arguments);
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(place.join("errors"))?)
            .spawn()?;
        Ok(Self { process, address })
    }

    fn metrics(&self) -> Result<String, Failure> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Waits until so many Applications are as their sources say.
    fn until_synced(&self, count: usize) -> Result<(), Failure> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let text = self.metrics().unwrap_or_default();
            let synced = |line: &&str| line.starts_with("argocd_app_info{") && line.contains("sync_status=\"Synced\"");
            if text.lines().filter(synced).count() == count {
                return Ok(());
            }
            sleep(Duration::from_millis(500));
        }
        Err(format!("not all of {count} Applications were synced in {PATIENCE:?}").into())
    }

    /// How many sources were rendered, those not counted whose result was known.
    fn renders(&self) -> Result<u64, Failure> {
        let text = self.metrics()?;
        let line = text.lines().find_map(|line| line.strip_prefix("gitops_renders_total "));
        Ok(line.ok_or("no count of renders")?.trim().parse()?)
    }

    /// Seconds of processors.
    fn cpu(&self) -> Result<f64, Failure> {
        process::seconds(&self.process.id().to_string(), Time::Own)
    }

    /// KiB of memory.
    fn memory(&self, which: &str) -> Result<u64, Failure> {
        process::memory(&self.process.id().to_string(), which)
    }
}

/// What the API server tells of a ConfigMap.
struct Watch {
    process: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Watch {
    fn start(plane: &ControlPlane, map: &str) -> Result<Self, Failure> {
        let mut command = plane.kubectl_command();
        command.args(["get", "configmap", map, "-n", "bench", "--watch", "-o", "jsonpath={.data.value}{\"\\n\"}"]);
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        let mut watch = Self { process, lines: BufReader::new(output) };
        watch.until("first")?;
        Ok(watch)
    }

    fn until(&mut self, value: &str) -> Result<(), Failure> {
        let mut line = String::new();
        while line.trim() != value {
            line.clear();
            if self.lines.read_line(&mut line)? == 0 {
                return Err("the watch ended".into());
            }
        }
        Ok(())
    }
}
