//! A sync beside `kubectl apply --server-side` of the same files on the same API server, in turn:
//! `cargo build --release --bin gitops && cargo run --release -p gitops-benches --bin kubernetes -- NAME` writes
//! `benches/runs/kubernetes-NAME.json`. Needs the programs of a control plane (`KUBEBUILDER_ASSETS`). Linux only.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use gitops_benches::process::{Time, seconds};
use gitops_benches::{Failure, keep, machine};
use gitops_fixtures::TestRepository;
use gitops_fixtures::testbed::{Assets, ControlPlane};
use serde_json::{Value, json};

/// ConfigMaps of one sync.
const OBJECTS: usize = 1_000;
/// Of these so many are changed.
const CHANGED: usize = 10;
const ROUNDS: usize = 5;

fn main() -> Result<(), Failure> {
    let name = env::args().nth(1).ok_or("which run is this? `kubernetes NAME`, for example `kubernetes 2026-11-23`")?;
    keep("kubernetes", &name, &Bench::new()?.measured()?)
}

struct Bench {
    plane: ControlPlane,
    place: tempfile::TempDir,
    gitops: PathBuf,
}

/// What each tool is asked to do in turn.
const JOBS: [&str; 3] = ["create", "unchanged", "change"];

impl Bench {
    fn new() -> Result<Self, Failure> {
        let plane = ControlPlane::without_controllers(Assets::find()?)?;
        let gitops = env::current_exe()?.with_file_name("gitops");
        Ok(Self { plane, place: tempfile::tempdir()?, gitops })
    }

    fn measured(&self) -> Result<Value, Failure> {
        self.timed(self.gitops().arg("install"))?;
        self.plane.kubectl(&[
            "wait",
            "--for=condition=Established",
            "crd/applications.argoproj.io",
            "--timeout=30s",
        ])?;
        let mut run = json!({"machine": machine()?, "objects": OBJECTS, "changed": CHANGED, "rounds": ROUNDS});
        for round in 0..ROUNDS {
            let (ours, calls) = self.ours(round)?;
            for (tool, samples) in [("kubectl", self.theirs(round)?), ("gitops", ours)] {
                for (job, (wall, cpu)) in JOBS.iter().zip(samples) {
                    push(&mut run[tool][job]["wall_s"], json!(wall));
                    push(&mut run[tool][job]["cpu_s"], json!(cpu));
                }
            }
            push(&mut run["gitops"]["calls"], calls);
        }
        tell(&run);
        Ok(run)
    }

    fn theirs(&self, round: usize) -> Result<Vec<(f64, f64)>, Failure> {
        let namespace = format!("kubectl-{round}");
        self.plane.kubectl(&["create", "namespace", &namespace])?;
        let folder = self.place.path().join(&namespace);
        fs::create_dir_all(&folder)?;
        let mut samples = Vec::new();
        for job in JOBS {
            for (file, text) in files(job == "change") {
                fs::write(folder.join(file), text)?;
            }
            let mut command = self.plane.kubectl_command();
            command.args(["apply", "--server-side", "--namespace", &namespace, "--filename"]).arg(&folder);
            samples.push(self.timed(&mut command)?);
        }
        Ok(samples)
    }

    fn ours(&self, round: usize) -> Result<(Vec<(f64, f64)>, Value), Failure> {
        let namespace = format!("gitops-{round}");
        self.plane.kubectl(&["create", "namespace", &namespace])?;
        let mut repository = TestRepository::new()?;
        let application = self.place.path().join(format!("{namespace}.yaml"));
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {namespace}, namespace: argocd}}\nspec:\n  \
             project: default\n  source: {{repoURL: \"{}\", targetRevision: HEAD, path: app}}\n  destination: {{server: \
             \"https://kubernetes.default.svc\", namespace: {namespace}}}\n",
            repository.url()
        );
        fs::write(&application, text)?;
        let (mut samples, mut calls) = (Vec::new(), json!({}));
        for job in JOBS {
            if job != "unchanged" {
                let files: Vec<_> =
                    files(job == "change").into_iter().map(|(file, text)| (format!("app/{file}"), text)).collect();
                repository.commit(files.iter().map(|(file, text)| (file.as_str(), text.as_str())))?;
            }
            let before = self.plane.audit()?.len();
            samples.push(self.timed(self.gitops().arg("sync").arg(&application))?);
            calls[job] = self.calls(before, &namespace)?;
        }
        Ok((samples, calls))
    }

    fn gitops(&self) -> Command {
        let mut command = Command::new(&self.gitops);
        command.arg("--kubeconfig").arg(self.plane.kubeconfig()).current_dir(self.place.path());
        command
    }

    /// What the API server noted of calls to the objects, by verb.
    fn calls(&self, before: usize, namespace: &str) -> Result<Value, Failure> {
        let mut counted = json!({});
        for call in self.plane.audit()?.iter().skip(before) {
            let object = &call["objectRef"];
            if object["namespace"] == namespace && object["resource"] == "configmaps" {
                let verb = call["verb"].as_str().unwrap_or_default();
                counted[verb] = json!(counted[verb].as_u64().unwrap_or_default() + 1);
            }
        }
        Ok(counted)
    }

    /// The seconds that a program takes, and those of processors.
    fn timed(&self, command: &mut Command) -> Result<(f64, f64), Failure> {
        let (before, start) = (children()?, Instant::now());
        let output = command.stdin(Stdio::null()).output()?;
        let (wall, after) = (start.elapsed().as_secs_f64(), children()?);
        if !output.status.success() {
            return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok((wall, after - before))
    }
}

/// The seconds of processors that the children of this process took that have ended.
fn children() -> Result<f64, Failure> {
    seconds("self", Time::OfChildren)
}

/// A hundred objects a file; the first of them with another value where they are changed.
fn files(changed: bool) -> Vec<(String, String)> {
    let file = |file: usize| {
        let mut text = String::new();
        for number in (file * 100)..((file + 1) * 100).min(OBJECTS) {
            let value = if changed && number < CHANGED { "other" } else { "value" };
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m{number:04}\n  labels:\n    app: bench\ndata:\n  key: {value}-{number}\n"
            );
        }
        (format!("{file:02}.yaml"), text)
    };
    (0..OBJECTS.div_ceil(100)).map(file).collect()
}

fn push(to: &mut Value, value: Value) {
    match to {
        Value::Array(items) => items.push(value),
        other => *other = json!([value]),
    }
}

fn median(samples: &Value) -> f64 {
    let mut samples: Vec<f64> = samples.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

fn tell(run: &Value) {
    for job in JOBS {
        for what in ["wall_s", "cpu_s"] {
            let (ours, theirs) = (median(&run["gitops"][job][what]), median(&run["kubectl"][job][what]));
            println!("{job} {what}: gitops {ours:.3}, kubectl {theirs:.3}: {:.3}", ours / theirs);
        }
    }
    println!("calls: {}", run["gitops"]["calls"][0]);
}
