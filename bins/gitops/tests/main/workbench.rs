//! A folder with a repository, Applications and a data folder of its own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures::executor::block_on;
use gitops_core::cluster::{Cluster as _, Query, Verb, Write};
use gitops_core::{GroupVersionKind, Object, ObjectId, ObjectRef};
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_fixtures::TestRepository;

pub(crate) struct Workbench {
    place: tempfile::TempDir,
    pub(crate) repository: TestRepository,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(words), "expected `{words}` in\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

impl Workbench {
    pub(crate) fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap(), repository: TestRepository::new().unwrap() }
    }

    /// With these files in the repository's first commit.
    pub(crate) fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut bench = Self::new();
        bench.repository.commit(files).unwrap();
        bench
    }

    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join(".gitops")
    }

    /// Runs the program in this folder.
    pub(crate) fn run<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Run {
        let mut command = self.command();
        command.args(arguments);
        finish(&mut command)
    }

    /// The program in this folder, with an environment that holds nothing of the machine's.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gitops"));
        command.current_dir(self.path()).env_clear().env("HOME", self.path()).env("USER", "ada");
        command
    }

    /// Writes the definition of an Application named `web` that syncs a folder of the repository to `shop`, and gives the
    /// file's name. `more` is added to its spec, with two spaces before each line.
    pub(crate) fn application(&self, path: &str, more: &str) -> String {
        self.application_named("web", path, more)
    }

    pub(crate) fn application_named(&self, name: &str, path: &str, more: &str) -> String {
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  namespace: argocd\nspec:\n  \
             project: default\n  source:\n    repoURL: {}\n    targetRevision: HEAD\n    path: {path}\n  destination:\n    \
             server: https://kubernetes.default.svc\n    namespace: shop\n{more}",
            self.repository.url()
        );
        let file = format!("{name}.yaml");
        fs::write(self.path().join(&file), text).unwrap();
        file
    }

    /// The cluster that the program uses, without its stand-ins for controllers.
    pub(crate) fn cluster(&self) -> EmbeddedCluster {
        EmbeddedCluster::open(&self.data(), &Options::new().without_controllers()).unwrap()
    }

    pub(crate) fn live(&self, api_version: &str, kind: &str, name: &str) -> Option<Object> {
        let of = GroupVersionKind::from_api_version(api_version, kind);
        let id = ObjectId::new(of.group, of.kind, Some("shop"), name);
        let reference = ObjectRef { version: of.version, id };
        block_on(self.cluster().get(&reference)).unwrap()
    }

    /// Every object of the kinds that these tests write, Applications and inventories included, with its version.
    pub(crate) fn objects(&self) -> BTreeMap<String, String> {
        let cluster = self.cluster();
        let kinds = [
            ("v1", "Namespace"),
            ("v1", "ConfigMap"),
            ("v1", "Secret"),
            ("v1", "Service"),
            ("apps/v1", "Deployment"),
            ("argoproj.io/v1alpha1", "Application"),
        ];
        let list = |(api_version, kind)| {
            let query = Query::all(GroupVersionKind::from_api_version(api_version, kind));
            block_on(cluster.list(&query)).unwrap().objects
        };
        let version =
            |object: Object| (object.id().to_string(), object.resource_version().unwrap_or_default().to_owned());
        kinds.into_iter().flat_map(list).map(version).collect()
    }

    /// Somebody applies an object by hand, taking over the fields that it sets.
    pub(crate) fn edit(&self, object: serde_json::Value) {
        let object = Object::from_value(object).unwrap();
        block_on(self.cluster().write(Write::new(&object, Verb::Apply { force: true }, "somebody"))).unwrap();
    }
}

pub(crate) fn finish(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Lets the namespace `shop` be made.
pub(crate) const CREATE_NAMESPACE: &str = "  syncPolicy:\n    syncOptions:\n    - CreateNamespace=true\n";

pub(crate) const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\ndata:\n  sky: blue\n";
