//! The command line on a real control plane. Without one (`KUBEBUILDER_ASSETS`) the tests say that they were skipped.

mod costs;
mod faults;
mod installation;
mod matrix;
mod refusals;
mod stories;
mod tenants;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use gitops_fixtures::testbed::{self, Assets, ControlPlane};
use serde_json::{Value, json};

use crate::workbench::{Run, Workbench, finish};

/// A workbench, the control plane, and a namespace that nobody else uses.
pub(crate) struct RealBench {
    pub(crate) bench: Workbench,
    pub(crate) plane: &'static ControlPlane,
    pub(crate) namespace: String,
    kubeconfig: PathBuf,
}

/// A bench with these files in its repository; none where there is no control plane.
pub(crate) fn bench<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<RealBench> {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let plane = testbed::shared().filter(|plane| plane.assets().has_controllers())?;
    let bench = RealBench::new(plane, files);
    INSTALLED.get_or_init(|| bench.install());
    Some(bench)
}

/// The same on a control plane that tests of its settings share, one after another.
pub(crate) fn bench_apart<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<RealBench> {
    static APART: OnceLock<ControlPlane> = OnceLock::new();
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let shared = testbed::shared().filter(|plane| plane.assets().has_controllers())?;
    let plane = APART.get_or_init(|| ControlPlane::start(Assets::clone(shared.assets())).unwrap());
    let bench = RealBench::new(plane, files);
    INSTALLED.get_or_init(|| bench.install());
    Some(bench)
}

impl RealBench {
    /// A bench on a control plane.
    pub(crate) fn new<'a>(plane: &'static ControlPlane, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let namespace = format!("story-{}", NUMBER.fetch_add(1, Ordering::AcqRel));
        let mut bench = Self { bench: Workbench::new(), plane, namespace, kubeconfig: plane.kubeconfig() };
        bench.commit(files);
        bench
    }

    /// Brings the kinds of Applications to the control plane.
    pub(crate) fn install(&self) {
        self.run(["install"]).exits(0);
        for kind in ["applications", "appprojects"] {
            let definition = format!("crd/{kind}.argoproj.io");
            self.plane.kubectl(&["wait", "--for=condition=Established", &definition, "--timeout=30s"]).unwrap();
        }
    }

    /// Commits files, with `NAMESPACE` in them replaced.
    pub(crate) fn commit<'a>(&mut self, files: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let files: Vec<_> =
            files.into_iter().map(|(path, text)| (path, text.replace("NAMESPACE", &self.namespace))).collect();
        self.bench.repository.commit(files.iter().map(|(path, text)| (*path, text.as_str()))).unwrap();
    }

    /// Writes an Application of the folder `app` of the repository, named as the namespace, and gives its file.
    pub(crate) fn application(&self, more: &str) -> String {
        let file = self.bench.application_named(&self.namespace, "app", more);
        let path = self.bench.path().join(&file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("namespace: shop", &format!("namespace: {}", self.namespace))).unwrap();
        file
    }

    pub(crate) fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        finish(self.command().args(arguments))
    }

    /// The program, on the real cluster.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.bench.command();
        command.env("ARGOCD_SYNC_WAVE_DELAY", "0").arg("--kubeconfig").arg(&self.kubeconfig);
        command
    }

    /// The same through another kubeconfig.
    pub(crate) fn through(mut self, kubeconfig: PathBuf) -> Self {
        self.kubeconfig = kubeconfig;
        self
    }

    /// kubectl in the namespace.
    #[track_caller]
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let arguments = [&["--namespace", &self.namespace], arguments].concat();
        self.plane.kubectl(&arguments).unwrap_or_else(|error| panic!("{error}"))
    }

    /// An object of the namespace.
    pub(crate) fn get(&self, kind: &str, name: &str) -> Option<Value> {
        let text = self.kubectl(&["get", kind, name, "-o", "json", "--ignore-not-found", "--show-managed-fields"]);
        (!text.trim().is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    /// A quota of ConfigMaps, `few`, that what is there already uses up.
    pub(crate) fn use_up_quota(&self) {
        self.kubectl(&["create", "quota", "few", "--hard=count/configmaps=1"]);
        let counted = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            self.get("quota", "few").unwrap()["status"]["used"]["count/configmaps"] == "1"
        });
        assert!(counted, "the quota is not counted");
    }

    /// Ends the namespace, which stays until it is let go.
    pub(crate) fn end_namespace(&self) {
        let held = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "namespace": self.namespace,
            "finalizers": ["example.com/hold"]}});
        self.plane.kubectl_with_input(&["create", "-f", "-"], &held.to_string()).unwrap();
        self.kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]);
    }

    /// Lets a namespace go that was ended.
    pub(crate) fn let_namespace_go(&self) {
        self.kubectl(&["patch", "configmap", "held", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#]);
    }

    /// How often an object of the namespace was created.
    pub(crate) fn creations(&self, resource: &str, name: &str) -> usize {
        let created = |call: &&Value| {
            let object = &call["objectRef"];
            object["namespace"] == self.namespace.as_str()
                && (object["resource"] == resource && object["name"] == name)
                && call["responseStatus"]["code"] == 201
        };
        self.plane.audit().unwrap().iter().filter(created).count()
    }

    /// What the API server noted of changes in the namespace so far: verb, resource and name, in order.
    pub(crate) fn changes(&self) -> Vec<(String, String, String)> {
        let audit = self.plane.audit().unwrap();
        let text =
            |call: &Value, pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let ours = |call: &&Value| {
            let reads = ["get", "list", "watch"].contains(&call["verb"].as_str().unwrap_or_default());
            let agent = call["userAgent"].as_str().unwrap_or_default();
            !reads
                && call["objectRef"]["namespace"] == self.namespace.as_str()
                && !agent.starts_with("kube-")
                && !agent.starts_with("kwok")
        };
        let words =
            |call: &Value| (text(call, "/verb"), text(call, "/objectRef/resource"), text(call, "/objectRef/name"));
        audit.iter().filter(ours).map(words).collect()
    }
}

pub(crate) const CREATE_NAMESPACE: &str =
    "  syncPolicy:\n    automated:\n      prune: true\n    syncOptions:\n    - CreateNamespace=true\n";

pub(crate) fn deployment(name: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: {replicas}\n  selector:\n    \
         matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      \
         containers:\n      - name: main\n        image: myapp:v1.0\n        ports:\n        - containerPort: 8080\n"
    )
}
