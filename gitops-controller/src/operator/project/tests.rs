//! The operator and projects, on the embedded cluster.

use std::sync::Arc;
use std::time::Duration;

use gitops_core::annotations::REFRESH;
use gitops_core::api::{API_VERSION, Application, ApplicationConditionType, SyncStatusCode};
use gitops_core::cluster::{Cluster, Verb, Write};
use gitops_core::{Object, ObjectId};
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_fixtures::{ChartRepository, TestRepository};
use gitops_git::RepositoryCache;
use gitops_merge::schema::Kinds;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::{Operator, OperatorOptions};
use crate::applications::Applications;
use crate::audit::FileJournal;
use crate::engine::Engine;

const SERVER: &str = "https://kubernetes.default.svc";
const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports: [{port: 80}]\n";
const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\nspec:\n  defaultBackend:\n    \
                       service: {name: web, port: {number: 80}}\n";

/// A running operator, and a repository with a Service.
struct Bench {
    _place: TempDir,
    repository: TestRepository,
    cluster: Arc<dyn Cluster>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Bench {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut repository = TestRepository::new().unwrap();
        repository.commit([("app/service.yaml", SERVICE)]).unwrap();
        let cluster: Arc<dyn Cluster> = Arc::new(EmbeddedCluster::open(place.path(), &Options::new()).unwrap());
        let journal = Arc::new(FileJournal::new(place.path().join("audit.jsonl")));
        let repositories = RepositoryCache::new(place.path().join("repositories"));
        let engine = Engine::new(Arc::clone(&cluster), repositories, Arc::new(Kinds::builtin().unwrap()), journal);
        let engine = engine.with_folder(place.path());
        let options = OperatorOptions { poll: SignedDuration::from_millis(100), ..OperatorOptions::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(Operator::new(engine, options).run(async {
            let _ = stopped.await;
        }));
        Self { _place: place, repository, cluster, stop, running }
    }

    async fn write(&self, value: Value) {
        let object = Object::from_value(value).unwrap();
        self.cluster.write(Write::new(&object, Verb::Apply { force: true }, "somebody")).await.unwrap();
    }

    /// Writes the tutorial's project for production, with these fields in place of its own.
    async fn production(&self, changed: Value) {
        let mut spec = json!({
            "sourceRepos": [self.repository.url()],
            "destinations": [{"namespace": "production", "server": SERVER}, {"namespace": "production-*", "server": SERVER}],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
            "namespaceResourceWhitelist": [{"group": "apps", "kind": "Deployment"}, {"group": "", "kind": "Service"}],
        });
        for (field, value) in changed.as_object().unwrap() {
            spec[field] = value.clone();
        }
        self.project("production", spec).await;
    }

    async fn project(&self, name: &str, spec: Value) {
        let metadata = json!({"name": name, "namespace": "argocd"});
        self.write(json!({"apiVersion": API_VERSION, "kind": "AppProject", "metadata": metadata, "spec": spec})).await;
    }

    /// Defines the Application `web`, synced by itself.
    async fn define(&self, project: &str, source: Value, namespace: &str) {
        let application: Application = serde_json::from_value(json!({
            "apiVersion": API_VERSION, "kind": "Application", "metadata": {"name": "web", "namespace": "argocd"},
            "spec": {
                "project": project, "source": source, "destination": {"server": SERVER, "namespace": namespace},
                "syncPolicy": {"automated": {"prune": true}, "syncOptions": ["CreateNamespace=true"]},
            },
        }))
        .unwrap();
        Applications::of(self.cluster.as_ref()).apply(&application).await.unwrap();
    }

    fn source(&self) -> Value {
        json!({"repoURL": self.repository.url(), "path": "app"})
    }

    /// Waits until the Application is so.
    async fn until(&self, what: &str, is: impl Fn(&Application) -> bool) -> Application {
        let mut application = Application::new("web", None);
        for _ in 0..1_500 {
            application = Applications::of(self.cluster.as_ref()).get("argocd", "web").await.unwrap();
            if is(&application) {
                return application;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{what}: {:#?}", application.status);
    }

    async fn has(&self, group: &str, version: &str, kind: &str, namespace: Option<&str>, name: &str) -> bool {
        let id = ObjectId::new(group, kind, namespace, name).at_version(version);
        self.cluster.get(&id).await.unwrap().is_some()
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
    }
}

fn sync(application: &Application) -> Option<SyncStatusCode> {
    Some(application.status.as_ref()?.sync.as_ref()?.status.clone())
}

fn says(application: &Application, kind: ApplicationConditionType, words: &str) -> bool {
    let mut conditions = application.status.iter().filter_map(|status| status.conditions.as_ref()).flatten();
    conditions.any(|condition| condition.condition_type == kind && condition.message.contains(words))
}

fn is_synced(application: &Application) -> bool {
    sync(application) == Some(SyncStatusCode::Synced)
}

/// Refused for its spec in these words, and nothing is known of it.
fn is_invalid(words: &str) -> impl Fn(&Application) -> bool {
    move |application| {
        let health = application.status.as_ref().and_then(|status| status.health.as_ref()?.status.as_ref());
        says(application, ApplicationConditionType::InvalidSpecError, words)
            && sync(application) == Some(SyncStatusCode::Unknown)
            && health.is_some_and(|health| health.as_str() == "Unknown")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn production_refuses_an_ingress_and_keeps_what_it_allows() {
    let mut bench = Bench::new();
    bench.production(json!({})).await;
    bench.define("production", bench.source(), "production-eu").await;
    bench.until("a Service is allowed", is_synced).await;
    bench.repository.commit([("app/ingress.yaml", INGRESS)]).unwrap();
    let refused = |one: &Application| {
        says(one, ApplicationConditionType::SyncError, "networking.k8s.io/Ingress/production-eu/web")
            && says(one, ApplicationConditionType::SyncError, "`spec.namespaceResourceWhitelist`")
    };
    let application = bench.until("an Ingress is not on the whitelist", refused).await;
    let resources = application.status.unwrap().resources.unwrap();
    let code = |kind: &str| resources.iter().find(|one| one.kind.as_deref() == Some(kind)).unwrap().status.clone();
    assert_eq!(code("Ingress"), Some(SyncStatusCode::Unknown));
    assert_eq!(code("Service"), Some(SyncStatusCode::Synced));
    assert!(!bench.has("networking.k8s.io", "v1", "Ingress", Some("production-eu"), "web").await);
    assert!(bench.has("", "v1", "Service", Some("production-eu"), "web").await);
    let kinds = json!([{"group": "", "kind": "Service"}, {"group": "networking.k8s.io", "kind": "Ingress"}]);
    bench.production(json!({"namespaceResourceWhitelist": kinds})).await;
    bench.until("the project allows it now", is_synced).await;
    assert!(bench.has("networking.k8s.io", "v1", "Ingress", Some("production-eu"), "web").await);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn specs_that_a_project_does_not_allow_say_so_as_argo_cd_does() {
    let bench = Bench::new();
    bench.production(json!({"sourceRepos": ["https://github.com/myorg/k8s-manifests"]})).await;
    bench.define("production", bench.source(), "staging").await;
    let address = bench.repository.url();
    let repository = format!("application repo {address} is not permitted in project 'production'");
    bench.until("the repository", is_invalid(&repository)).await;
    let destination = "application destination server 'https://kubernetes.default.svc' and namespace 'staging' do not match \
                       any of the allowed destinations in project 'production'";
    bench.until("the destination", is_invalid(destination)).await;
    assert!(!bench.has("", "v1", "Namespace", None, "staging").await);
    bench.production(json!({})).await;
    let only = |one: &Application| is_invalid(destination)(one) && !is_invalid(&repository)(one);
    bench.until("the repository is allowed", only).await;
    bench.production(json!({"destinations": [{"namespace": "*", "server": "*"}]})).await;
    let application = bench.until("all of it is allowed", is_synced).await;
    assert_eq!(application.status.unwrap().conditions, None);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_not_there_is_waited_for() {
    let bench = Bench::new();
    bench.define("nowhere", bench.source(), "shop").await;
    bench.until("no project", is_invalid("Application referencing project nowhere which does not exist")).await;
    let everything = json!({"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]});
    bench.project("nowhere", everything).await;
    bench.until("it is there now", is_synced).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_project_is_made_and_allows_all() {
    let bench = Bench::new();
    bench.define("", bench.source(), "shop").await;
    bench.until("no project is the default one", is_synced).await;
    assert!(bench.has("argoproj.io", "v1alpha1", "AppProject", Some("argocd"), "default").await);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_hold_syncs_and_let_those_by_hand_pass_where_they_say_so() {
    let bench = Bench::new();
    let window = |manual: bool| {
        json!({"syncWindows": [{"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["w*"],
            "manualSync": manual}]})
    };
    bench.production(window(false)).await;
    bench.define("production", bench.source(), "production").await;
    bench.until("it is compared", |one| sync(one) == Some(SyncStatusCode::OutOfSync)).await;
    let operation = json!({"initiatedBy": {"username": "somebody"}, "sync": {"revision": "HEAD", "syncOptions": ["CreateNamespace=true"]}});
    let metadata = json!({"name": "web", "namespace": "argocd"});
    let patch = json!({"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, "operation": operation});
    let patch = Object::from_value(patch).unwrap();
    bench.cluster.write(Write::new(&patch, Verb::MergePatch, "somebody")).await.unwrap();
    let waits = |one: &Application| {
        let state = one.status.as_ref().and_then(|status| status.operation_state.as_ref());
        state.is_some_and(|state| {
            state.phase.as_str() == "Running"
                && state.message.as_deref() == Some("Sync operation blocked by sync window")
        })
    };
    bench.until("it waits", waits).await;
    assert!(!bench.has("", "v1", "Service", Some("production"), "web").await);
    bench.production(window(true)).await;
    bench.until("a person may sync", is_synced).await;
    let refreshed = json!({"name": "web", "namespace": "argocd", "annotations": {REFRESH: "normal"}});
    let patch = json!({"apiVersion": API_VERSION, "kind": "Application", "metadata": refreshed});
    let patch = Object::from_value(patch).unwrap();
    bench.cluster.write(Write::new(&patch, Verb::MergePatch, "somebody")).await.unwrap();
    let done = |one: &Application| {
        let state = one.status.as_ref().and_then(|status| status.operation_state.as_ref());
        state.is_some_and(|state| state.phase.as_str() == "Succeeded")
    };
    bench.until("the operation has ended", done).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_nobody_are_warned_of_where_the_project_asks_for_it() {
    let bench = Bench::new();
    bench
        .production(json!({"orphanedResources": {"warn": true, "ignore": [{"kind": "Service", "name": "known-*"}]}}))
        .await;
    let service = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "production"},
            "spec": {"ports": [{"port": 80}]}})
    };
    bench.write(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "production"}})).await;
    for name in ["lost", "known-one"] {
        bench.write(service(name)).await;
    }
    bench.define("production", bench.source(), "production").await;
    let warned = |one: &Application| {
        let words = "Application has 1 orphaned resources";
        is_synced(one) && says(one, ApplicationConditionType::OrphanedResourceWarning, words)
    };
    bench.until("one Service is nobody's", warned).await;
    bench.end().await;
}

/// The tutorial's ingress-nginx: a chart whose objects are cluster-wide as well.
#[tokio::test(flavor = "multi_thread")]
async fn infrastructure_allows_a_chart_with_cluster_wide_objects() {
    let bench = Bench::new();
    let chart = "apiVersion: v2\nname: ingress-nginx\nversion: 4.8.0\n";
    let class = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: nginx}\nspec: {controller: \
                 k8s.io/ingress-nginx}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: controller}\nspec: {type: {{ \
                   .Values.controller.service.type }}, ports: [{port: 80}]}\n";
    let files = [
        ("Chart.yaml", chart.as_bytes()),
        ("templates/class.yaml", class.as_bytes()),
        ("templates/service.yaml", service.as_bytes()),
    ];
    let mut charts = ChartRepository::new().unwrap();
    charts.add("ingress-nginx", "4.8.0", &gitops_core::tree::pack("ingress-nginx", files).unwrap());
    let destinations = json!([{"namespace": "ingress-nginx", "server": SERVER}]);
    let classes = json!([{"group": "", "kind": "Namespace"}, {"group": "networking.k8s.io", "kind": "IngressClass"}]);
    let spec = |kinds: &Value| json!({"sourceRepos": [charts.url()], "destinations": destinations, "clusterResourceWhitelist": kinds});
    bench.project("infrastructure", spec(&json!([{"group": "", "kind": "Namespace"}]))).await;
    let source = json!({"repoURL": charts.url(), "chart": "ingress-nginx", "targetRevision": "4.8.0",
        "helm": {"values": "controller: {service: {type: LoadBalancer}}"}});
    bench.define("infrastructure", source, "ingress-nginx").await;
    let refused =
        |one: &Application| says(one, ApplicationConditionType::SyncError, "networking.k8s.io/IngressClass/nginx");
    bench.until("the class is not allowed", refused).await;
    assert!(!bench.has("networking.k8s.io", "v1", "IngressClass", None, "nginx").await);
    bench.project("infrastructure", spec(&classes)).await;
    bench.until("the class is allowed", is_synced).await;
    assert!(bench.has("networking.k8s.io", "v1", "IngressClass", None, "nginx").await);
    assert!(bench.has("", "v1", "Service", Some("ingress-nginx"), "controller").await);
    bench.end().await;
}
