//! An operator as a process, with the rights that its installation gives it, and a repository for each story.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use gitops_fixtures::TestRepository;
use gitops_fixtures::testbed::{self, ControlPlane};
use serde_json::{Value, json};

use crate::ground::application;

/// How long something may take that takes a moment: several tests share two processors.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Bench {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) repository: TestRepository,
    /// The Application, and the namespace that it deploys to.
    pub(crate) name: String,
    /// That of all stories that run at the same time: two would be in each other's way.
    operator: Arc<Operator>,
}

/// A running operator.
pub(crate) struct Operator {
    place: tempfile::TempDir,
    arguments: Vec<String>,
    environment: Environment,
    process: Child,
}

/// The variables of an operator, by their names.
pub(crate) type Environment = Vec<(&'static str, String)>;

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A repository with these files, and an operator; none where there is no control plane.
pub(crate) fn bench<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Bench> {
    static RUNNING: Mutex<Weak<Operator>> = Mutex::new(Weak::new());
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let plane = testbed::shared().filter(|plane| plane.assets().has_controllers())?;
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let operator =
        running.upgrade().unwrap_or_else(|| Arc::new(Operator::start(plane, INSTALLED, &["--poll", "3600"])));
    *running = Arc::downgrade(&operator);
    drop(running);
    let name = format!("story-{}", NUMBER.fetch_add(1, Ordering::AcqRel));
    let mut repository = TestRepository::new().unwrap();
    repository.commit(files).unwrap();
    Some(Bench { plane, repository, name, operator })
}

/// Applies the installation, once. Its Pod runs without containers here: the operator runs as a process.
pub(crate) fn install(plane: &ControlPlane) {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| apply_installation(plane));
}

fn apply_installation(plane: &ControlPlane) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../install");
    plane.kubectl(&["apply", "--server-side", "-k", &folder.display().to_string()]).unwrap();
    for kind in ["applications", "appprojects", "applicationsets"] {
        let definition = format!("crd/{kind}.argoproj.io");
        plane.kubectl(&["wait", "--for=condition=Established", &definition, "--timeout=30s"]).unwrap();
    }
    // The rights that are put together of others are there a moment later.
    let may = ["auth", "can-i", "create", "deployments", "--as=system:serviceaccount:argocd:gitops-controller"];
    until("the rights are there", || plane.kubectl(&may).is_ok());
}

/// The service account of the installation: its namespace and its name.
pub(crate) const INSTALLED: (&str, &str) = ("argocd", "gitops-controller");

/// A kubeconfig with a token of a service account in the place of the administrator's own.
fn as_account(plane: &ControlPlane, (namespace, name): (&str, &str)) -> String {
    let token = plane.kubectl(&["create", "token", "--namespace", namespace, name]).unwrap();
    let text = fs::read_to_string(plane.kubeconfig()).unwrap();
    let before = text.split_once("users:").unwrap().0;
    let user = json!([{"name": "admin", "user": {"token": token.trim()}}]);
    format!("{before}users: {user}\n{}", text.lines().filter(|line| line.starts_with("contexts:")).collect::<String>())
}

impl Operator {
    pub(crate) fn start(plane: &ControlPlane, account: (&str, &str), arguments: &[&str]) -> Self {
        Self::start_in(Environment::new(), plane, account, arguments)
    }

    pub(crate) fn start_in(
        environment: Environment,
        plane: &ControlPlane,
        account: (&str, &str),
        arguments: &[&str],
    ) -> Self {
        install(plane);
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("kubeconfig"), as_account(plane, account)).unwrap();
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let process = run(place.path(), &arguments, &environment);
        Self { place, arguments, environment, process }
    }

    /// Ends it as the kernel does, without its knowledge.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Whether it has not ended by itself.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Starts it again after it was killed, with what it left behind.
    pub(crate) fn start_again(&mut self) {
        self.process = run(self.place.path(), &self.arguments, &self.environment);
    }

    /// What it said.
    pub(crate) fn said(&self) -> String {
        let read = |name| fs::read_to_string(self.place.path().join(name)).unwrap();
        format!("{}\n{}", read("events"), read("errors"))
    }
}

fn run(place: &Path, arguments: &[String], environment: &Environment) -> Child {
    let log = |name: &str| fs::OpenOptions::new().create(true).append(true).open(place.join(name)).unwrap();
    Command::new(env!("CARGO_BIN_EXE_gitops-controller"))
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .arg("--kubeconfig")
        .arg(place.join("kubeconfig"))
        .arg("--data-dir")
        .arg(place.join("data"))
        .arg("--allow-local-repositories")
        .arg(std::env::temp_dir())
        .args(["--output", "json", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log("events"))
        .stderr(log("errors"))
        .spawn()
        .unwrap()
}

#[track_caller]
pub(crate) fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Bench {
    /// Defines the Application of the folder `app`; `more` is merged into its spec.
    pub(crate) fn define(&self, path: &str, more: &Value) {
        let mut application = application((&self.name, "argocd"), &self.repository.url(), path);
        application["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io"]);
        for (key, value) in more.as_object().into_iter().flatten() {
            application["spec"][key] = value.clone();
        }
        self.plane.kubectl_with_input(&["apply", "-f", "-"], &application.to_string()).unwrap();
    }

    /// Asks for a refresh, as Argo CD's users do.
    pub(crate) fn refresh(&self) {
        self.annotate("argocd.argoproj.io/refresh=normal");
    }

    pub(crate) fn annotate(&self, annotation: &str) {
        self.plane
            .kubectl(&["annotate", "--namespace", "argocd", "--overwrite", "application", &self.name, annotation])
            .unwrap();
    }

    pub(crate) fn patch(&self, patch: &Value) {
        let (name, patch) = (&self.name, patch.to_string());
        self.plane
            .kubectl(&["patch", "--namespace", "argocd", "application", name, "--type=merge", "-p", &patch])
            .unwrap();
    }

    /// kubectl in the namespace that is deployed to.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let all: Vec<_> = ["--namespace", &self.name].into_iter().chain(arguments.iter().copied()).collect();
        self.plane.kubectl(&all).map_err(|error| error.to_string())
    }

    pub(crate) fn application(&self) -> Option<Value> {
        let text = self
            .plane
            .kubectl(&["get", "--namespace", "argocd", "application", &self.name, "--ignore-not-found", "-o", "json"])
            .unwrap();
        (!text.trim().is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    /// A field of the Application, as a JSON pointer names it.
    pub(crate) fn field(&self, pointer: &str) -> Value {
        self.application().and_then(|one| one.pointer(pointer).cloned()).unwrap_or(Value::Null)
    }

    /// Waits until the live objects have a value at a place, or are gone.
    #[track_caller]
    pub(crate) fn has(&self, object: &str, path: &str, expected: Option<&str>) {
        let output = format!("jsonpath={path}");
        let found = || match self.kubectl(&["get", object, "-o", &output]) {
            Ok(value) => Some(value),
            Err(message) if message.contains("NotFound") || message.contains("not found") => None,
            Err(message) => panic!("{message}"),
        };
        self.reach(&format!("{object} has {expected:?} at {path}"), || found().as_deref() == expected);
    }

    /// Waits for something, and says what the operator said where it does not come.
    #[track_caller]
    pub(crate) fn reach(&self, what: &str, mut reached: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !reached() {
            let status = || self.application().map(|one| one["status"].to_string()).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "not in time: {what}\n{}\n{}", status(), self.operator.said());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
