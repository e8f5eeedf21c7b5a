//! The operator on the embedded cluster, over a real repository.

mod confirm;
mod hooks;
mod mishap;
mod settings;
mod signatures;
mod timeout;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gitops_core::annotations::{INSTANCE_LABEL, TRACKING_ID};
use gitops_core::api::Application;
use gitops_core::cluster::{Verb, Write};
use gitops_core::{Cluster, Object, ObjectId};
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_fixtures::TestRepository;
use gitops_git::RepositoryCache;
use gitops_merge::schema::Kinds;
use http::HeaderMap;
use jiff::SignedDuration;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Event, Metrics, Operator, OperatorOptions, PushError, Pushes};
use crate::applications::Applications;
use crate::audit::{FileJournal, Journal};
use crate::conduct::Conduct;
use crate::engine::Engine;

fn settings(colour: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: {colour}\n")
}

/// A running operator with one Application that is synced, pruned and healed by itself.
struct Bench {
    _place: TempDir,
    repository: TestRepository,
    cluster: Arc<dyn Cluster>,
    pushes: Pushes,
    events: Arc<Mutex<Vec<Event>>>,
    metrics: Arc<Metrics>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Bench {
    async fn new() -> Self {
        Self::polling(SignedDuration::from_millis(100)).await
    }

    async fn polling(poll: SignedDuration) -> Self {
        Self::with(OperatorOptions { poll, ..OperatorOptions::default() }, &[]).await
    }

    /// The same over a cluster with these objects, each written by a manager.
    async fn with(options: OperatorOptions, objects: &[(serde_json::Value, &str, Verb)]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let journal = Arc::new(FileJournal::new(place.path().join("audit.jsonl")));
        Self::recording(options, objects, place, journal).await
    }

    /// The same with an audit trail.
    async fn recording(
        options: OperatorOptions,
        objects: &[(serde_json::Value, &str, Verb)],
        place: TempDir,
        journal: Arc<dyn Journal>,
    ) -> Self {
        let mut repository = TestRepository::new().unwrap();
        repository.commit([("app/settings.yaml", settings("blue").as_str())]).unwrap();
        Self::over(repository, options, objects, (place, journal), Conduct::default()).await
    }

    /// The same over a repository that is there, with an engine that conducts itself so.
    async fn over(
        repository: TestRepository,
        options: OperatorOptions,
        objects: &[(serde_json::Value, &str, Verb)],
        (place, journal): (TempDir, Arc<dyn Journal>),
        conduct: Conduct,
    ) -> Self {
        let cluster: Arc<dyn Cluster> = Arc::new(EmbeddedCluster::open(place.path(), &Options::new()).unwrap());
        let application: Application = serde_json::from_value(json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "web", "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
            "spec": {
                "project": "default",
                "source": {"repoURL": repository.url(), "path": "app", "targetRevision": "HEAD"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
                "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"]},
            },
        }))
        .unwrap();
        Applications::of(cluster.as_ref()).apply(&application).await.unwrap();
        let repositories = RepositoryCache::new(place.path().join("repositories"));
        let mut engine = Engine::new(Arc::clone(&cluster), repositories, Arc::new(Kinds::builtin().unwrap()), journal);
        engine.conduct = conduct;
        for (object, manager, verb) in objects {
            let object = Object::from_value(object.clone()).unwrap();
            cluster.write(Write::new(&object, *verb, manager)).await.unwrap();
        }
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let told = Arc::clone(&events);
        let (stop, stopped) = oneshot::channel::<()>();
        let operator = Operator::new(engine, options);
        let operator = operator.with_observer(move |event| told.lock().unwrap().push(event.clone()));
        let (pushes, metrics) = (operator.pushes(), operator.metrics());
        let running = tokio::spawn(operator.run(async {
            let _ = stopped.await;
        }));
        Self { _place: place, repository, cluster, pushes, events, metrics, stop, running }
    }

    async fn colour(&self) -> Option<String> {
        let id = ObjectId::new("", "ConfigMap", Some("shop"), "settings").at_version("v1");
        let live = self.cluster.get(&id).await.unwrap()?;
        live.get(&["data", "colour"]).and_then(|colour| colour.as_str().map(str::to_owned))
    }

    /// Waits until the cluster has the colour.
    #[track_caller]
    fn has(&self, colour: Option<&str>) -> impl Future<Output = ()> {
        let wanted = colour.map(str::to_owned);
        async move {
            for _ in 0..1_500 {
                if self.colour().await == wanted {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("the colour is {:?}, and should be {wanted:?}", self.colour().await);
        }
    }

    async fn write(&self, object: serde_json::Value) {
        let object = Object::from_value(object).unwrap();
        self.cluster.write(Write::new(&object, Verb::Apply { force: true }, "somebody")).await.unwrap();
    }

    /// Somebody paints the object of the Application.
    async fn edit(&self, colour: &str) {
        let metadata = json!({"name": "settings", "namespace": "shop"});
        let data = json!({"colour": colour});
        self.write(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})).await;
    }

    async fn application(&self) -> Application {
        Applications::of(self.cluster.as_ref()).get("argocd", "web").await.unwrap()
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_deployed_and_a_hand_edit_reverted() {
    let mut bench = Bench::new().await;
    bench.has(Some("blue")).await;
    bench.edit("red").await;
    bench.has(Some("blue")).await;
    bench.repository.commit([("app/settings.yaml", settings("green").as_str())]).unwrap();
    bench.has(Some("green")).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_edit_is_reverted_where_a_label_says_whose_the_object_is() {
    let mut bench = Bench::new().await;
    bench.has(Some("blue")).await;
    let by_label = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"},
        "data": {"application.resourceTrackingMethod": "label"},
    });
    bench.write(by_label).await;
    bench.repository.commit([("app/settings.yaml", settings("green").as_str())]).unwrap();
    bench.has(Some("green")).await;
    let id = ObjectId::new("", "ConfigMap", Some("shop"), "settings").at_version("v1");
    let live = bench.cluster.get(&id).await.unwrap().unwrap();
    assert_eq!((live.label(INSTANCE_LABEL), live.annotation(TRACKING_ID)), (Some("web"), None));
    // The first of them may come while the operator begins to go by the label.
    for colour in ["red", "yellow"] {
        bench.edit(colour).await;
        bench.has(Some("green")).await;
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_application_deployed_goes_with_it() {
    let bench = Bench::new().await;
    bench.has(Some("blue")).await;
    bench.delete().await;
    bench.has(None).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_a_git_server_tells_of_is_deployed_without_a_poll() {
    let mut bench = Bench::polling(SignedDuration::from_hours(1)).await;
    bench.has(Some("blue")).await;
    bench.repository.commit([("app/settings.yaml", settings("green").as_str())]).unwrap();
    let headers: HeaderMap = [("x-gitops-event".try_into().unwrap(), "push".parse().unwrap())].into_iter().collect();
    let body = json!({"repository": bench.repository.url(), "revision": "refs/heads/main"}).to_string();
    assert_eq!(bench.pushes.take(&headers, body.as_bytes()).await.unwrap(), 1);
    bench.has(Some("green")).await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret", "namespace": "argocd"},
        "stringData": {"webhook.generic.secret": "known"},
    });
    let secret = Object::from_value(secret).unwrap();
    bench.cluster.write(Write::new(&secret, Verb::Apply { force: true }, "somebody")).await.unwrap();
    let refused = bench.pushes.take(&headers, body.as_bytes()).await.unwrap_err();
    assert!(matches!(refused, PushError::Event(_)), "{refused}");
    bench.end().await;
}

impl Bench {
    /// Waits until the Application is so.
    async fn until(&self, what: &str, holds: impl Fn(&Application) -> bool) {
        for _ in 0..1_500 {
            if holds(&self.application().await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never {what}: {:?}", self.application().await);
    }

    async fn patch(&self, metadata: serde_json::Value) {
        let mut patch = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata});
        patch["metadata"]["name"] = "web".into();
        patch["metadata"]["namespace"] = "argocd".into();
        let patch = Object::from_value(patch).unwrap();
        self.cluster.write(Write::new(&patch, Verb::MergePatch, "somebody")).await.unwrap();
    }

    async fn delete(&self) {
        let id = ObjectId::new("argoproj.io", "Application", Some("argocd"), "web").at_version("v1alpha1");
        let uid = self.application().await.metadata.uid.unwrap();
        self.cluster.delete(gitops_core::cluster::Delete::new(&id, &uid)).await.unwrap();
    }

    async fn is_there(&self, name: &str) -> bool {
        let id = ObjectId::new("", "ConfigMap", Some("shop"), name).at_version("v1");
        self.cluster.get(&id).await.unwrap().is_some()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prune_that_is_to_be_confirmed_waits_for_it_and_says_so() {
    let mut bench = Bench::new().await;
    bench.has(Some("blue")).await;
    let marked = settings("blue")
        .replace("name: settings", "name: settings\n  annotations: {argocd.argoproj.io/sync-options: Prune=confirm}");
    let other = settings("blue").replace("name: settings", "name: other");
    bench.repository.commit([("app/settings.yaml", marked.as_str()), ("app/other.yaml", other.as_str())]).unwrap();
    bench
        .until("synced", |application| {
            application.status.as_ref().is_some_and(|status| status.history.as_ref().is_some_and(|all| all.len() > 1))
        })
        .await;
    bench.repository.commit([("app/settings.yaml", "")]).unwrap();
    let message = |application: &Application| application.status.as_ref()?.operation_state.as_ref()?.message.clone();
    let waits = |application: &Application| {
        message(application).is_some_and(|words| words == "waiting for pruning confirmation of /ConfigMap/settings")
    };
    bench.until("waiting", waits).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(bench.is_there("settings").await);
    let now = gitops_core::Timestamp::now().to_string();
    bench.patch(json!({"annotations": {"argocd.argoproj.io/deletion-approved": now}})).await;
    bench.has(None).await;
    bench
        .until("ended", |application| message(application).is_some_and(|words| words.contains("successfully synced")))
        .await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_a_killed_process_began_is_ended_as_that_one() {
    // The commit that the bench's repository begins with.
    let mut same = TestRepository::new().unwrap();
    let commit = same.commit([("app/settings.yaml", settings("blue").as_str())]).unwrap().id.to_string();
    let begun = "2024-01-01T00:00:00Z";
    let operation = json!({"initiatedBy": {"automated": true}, "sync": {
        "revision": commit, "prune": true, "syncOptions": ["CreateNamespace=true"],
    }});
    let application = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "web", "namespace": "argocd"},
        "status": {"operationState": {"phase": "Running", "startedAt": begun, "retryCount": 2, "operation": operation}},
    });
    let options = OperatorOptions { poll: SignedDuration::from_millis(100), ..OperatorOptions::default() };
    let bench = Bench::with(options, &[(application, "gitops-engine", Verb::MergePatch)]).await;
    bench.has(Some("blue")).await;
    bench
        .until("ended", |application| {
            let state = application.status.as_ref().and_then(|status| status.operation_state.as_ref());
            state.is_some_and(|state| state.phase.as_str() == "Succeeded")
        })
        .await;
    let status = serde_json::to_value(bench.application().await.status).unwrap();
    let history = status["history"].as_array().unwrap();
    assert_eq!(history.len(), 1, "{history:?}");
    assert_eq!(history[0]["revision"], commit.as_str());
    assert_eq!(history[0]["deployStartedAt"], begun);
    assert_eq!(history[0]["initiatedBy"], json!({"automated": true}));
    assert_eq!(status["operationState"]["startedAt"], begun);
    assert_eq!(status["operationState"]["retryCount"], 2);
    bench.end().await;
}

/// What Argo CD leaves: a namespace, two objects with its marks, and a status that says so.
fn of_argo_cd() -> Vec<(serde_json::Value, &'static str, Verb)> {
    let config = |name: &str| {
        let mark = format!("web:/ConfigMap:shop/{name}");
        let metadata =
            json!({"name": name, "namespace": "shop", "annotations": {"argocd.argoproj.io/tracking-id": mark}});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"colour": "grey", "more": "yes"}})
    };
    let listed = |name: &str| json!({"version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": name, "status": "Synced"});
    let status = json!({
        "reconciledAt": gitops_core::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "sync": {"status": "Synced"}, "resources": [listed("settings"), listed("old")],
    });
    let metadata = json!({"name": "web", "namespace": "argocd"});
    let application =
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "status": status});
    let apply = Verb::Apply { force: true };
    let everywhere = json!([{"server": "*", "namespace": "*"}]);
    let everything = json!([{"group": "*", "kind": "*"}]);
    let project = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default", "namespace": "argocd"},
        "spec": {"sourceRepos": ["*"], "destinations": everywhere, "clusterResourceWhitelist": everything},
    });
    vec![
        (project, "argocd-server", apply),
        (json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}), "kubectl", apply),
        (config("settings"), "argocd-controller", apply),
        (config("old"), "argocd-controller", apply),
        (application, "argocd-application-controller", Verb::MergePatch),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_observes_writes_nothing_and_tells_what_would_be_done() {
    let mut options = OperatorOptions { poll: SignedDuration::from_millis(100), ..OperatorOptions::default() };
    options.observe_only = true;
    let bench = Bench::with(options, &of_argo_cd()).await;
    let before = bench.application().await.metadata.resource_version;
    let observed = || {
        let events = bench.events.lock().unwrap();
        events.iter().filter(|event| matches!(event, Event::Observed { .. })).cloned().collect::<Vec<_>>()
    };
    for _ in 0..1_500 {
        if !observed().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let [Event::Observed { sync, steps, differs, would_sync, .. }] = &observed()[..] else {
        panic!("{:?}", bench.events.lock().unwrap())
    };
    assert_eq!(sync, "OutOfSync");
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert!(steps.iter().any(|step| step.starts_with("prune") && step.contains("old")), "{steps:?}");
    assert!(differs.contains(&"sync: OutOfSync here, Synced in the status".to_owned()), "{differs:?}");
    assert!(would_sync);
    assert_eq!(bench.colour().await.as_deref(), Some("grey"));
    assert!(bench.is_there("old").await);
    assert_eq!(bench.application().await.metadata.resource_version, before);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_controllers_application_is_left_until_it_is_taken_over() {
    let bench = Bench::with(
        OperatorOptions { poll: SignedDuration::from_millis(100), ..OperatorOptions::default() },
        &of_argo_cd(),
    )
    .await;
    let refused = |application: &Application| {
        let conditions = application.status.iter().flat_map(|status| status.conditions.iter().flatten());
        conditions.filter(|one| one.condition_type.as_str() == "OtherControllerError").count()
    };
    bench.until("told", |application| refused(application) == 1).await;
    bench.patch(json!({"annotations": {"argocd.argoproj.io/refresh": "normal"}})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let application = bench.application().await;
    assert!(application.metadata.annotation("argocd.argoproj.io/refresh").is_some(), "the request is the other's");
    assert_eq!(application.status.unwrap().sync.unwrap().status.as_str(), "Synced");
    assert_eq!(bench.colour().await.as_deref(), Some("grey"));

    bench.patch(json!({"annotations": {"gitops.engine/take-over": "true"}})).await;
    bench.has(Some("blue")).await;
    bench.until("said no more", |application| refused(application) == 0).await;
    let id = ObjectId::new("", "ConfigMap", Some("shop"), "settings").at_version("v1");
    let live = bench.cluster.get(&id).await.unwrap().unwrap();
    assert_eq!(live.get(&["data"]), Some(&json!({"colour": "blue"})), "what Argo CD set and Git does not have is gone");
    assert_eq!(live.annotation("argocd.argoproj.io/tracking-id"), Some("web:/ConfigMap:shop/settings"));
    let owners = live.get(&["metadata", "managedFields"]).unwrap().to_string();
    assert!(owners.contains("gitops-engine") && !owners.contains("argocd-controller"), "{owners}");
    for _ in 0..1_500 {
        if !bench.is_there("old").await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!bench.is_there("old").await, "what Argo CD deployed and Git gave up is pruned");
    bench.end().await;
}
