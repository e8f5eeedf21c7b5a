//! Sets on the embedded cluster, with the operator that syncs what they make.

use std::sync::Arc;
use std::time::Duration;

use gitops_core::api::Application;
use gitops_core::cluster::{Delete, Query, Verb, Write};
use gitops_core::{Cluster, GroupVersionKind, Object, ObjectId, Value};
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_fixtures::{TestRepository, WebServer};
use gitops_git::RepositoryCache;
use gitops_merge::schema::Kinds;
use http::HeaderMap;
use jiff::SignedDuration;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::{Operator, OperatorOptions, Pushes};
use crate::applications::Applications;
use crate::audit::FileJournal;
use crate::credentials::RepositoryCredentials;
use crate::engine::Engine;

const SERVER: &str = "https://kubernetes.default.svc";

fn settings(of: &str, colour: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {of}\ndata:\n  colour: {colour}\n")
}

struct Bench {
    _place: TempDir,
    repository: TestRepository,
    cluster: Arc<dyn Cluster>,
    pushes: Pushes,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Bench {
    /// An operator that hears of Git by pushes only, with a repository that has a folder for each of these.
    async fn new(folders: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut repository = TestRepository::new().unwrap();
        let files: Vec<(String, String)> =
            folders.iter().map(|one| (format!("apps/{one}/settings.yaml"), settings(one, "blue"))).collect();
        repository
            .commit([("README", "")].into_iter().chain(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))))
            .unwrap();
        let cluster: Arc<dyn Cluster> = Arc::new(EmbeddedCluster::open(place.path(), &Options::new()).unwrap());
        let journal = Arc::new(FileJournal::new(place.path().join("audit.jsonl")));
        let repositories = RepositoryCache::new(place.path().join("repositories"));
        let mut engine = Engine::new(Arc::clone(&cluster), repositories, Arc::new(Kinds::builtin().unwrap()), journal);
        engine.credentials = Some(RepositoryCredentials::of("argocd"));
        let options = OperatorOptions { poll: SignedDuration::from_hours(1), ..OperatorOptions::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        let operator = Operator::new(engine, options);
        let pushes = operator.pushes();
        let running = tokio::spawn(operator.run(async {
            let _ = stopped.await;
        }));
        Self { _place: place, repository, cluster, pushes, stop, running }
    }

    /// A set whose template deploys the folder of each `{{name}}`; `more` is laid on its spec.
    fn set(&self, generators: Value, more: &Value) -> Value {
        let mut spec = json!({
            "generators": generators,
            "template": {
                "metadata": {"name": "{{name}}", "labels": {"step": "{{name}}"}},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": self.repository.url(), "path": "apps/{{name}}", "targetRevision": "HEAD"},
                    "destination": {"server": SERVER, "namespace": "{{name}}"},
                    "syncPolicy": {"automated": {"prune": true}, "syncOptions": ["CreateNamespace=true"]},
                },
            },
        });
        more.as_object().unwrap().iter().for_each(|(field, value)| spec[field] = value.clone());
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "spec": spec,
               "metadata": {"name": "set", "namespace": "argocd"}})
    }

    async fn write(&self, value: Value, verb: Verb) {
        let object = Object::from_value(value).unwrap();
        self.cluster.write(Write::new(&object, verb, "somebody")).await.unwrap();
    }

    async fn define(&self, value: Value) {
        self.write(value, Verb::Apply { force: true }).await;
    }

    async fn get(&self, kind: &str, name: &str) -> Value {
        let id = ObjectId::new("argoproj.io", kind, Some("argocd"), name).at_version("v1alpha1");
        let found = self.cluster.get(&id).await.unwrap();
        found.map(|object| Value::Object(object.body().clone())).unwrap_or_default()
    }

    /// A field of the set, as a JSON pointer names it.
    async fn field(&self, pointer: &str) -> Value {
        self.get("ApplicationSet", "set").await.pointer(pointer).cloned().unwrap_or_default()
    }

    async fn condition(&self, aspect: &str) -> Value {
        let all = self.field("/status/conditions").await;
        all.as_array().into_iter().flatten().find(|one| one["type"] == aspect).cloned().unwrap_or_default()
    }

    async fn applications(&self) -> Vec<Application> {
        Applications::of(self.cluster.as_ref()).list(None).await.unwrap()
    }

    async fn names(&self) -> Vec<String> {
        self.applications().await.iter().map(|one| one.name().to_owned()).collect()
    }

    async fn colour(&self, of: &str) -> Option<String> {
        let id = ObjectId::new("", "ConfigMap", Some(of), of).at_version("v1");
        self.cluster.get(&id).await.unwrap()?.text(&["data", "colour"]).map(str::to_owned)
    }

    /// Waits for something.
    async fn until(&self, what: &str, reached: impl AsyncFn() -> bool) {
        for _ in 0..1_500 {
            if reached().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not in time: {what}; {}", self.get("ApplicationSet", "set").await);
    }

    async fn has_names(&self, names: &[&str]) {
        self.until(&format!("the applications are {names:?}"), async || self.names().await == names).await;
    }

    async fn push(&self) {
        let headers: HeaderMap =
            [("x-gitops-event".try_into().unwrap(), "push".parse().unwrap())].into_iter().collect();
        let body = json!({"repository": self.repository.url(), "revision": "refs/heads/main"}).to_string();
        self.pushes.take(&headers, body.as_bytes()).await.unwrap();
    }

    async fn delete(&self, kind: &str, name: &str) {
        let id = ObjectId::new("argoproj.io", kind, Some("argocd"), name).at_version("v1alpha1");
        let uid = self.get(kind, name).await["metadata"]["uid"].as_str().unwrap().to_owned();
        let mut delete = Delete::new(&id, &uid);
        delete.propagation = gitops_core::cluster::Propagation::Background;
        self.cluster.delete(delete).await.unwrap();
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
    }
}

fn list(names: &[&str]) -> Value {
    let elements: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    json!([{"list": {"elements": elements}}])
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_come_and_go_with_their_elements() {
    let bench = Bench::new(&["user-api", "order-api", "payment-api"]).await;
    bench.define(bench.set(list(&["user-api", "order-api", "payment-api"]), &json!({}))).await;
    bench.has_names(&["order-api", "payment-api", "user-api"]).await;
    bench.until("all are deployed", async || bench.colour("payment-api").await.is_some()).await;
    let set = bench.get("ApplicationSet", "set").await;
    let made = bench.get("Application", "user-api").await;
    assert_eq!(
        made["metadata"]["ownerReferences"],
        json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "set",
                "uid": set["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true}])
    );
    assert_eq!(made["metadata"]["finalizers"], json!(["resources-finalizer.argocd.argoproj.io"]));
    let named = json!({"group": "argoproj.io", "version": "v1alpha1", "kind": "Application", "name": "order-api",
                       "namespace": "argocd", "status": "Synced", "health": {"status": "Healthy"}});
    bench.until("the status says so", async || bench.field("/status/resources/0").await == named).await;
    assert_eq!(bench.field("/status/resourcesCount").await, 3);
    assert_eq!(bench.condition("ResourcesUpToDate").await["status"], "True");
    assert_eq!(bench.condition("ErrorOccurred").await["status"], "False");

    bench.define(bench.set(list(&["user-api", "payment-api"]), &json!({}))).await;
    bench.has_names(&["payment-api", "user-api"]).await;
    assert_eq!(bench.colour("order-api").await, None);
    bench.until("the status says so", async || bench.field("/status/resourcesCount").await == 2).await;

    bench.delete("ApplicationSet", "set").await;
    bench.has_names(&[]).await;
    assert_eq!(bench.colour("user-api").await, None);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_by_hand_is_as_the_set_says_again() {
    let bench = Bench::new(&["a"]).await;
    let kept = json!({"preservedFields": {"annotations": ["team.example/note"]},
                      "ignoreApplicationDifferences": [{"jsonPointers": ["/spec/source/targetRevision"]}]});
    bench.define(bench.set(list(&["a"]), &kept)).await;
    bench.until("it is deployed", async || bench.colour("a").await.is_some()).await;
    let by_hand = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "a", "namespace": "argocd",
                     "annotations": {"team.example/note": "kept", "team.example/other": "gone"}},
        "spec": {"source": {"targetRevision": "main"}, "revisionHistoryLimit": 3},
    });
    bench.write(by_hand, Verb::MergePatch).await;
    let reverted = async || bench.get("Application", "a").await["spec"]["revisionHistoryLimit"].is_null();
    bench.until("it is reverted", reverted).await;
    let application = bench.get("Application", "a").await;
    assert_eq!(application["metadata"]["annotations"], json!({"team.example/note": "kept"}));
    assert_eq!(application["spec"]["source"]["targetRevision"], "main");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_element_and_a_failing_generator_delete_nothing() {
    let bench = Bench::new(&["a", "b"]).await;
    bench.define(bench.set(list(&["a", "b"]), &json!({}))).await;
    bench.has_names(&["a", "b"]).await;
    let nowhere =
        json!({"git": {"repoURL": "file:///nowhere/at-all", "revision": "HEAD", "directories": [{"path": "*"}]}});
    let generators = json!([list(&["a"])[0], nowhere]);
    bench.define(bench.set(generators, &json!({}))).await;
    bench.until("it is said", async || bench.condition("ErrorOccurred").await["status"] == "True").await;
    let error = bench.condition("ErrorOccurred").await;
    assert_eq!(error["reason"], "ApplicationGenerationFromParamsError");
    assert_eq!(bench.condition("ParametersGenerated").await["status"], "False");
    assert_eq!(bench.names().await, ["a", "b"]);

    let elements = json!([{"list": {"elements": [{"name": "a"}, {"name": "c"}, {"name": "c"}]}}]);
    bench.define(bench.set(elements, &json!({}))).await;
    let reason = async || bench.condition("ErrorOccurred").await["reason"] == "ApplicationValidationError";
    bench.until("it is said", reason).await;
    assert_eq!(bench.condition("ParametersGenerated").await["status"], "True");
    assert_eq!(bench.names().await, ["a", "b"]);

    let unknown = json!({"template": {
        "metadata": {"name": "{{name}}"}, "spec": {"project": "none", "destination": {}, "source": {"repoURL": "r"}}}});
    bench.define(bench.set(list(&["a", "b", "d"]), &unknown)).await;
    let words = "application references project none which does not exist (and 2 more)";
    bench.until("it is said", async || bench.condition("ErrorOccurred").await["message"] == words).await;
    assert_eq!(bench.names().await, ["a", "b"]);
    let project = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "spec": {},
                         "metadata": {"name": "none", "namespace": "argocd"}});
    bench.define(project).await;
    bench.has_names(&["a", "b", "d"]).await;
    bench.until("all is well", async || bench.condition("ErrorOccurred").await["status"] == "False").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_element_of_a_thousand_leaves_the_others() {
    let bench = Bench::new(&[]).await;
    let mut elements: Vec<Value> = (0..1_000).map(|n| json!({"name": format!("app-{n}"), "team": "a"})).collect();
    elements[500] = json!({"name": "app-500"});
    // Nobody looks at them: it is about the set.
    let template = json!({"goTemplate": true, "goTemplateOptions": ["missingkey=error"], "template": {
        "metadata": {"name": "{{.name}}", "annotations": {"argocd.argoproj.io/skip-reconcile": "true"},
                     "labels": {"team": "{{.team}}"}},
        "spec": {"project": "default", "source": {"repoURL": bench.repository.url(), "path": "a"},
                 "destination": {"server": SERVER, "namespace": "a"}}}});
    bench.define(bench.set(json!([{"list": {"elements": elements}}]), &template)).await;
    bench.until("all others are there", async || bench.field("/status/resourcesCount").await == 999).await;
    let error = bench.condition("ErrorOccurred").await;
    assert_eq!((&error["status"], &error["reason"]), (&json!("True"), &json!("RenderTemplateParamsError")));
    assert!(error["message"].as_str().unwrap().starts_with("spec.generators[0], element 501: "), "{error}");
    assert_eq!(bench.applications().await.len(), 999);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_guards_what_is_left() {
    let bench = Bench::new(&["a"]).await;
    let names: Vec<String> = (10..30).map(|number| format!("app-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let manual = json!({"template": {
        "metadata": {"name": "{{name}}"},
        "spec": {"project": "default", "source": {"repoURL": bench.repository.url(), "path": "apps/a"},
                 "destination": {"server": SERVER, "namespace": "{{name}}"}}}});
    bench.define(bench.set(list(&names), &manual)).await;
    bench.has_names(&names).await;
    bench.define(bench.set(list(&names[..5]), &manual)).await;
    let refused = async || bench.condition("ErrorOccurred").await["reason"] == "DeleteApplicationError";
    bench.until("it is refused", refused).await;
    assert_eq!(bench.names().await, names);
    let mut allowed = bench.set(list(&names[..5]), &manual);
    allowed["metadata"]["annotations"] = json!({"gitops.engine/deletion-budget": "15"});
    bench.define(allowed).await;
    bench.has_names(&names[..5]).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_makes_applications_of_new_folders() {
    let mut bench = Bench::new(&["a"]).await;
    let url = bench.repository.url();
    let git = json!([{"git": {"repoURL": url, "revision": "HEAD", "directories": [{"path": "apps/*"}]}}]);
    let named = json!({"goTemplate": true, "template": {
        "metadata": {"name": "{{.path.basename}}"},
        "spec": {"project": "default", "source": {"repoURL": url, "path": "{{.path.path}}"},
                 "destination": {"server": SERVER, "namespace": "{{.path.basename}}"}}}});
    bench.define(bench.set(git, &named)).await;
    bench.has_names(&["a"]).await;
    bench.repository.commit([("apps/b/settings.yaml", settings("b", "blue").as_str())]).unwrap();
    bench.push().await;
    bench.has_names(&["a", "b"]).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_come_and_go_with_their_secrets() {
    let bench = Bench::new(&["a"]).await;
    let named = json!({"template": {
        "metadata": {"name": "on-{{name}}"},
        "spec": {"project": "default", "source": {"repoURL": bench.repository.url(), "path": "apps/a"},
                 "destination": {"name": "{{name}}", "namespace": "a"}}}});
    bench.define(bench.set(json!([{"clusters": {}}]), &named)).await;
    bench.has_names(&["on-in-cluster"]).await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "east", "namespace": "argocd",
            "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
        "stringData": {"name": "east", "server": "https://east.example", "config": "{}"},
    });
    bench.define(secret).await;
    bench.has_names(&["on-east", "on-in-cluster"]).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_goes_step_by_step() {
    let mut bench = Bench::new(&["a", "b"]).await;
    let step = |name: &str| json!({"matchExpressions": [{"key": "step", "operator": "In", "values": [name]}]});
    let rolling = json!({"strategy": {"type": "RollingSync", "rollingSync": {"steps": [step("a"), step("b")]}}});
    let mut set = bench.set(list(&["a", "b"]), &rolling);
    set["spec"]["template"]["spec"]["syncPolicy"]["retry"] = json!({"limit": 0});
    bench.define(set).await;
    bench.until("all are deployed", async || bench.colour("b").await.as_deref() == Some("blue")).await;
    let complete = async || bench.condition("RolloutProgressing").await["reason"] == "ApplicationSetRolloutComplete";
    bench.until("the rollout is complete", complete).await;
    let made = bench.get("Application", "b").await;
    assert_eq!(made["spec"]["syncPolicy"]["automated"]["enabled"], false);
    assert_eq!(made["status"]["operationState"]["operation"]["initiatedBy"]["username"], "applicationset-controller");
    let begun = |one: &Value| one["status"]["history"][0]["deployedAt"].as_str().unwrap().to_owned();
    assert!(begun(&bench.get("Application", "a").await) <= begun(&made));

    // The first step cannot become healthy: the second waits.
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: nowhere\n";
    let green = settings("b", "green");
    bench.repository.commit([("apps/a/settings.yaml", broken), ("apps/b/settings.yaml", green.as_str())]).unwrap();
    bench.push().await;
    let waits = async || bench.field("/status/applicationStatus/1/status").await == "Waiting";
    bench.until("the second waits", waits).await;
    let words = async || bench.condition("RolloutProgressing").await["message"].as_str().unwrap_or_default().to_owned();
    let first = "ApplicationSet is performing rollout of step 1";
    bench.until("the first is under way", async || words().await == first).await;
    assert_eq!(bench.colour("b").await.as_deref(), Some("blue"));
    bench.repository.commit([("apps/a/settings.yaml", settings("a", "green").as_str())]).unwrap();
    bench.push().await;
    bench.until("the second follows", async || bench.colour("b").await.as_deref() == Some("green")).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_step_is_deleted_first() {
    let bench = Bench::new(&["a", "b"]).await;
    let step = |name: &str| json!({"matchExpressions": [{"key": "step", "operator": "In", "values": [name]}]});
    let strategy = json!({"strategy": {"type": "RollingSync", "deletionOrder": "Reverse",
                                       "rollingSync": {"steps": [step("a"), step("b")]}}});
    let mut set = bench.set(list(&["a", "b"]), &strategy);
    set["spec"]["template"]["metadata"]["finalizers"] = json!(["test.example/held"]);
    bench.define(set).await;
    bench.has_names(&["a", "b"]).await;
    let held = async || !bench.field("/metadata/finalizers").await.is_null();
    bench.until("the set waits for their end", held).await;
    bench.delete("ApplicationSet", "set").await;
    let ends = async |name: &str| bench.get("Application", name).await["metadata"]["deletionTimestamp"].is_string();
    bench.until("the last one ends", async || ends("b").await).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!ends("a").await);
    for name in ["b", "a"] {
        bench.until("it ends", async || ends(name).await).await;
        let released = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                              "metadata": {"name": name, "namespace": "argocd", "finalizers": null}});
        bench.write(released, Verb::MergePatch).await;
    }
    bench.has_names(&[]).await;
    bench.until("the set is gone", async || bench.get("ApplicationSet", "set").await.is_null()).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_keeps_applications_releases_them() {
    let bench = Bench::new(&["a"]).await;
    let mut set = bench.set(list(&["a"]), &json!({"syncPolicy": {"applicationsSync": "create-update"}}));
    set["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io"]);
    bench.define(set).await;
    bench.until("it is deployed", async || bench.colour("a").await.is_some()).await;
    bench.delete("ApplicationSet", "set").await;
    bench.until("the set is gone", async || bench.get("ApplicationSet", "set").await.is_null()).await;
    let gvk = GroupVersionKind::from_api_version("argoproj.io/v1alpha1", "Application");
    let left = bench.cluster.list(&Query::all(gvk)).await.unwrap().objects;
    assert_eq!((left.len(), left[0].get(&["metadata", "ownerReferences"])), (1, None));
    assert!(bench.colour("a").await.is_some());
    bench.end().await;
}

/// GitHub cannot run here: a server of the test stands in for it.
#[tokio::test(flavor = "multi_thread")]
async fn github_is_asked_as_its_app() {
    let bench = Bench::new(&["web"]).await;
    let server = WebServer::start().unwrap();
    let serve = |path: &str, value: Value| server.set(&format!("api/v3/{path}"), 200, value.to_string().as_bytes());
    serve("app/installations?per_page=100&page=1", json!([{"id": 5, "account": {"login": "team"}}]));
    serve("app/installations/5/access_tokens", json!({"token": "ghs_team"}));
    let repository = json!({"id": 1, "name": "web", "owner": {"login": "team"}, "default_branch": "main",
        "ssh_url": "git@host:team/web.git", "clone_url": "https://host/team/web.git"});
    serve("orgs/team/repos?per_page=100", json!([repository]));
    serve("repos/team/web/branches/main", json!({"name": "main", "commit": {"sha": "abc"}}));
    serve("repos/team/web/pulls?per_page=100", json!([]));
    for asked in ["orgs", "repos"] {
        server.guard(&format!("api/v3/{asked}"), "Bearer ghs_team", "none");
    }
    let set = |generator: Value| {
        let set = bench.set(json!([generator]), &json!({})).to_string().replace("{{name}}", "{{repository}}");
        serde_json::from_str::<Value>(&set).unwrap()
    };
    let github = json!({"organization": "team", "appSecretName": "app", "api": server.url("")});
    bench.define(set(json!({"scmProvider": {"github": github}}))).await;
    let words = "no Secret `argocd/app`";
    let says =
        async || bench.condition("ErrorOccurred").await["message"].as_str().is_some_and(|said| said.contains(words));
    bench.until("it says what is missing", says).await;

    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"url": "https://host/team", "githubAppID": "1",
        "githubAppPrivateKey": key}, "metadata": {"name": "app", "namespace": "argocd",
        "labels": {"argocd.argoproj.io/secret-type": "repo-creds"}}});
    bench.define(secret).await;
    let mut again = set(json!({"scmProvider": {"github": github}}));
    again["metadata"]["annotations"] = json!({"argocd.argoproj.io/application-set-refresh": "true"});
    bench.define(again).await;
    bench.has_names(&["web"]).await;

    let github = json!({"owner": "team", "repo": "web", "appSecretName": "app", "api": server.url("")});
    bench.define(set(json!({"pullRequest": {"github": github}}))).await;
    bench
        .until("pull requests are asked for", async || !server.asked().iter().all(|path| !path.contains("/pulls")))
        .await;
    bench.until("no failure is told", async || bench.condition("ErrorOccurred").await["status"] == "False").await;
    assert_eq!(server.header("api/v3/repos/team/web/pulls?per_page=100", "authorization"), "Bearer ghs_team");
    bench.end().await;
}
