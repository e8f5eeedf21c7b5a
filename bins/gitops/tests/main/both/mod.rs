//! What has to be the same on the embedded cluster and on a real one. Without a control plane (`KUBEBUILDER_ASSETS`) only the
//! embedded cluster is asked.

mod deletion;
mod health;
mod methods;
mod order;
mod server_diff;
mod settings;
mod takeover;

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use futures::executor::block_on;
use gitops_core::cluster::{Cluster as _, Query, Verb, Write};
use gitops_core::{GroupVersionKind, Object, Value};
use gitops_diff::client_side;
use serde_json::json;

use crate::real::{self, RealBench};
use crate::workbench::{Run, Workbench, finish};

/// A repository and a cluster.
pub(crate) enum Place {
    Embedded(Workbench),
    Real(RealBench),
}

/// Does a test on each cluster, with these files in the repository's first commit.
pub(crate) fn on_each(files: &[(&str, &str)], test: impl Fn(&mut Place)) {
    test(&mut Place::Embedded(Workbench::with(files.iter().copied())));
    if let Some(bench) = real::bench(files.iter().copied()) {
        test(&mut Place::Real(bench));
    }
}

/// The same where the settings of the control plane are the test's own: one at a time, on a real cluster that only they use.
pub(crate) fn on_each_alone(files: &[(&str, &str)], test: impl Fn(&mut Place)) {
    test(&mut Place::Embedded(Workbench::with(files.iter().copied())));
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bench) = real::bench_apart(files.iter().copied()) {
        test(&mut Place::Real(bench));
    }
}

impl Place {
    /// The namespace of the Application's objects.
    pub(crate) fn namespace(&self) -> &str {
        match self {
            Self::Embedded(_) => "shop",
            Self::Real(bench) => &bench.namespace,
        }
    }

    /// An Application of the folder `app`, whose namespace is made for it, with more sync options (each a line of its own) and with
    /// annotations; gives its file.
    pub(crate) fn application(&self, options: &str, annotations: &str) -> String {
        let more = format!(
            "  syncPolicy:\n    automated:\n      prune: true\n    syncOptions:\n    - CreateNamespace=true\n{options}"
        );
        self.named(self.namespace(), "app", &more, annotations)
    }

    /// An Application of a folder.
    pub(crate) fn named(&self, name: &str, folder: &str, more: &str, annotations: &str) -> String {
        let bench = self.bench();
        let file = bench.application_named(name, folder, more);
        let path = bench.path().join(&file);
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("namespace: shop", &format!("namespace: {}", self.namespace()));
        let noted = format!("  namespace: argocd\n  annotations: {{{annotations}}}\nspec:");
        std::fs::write(&path, text.replacen("  namespace: argocd\nspec:", &noted, 1)).unwrap();
        file
    }

    pub(crate) fn bench(&self) -> &Workbench {
        match self {
            Self::Embedded(bench) => bench,
            Self::Real(bench) => &bench.bench,
        }
    }

    pub(crate) fn commit(&mut self, files: &[(&str, &str)]) {
        match self {
            Self::Embedded(bench) => drop(bench.repository.commit(files.iter().copied()).unwrap()),
            Self::Real(bench) => bench.commit(files.iter().copied()),
        }
    }

    /// The program on the cluster.
    pub(crate) fn command(&self) -> Command {
        let mut command = match self {
            Self::Embedded(bench) => bench.command(),
            Self::Real(bench) => bench.command(),
        };
        command.env("ARGOCD_SYNC_WAVE_DELAY", "0");
        command
    }

    pub(crate) fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        finish(self.command().args(arguments))
    }

    /// Syncs an Application; afterwards nothing differs, and there is nothing to do.
    #[track_caller]
    pub(crate) fn syncs(&self, file: &str) {
        self.run(["sync", file]).exits(0);
        self.run(["diff", file]).exits(0);
        self.run(["sync", file]).exits(0).says("nothing to do");
    }

    /// An object of the namespace.
    pub(crate) fn live(&self, api_version: &str, kind: &str, name: &str) -> Option<Value> {
        match self {
            Self::Embedded(bench) => {
                bench.live(api_version, kind, name).map(|object| Value::Object(object.body().clone()))
            }
            Self::Real(bench) => bench.get(&resource(api_version, kind), name),
        }
    }

    /// The names of the objects of a kind in the namespace.
    pub(crate) fn names(&self, api_version: &str, kind: &str) -> Vec<String> {
        match self {
            Self::Embedded(bench) => {
                let query = Query::all(GroupVersionKind::from_api_version(api_version, kind));
                let listed = block_on(bench.cluster().list(&query.in_namespace(self.namespace()))).unwrap().objects;
                listed.iter().map(|object| object.name().to_owned()).collect()
            }
            Self::Real(bench) => {
                let kind = resource(api_version, kind);
                let names = bench.kubectl(&["get", &kind, "-o", "jsonpath={.items[*].metadata.name}"]);
                names.split_whitespace().map(str::to_owned).collect()
            }
        }
    }

    #[track_caller]
    pub(crate) fn must_have(&self, api_version: &str, kind: &str, name: &str) -> Value {
        self.live(api_version, kind, name).unwrap_or_else(|| panic!("no {kind} `{name}`"))
    }

    /// Makes the namespace by hand.
    pub(crate) fn make_namespace(&self) {
        let namespace =
            serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace()}});
        match self {
            Self::Embedded(_) => drop(self.write(namespace, Verb::Create, "test")),
            Self::Real(bench) => drop(bench.kubectl(&["create", "namespace", &bench.namespace])),
        }
    }

    /// An object is created by `kubectl apply`, by the client's own merge.
    pub(crate) fn kubectl_apply(&self, manifest: &Value) {
        self.client_side_apply(manifest, "kubectl-client-side-apply");
    }

    /// The same under another manager's name.
    pub(crate) fn client_side_apply(&self, manifest: &Value, manager: &str) {
        match self {
            Self::Embedded(_) => {
                let mut object = manifest.clone();
                object["metadata"]["namespace"] = self.namespace().into();
                self.write(client_side::annotated(&object).unwrap(), Verb::Create, manager);
            }
            Self::Real(bench) => {
                let manager = format!("--field-manager={manager}");
                let arguments = ["--namespace", &bench.namespace, "apply", &manager, "-f", "-"];
                bench.plane.kubectl_with_input(&arguments, &manifest.to_string()).unwrap();
            }
        }
    }

    /// Somebody sets a field of an object, under a manager's name.
    pub(crate) fn patch(&self, (api_version, kind, name): (&str, &str, &str), patch: &Value, manager: &str) {
        match self {
            Self::Embedded(_) => {
                let mut object = patch.clone();
                object["apiVersion"] = api_version.into();
                object["kind"] = kind.into();
                object["metadata"]["name"] = name.into();
                object["metadata"]["namespace"] = self.namespace().into();
                self.write(object, Verb::MergePatch, manager);
            }
            Self::Real(bench) => {
                let (resource, patch, manager) =
                    (resource(api_version, kind), patch.to_string(), format!("--field-manager={manager}"));
                drop(bench.kubectl(&["patch", &resource, name, "--type=merge", "-p", &patch, &manager]));
            }
        }
    }

    /// Puts an object into the control plane's namespace.
    pub(crate) fn control(&self, object: &Value) {
        self.apply(object, "test");
    }

    /// The settings of the control plane.
    pub(crate) fn settings(&self, data: Value) {
        self.control(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}));
        let metadata = json!({"name": "argocd-cm", "namespace": "argocd"});
        self.control(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}));
    }

    /// An object is applied by the server's apply, under a manager's name.
    pub(crate) fn apply(&self, object: &Value, manager: &str) {
        match self {
            Self::Embedded(_) => drop(self.write(object.clone(), Verb::Apply { force: true }, manager)),
            Self::Real(bench) => {
                let manager = format!("--field-manager={manager}");
                let arguments = ["apply", "--server-side", "--force-conflicts", &manager, "-f", "-"];
                drop(bench.plane.kubectl_with_input(&arguments, &object.to_string()).unwrap());
            }
        }
    }

    fn write(&self, object: Value, verb: Verb, manager: &str) -> Object {
        let Self::Embedded(bench) = self else { panic!("the real cluster is written to by kubectl") };
        let object = Object::from_value(object).unwrap();
        block_on(bench.cluster().write(Write::new(&object, verb, manager))).unwrap().object
    }
}

/// A kind as kubectl names it: `kind.version.group`.
fn resource(api_version: &str, kind: &str) -> String {
    let of = GroupVersionKind::from_api_version(api_version, kind);
    if of.group.is_empty() { of.kind.into() } else { format!("{}.{}.{}", of.kind, of.version, of.group) }
}

/// Whether a manager owns fields of an object by this operation.
pub(crate) fn owns(object: &Value, manager: &str, operation: &str) -> bool {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .any(|entry| entry["manager"] == manager && entry["operation"] == operation && entry["subresource"].is_null())
}

/// The identity of an object.
pub(crate) fn uid(object: &Value) -> String {
    object["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
}
