//! A namespace of Applications of its own, for operators that are not to meet those of other tests.

use std::collections::BTreeMap;

use gitops_fixtures::TestRepository;
use gitops_fixtures::testbed::{self, ControlPlane};
use serde_json::{Value, json};

use crate::bench::{INSTALLED, Operator, install, until};

pub(crate) struct Ground {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) namespace: &'static str,
}

/// The namespace with the rights of the installation in it; none where there is no control plane.
pub(crate) fn ground(namespace: &'static str) -> Option<Ground> {
    let plane = testbed::shared().filter(|plane| plane.assets().has_controllers())?;
    install(plane);
    plane.kubectl(&["create", "namespace", namespace]).unwrap();
    for kind in ["role", "rolebinding"] {
        let text = plane.kubectl(&["get", "--namespace", "argocd", kind, "gitops-controller", "-o", "json"]).unwrap();
        let mut object: Value = serde_json::from_str(&text).unwrap();
        object["metadata"] = json!({"name": "gitops-controller", "namespace": namespace});
        plane.kubectl_with_input(&["create", "-f", "-"], &object.to_string()).unwrap();
    }
    Some(Ground { plane, namespace })
}

/// A ConfigMap with something that can be seen to change.
pub(crate) fn settings(colour: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: {colour}\n")
}

pub(crate) fn commit(repository: &mut TestRepository, colour: &str) -> String {
    repository.commit([("app/settings.yaml", settings(colour).as_str())]).unwrap().id.to_string()
}

/// An Application, by its name and its namespace, of a folder of a repository, which is deployed to a namespace of its name.
pub(crate) fn application((name, namespace): (&str, &str), address: &str, path: &str) -> Value {
    let spec = json!({
        "project": "default",
        "source": {"repoURL": address, "path": path, "targetRevision": "HEAD"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
        "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"]},
    });
    let metadata = json!({"name": name, "namespace": namespace});
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec})
}

impl Ground {
    pub(crate) fn operator(&self, arguments: &[&str]) -> Operator {
        self.operator_as(INSTALLED, arguments)
    }

    /// An operator that is a service account of its own here, with the rights of the installation.
    pub(crate) fn operator_of(&self, account: &str, arguments: &[&str]) -> Operator {
        let subject = format!("--serviceaccount={}:{account}", self.namespace);
        let name = format!("{}-{account}", self.namespace);
        let create = |words: &[&str]| drop(self.plane.kubectl(&[&["create"][..], words].concat()).unwrap());
        create(&["serviceaccount", "--namespace", self.namespace, account]);
        create(&["rolebinding", "--namespace", self.namespace, &name, "--role=gitops-controller", &subject]);
        create(&["clusterrolebinding", &name, "--clusterrole=gitops-controller", &subject]);
        let deploys = format!("{name}-deploys");
        create(&["clusterrolebinding", &deploys, "--clusterrole=gitops-controller-deploys", &subject]);
        self.operator_as((self.namespace, account), arguments)
    }

    fn operator_as(&self, account: (&str, &str), arguments: &[&str]) -> Operator {
        Operator::start(self.plane, account, &[&["--namespace", self.namespace][..], arguments].concat())
    }

    /// An Application of the folder `app` of a repository, which is deployed to a namespace of its name.
    pub(crate) fn application(&self, name: &str, address: &str) -> Value {
        application((name, self.namespace), address, "app")
    }

    pub(crate) fn apply(&self, objects: impl IntoIterator<Item = Value>) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects.into_iter().collect::<Vec<_>>()});
        self.plane.kubectl_with_input(&["apply", "-f", "-"], &list.to_string()).unwrap();
    }

    /// The statuses of all Applications, by their names.
    pub(crate) fn statuses(&self) -> BTreeMap<String, Value> {
        let arguments = ["get", "--namespace", self.namespace, "applications.argoproj.io", "-o", "json"];
        let list: Value = serde_json::from_str(&self.plane.kubectl(&arguments).unwrap()).unwrap();
        let all = list["items"].as_array().unwrap().iter();
        all.map(|one| (one["metadata"]["name"].as_str().unwrap().to_owned(), one["status"].clone())).collect()
    }

    /// The colour that is deployed to a namespace; nothing where none is.
    pub(crate) fn colour(&self, name: &str) -> String {
        let output = "jsonpath={.data.colour}";
        let arguments = ["get", "--namespace", name, "configmap/settings", "--ignore-not-found", "-o", output];
        self.plane.kubectl(&arguments).unwrap_or_default()
    }

    /// Waits until all of these have a colour.
    #[track_caller]
    pub(crate) fn all_have(&self, names: &[&str], colour: &str) {
        until(&format!("all are {colour}"), || names.iter().all(|name| self.colour(name) == colour));
    }
}
