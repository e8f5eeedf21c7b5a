//! Clusters of Secrets: how they are read, and the operator over two stores.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _, ready};
use gitops_core::api::Application;
use gitops_core::cluster::{Cluster, Delete, Verb, Write};
use gitops_core::secret::{Purpose, Reveal};
use gitops_core::{Object, ObjectId, Value};
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_fixtures::TestRepository;
use gitops_git::RepositoryCache;
use gitops_identity::Account;
use gitops_merge::schema::Kinds;
use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{ClusterDefinition, ClusterRefused, Clusters};
use crate::applications::Applications;
use crate::audit::FileJournal;
use crate::engine::Engine;
use crate::operator::{Operator, OperatorOptions};

const OWN: &str = "https://kubernetes.default.svc";

fn secret(name: &str, fields: Value) -> Object {
    Object::from_value(json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": "argocd", "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
        "stringData": fields,
    }))
    .unwrap()
}

#[test]
fn a_secret_is_read_as_a_kubeconfig() {
    let config = json!({
        "bearerToken": "hunter2", "username": "u", "password": "p4ss", "proxyUrl": "http://proxy.example:3128",
        "tlsClientConfig": {"serverName": "api", "caData": "Q0E=", "certData": "Q0VSVA==", "keyData": "S0VZ"},
    });
    let fields = json!({"name": "one", "server": "https://one.example/", "namespaces": "a, b,", "project": "shop",
        "config": config.to_string()});
    let definition = ClusterDefinition::read(&secret("one", fields)).unwrap().unwrap();
    assert_eq!((definition.name.as_str(), definition.server.as_str()), ("one", "https://one.example"));
    assert_eq!(
        (definition.project.as_deref(), definition.namespaces.as_slice()),
        (Some("shop"), &["a".into(), "b".into()][..])
    );
    assert!(!format!("{definition:?}").contains("hunter2"));
    let reveal = Reveal::granted(Purpose::Connection);
    let kubeconfig = definition.kubeconfig(&reveal);
    let cluster = json!({"server": "https://one.example", "tls-server-name": "api", "certificate-authority-data": "Q0E=",
        "proxy-url": "http://proxy.example:3128"});
    let user = json!({"token": "hunter2", "username": "u", "password": "p4ss", "client-certificate-data": "Q0VSVA==",
        "client-key-data": "S0VZ"});
    assert_eq!((&kubeconfig["clusters"][0]["cluster"], &kubeconfig["users"][0]["user"]), (&cluster, &user));
}

fn configured(config: &Value) -> Result<ClusterDefinition, ClusterRefused> {
    let fields = json!({"server": "https://one.example", "config": config.to_string()});
    ClusterDefinition::read(&secret("one", fields)).unwrap()
}

#[test]
fn what_starts_programs_is_named() {
    let exec = json!({"command": "gke-gcloud-auth-plugin", "apiVersion": "client.authentication.k8s.io/v1"});
    let program = configured(&json!({"execProviderConfig": exec})).unwrap();
    assert_eq!(program.program().unwrap().command, "gke-gcloud-auth-plugin");
    assert_eq!(program.identity().unwrap(), None);
    let reveal = Reveal::granted(Purpose::Connection);
    let exec = &program.kubeconfig(&reveal)["users"][0]["user"]["exec"];
    assert_eq!((&exec["command"], &exec["interactiveMode"]), (&json!("gke-gcloud-auth-plugin"), &json!("Never")));
    let fields = json!({"server": "https://one.example", "config": "{\"bearerToken\": hunter2"});
    let malformed = ClusterDefinition::read(&secret("one", fields)).unwrap().unwrap_err().to_string();
    assert!(malformed.contains("`argocd/one`") && !malformed.contains("hunter2"), "{malformed}");
}

#[test]
fn what_argo_cds_program_would_print_is_an_identity_and_no_program() {
    let reveal = Reveal::granted(Purpose::Connection);
    let aws = |role: Option<&str>, profile: Option<&str>| Account::Aws {
        cluster: "c".into(),
        role: role.map(Into::into),
        profile: profile.map(Into::into),
    };
    let exec = |arguments: &[&str]| json!({"execProviderConfig": {"command": "argocd-k8s-auth", "args": arguments, "env": {"A": "b"}}});
    let all = ["aws", "--role-arn=r", "--cluster-name", "c", "--profile", "p"];
    for (config, account) in [
        (json!({"awsAuthConfig": {"clusterName": "c"}}), aws(None, None)),
        (json!({"awsAuthConfig": {"clusterName": "c", "roleARN": "r", "profile": "p"}}), aws(Some("r"), Some("p"))),
        (exec(&all), aws(Some("r"), Some("p"))),
        (exec(&["gcp"]), Account::Google),
        (exec(&["azure"]), Account::Azure),
    ] {
        let mut with_token = config.clone();
        with_token["bearerToken"] = "hunter2".into();
        let definition = configured(&with_token).unwrap();
        let identity = definition.identity().unwrap().unwrap();
        assert_eq!(identity.account, account);
        let variables = identity.variables(&reveal);
        assert_eq!(variables.contains_key("A"), config.get("execProviderConfig").is_some());
        assert!(!format!("{identity:?}").contains("\"b\""), "{identity:?}");
        // Nothing else proves who calls, as in Argo CD.
        assert_eq!(definition.program(), None);
        assert_eq!(definition.kubeconfig(&reveal)["users"][0]["user"], json!({}));
    }
    for (arguments, words) in [
        (&[][..], "`aws`, `gcp` or `azure`"),
        (&["oracle"], "\"oracle\""),
        (&["gcp", "--project"], "\"--project\""),
        (&["aws", "--region", "r"], "\"--region\""),
        (&["aws", "--cluster-name"], "`--cluster-name` needs a value"),
    ] {
        let refused = configured(&exec(arguments)).unwrap().identity().unwrap_err().to_string();
        assert!(refused.contains(words) && refused.contains("`https://one.example`"), "{refused}");
    }
}

/// Gives stores by the addresses of their servers.
struct Stores {
    stores: BTreeMap<&'static str, Arc<dyn Cluster>>,
    is_down: AtomicBool,
}

impl Clusters for Stores {
    fn make<'a>(&'a self, of: &'a ClusterDefinition) -> BoxFuture<'a, Result<Arc<dyn Cluster>, ClusterRefused>> {
        let down = of.server == "https://down.example" && self.is_down.load(Ordering::SeqCst);
        let found = self.stores.get(of.server.as_str()).cloned().filter(|_| !down);
        ready(found.ok_or_else(|| ClusterRefused("connection refused".into()))).boxed()
    }
}

struct Bench {
    _place: tempfile::TempDir,
    repository: TestRepository,
    own: Arc<dyn Cluster>,
    one: Arc<dyn Cluster>,
    other: Arc<dyn Cluster>,
    stores: Arc<Stores>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Bench {
    fn start() -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut repository = TestRepository::new().unwrap();
        let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: blue\n";
        repository.commit([("app/settings.yaml", settings)]).unwrap();
        let store = || -> Arc<dyn Cluster> { Arc::new(EmbeddedCluster::in_memory(&Options::new()).unwrap()) };
        let (own, one, other) = (store(), store(), store());
        let stores = [("https://one.example", Arc::clone(&one)), ("https://down.example", Arc::clone(&other))];
        let stores = Arc::new(Stores { stores: stores.into_iter().collect(), is_down: AtomicBool::new(true) });
        let journal = Arc::new(FileJournal::new(place.path().join("audit.jsonl")));
        let repositories = RepositoryCache::new(place.path().join("repositories"));
        let mut engine = Engine::new(Arc::clone(&own), repositories, Arc::new(Kinds::builtin().unwrap()), journal);
        engine.maker = Some(Arc::clone(&stores) as Arc<dyn Clusters>);
        let options = OperatorOptions { poll: SignedDuration::from_hours(1), ..OperatorOptions::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(Operator::new(engine, options).run(async {
            let _ = stopped.await;
        }));
        Self { _place: place, repository, own, one, other, stores, stop, running }
    }

    async fn write(&self, object: Object) {
        self.own.write(Write::new(&object, Verb::Apply { force: true }, "test")).await.unwrap();
    }

    async fn define(&self, name: &str, destination: Value) {
        let mut application = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name, "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
            "spec": {
                "project": "default", "destination": destination,
                "source": {"repoURL": self.repository.url(), "path": "app", "targetRevision": "HEAD"},
                "syncPolicy": {"automated": {"selfHeal": true}, "syncOptions": ["CreateNamespace=true"]},
            },
        });
        application["spec"]["destination"]["namespace"] = name.into();
        self.write(Object::from_value(application).unwrap()).await;
    }

    async fn application(&self, name: &str) -> Option<Application> {
        Applications::of(self.own.as_ref()).get("argocd", name).await.ok()
    }

    async fn delete(&self, name: &str) {
        let id = ObjectId::new("argoproj.io", "Application", Some("argocd"), name).at_version("v1alpha1");
        let uid = self.application(name).await.unwrap().metadata.uid.unwrap();
        self.own.delete(Delete::new(&id, &uid)).await.unwrap();
    }

    /// Waits until an Application's object has a colour in a cluster, or is not there.
    async fn has(&self, cluster: &Arc<dyn Cluster>, name: &str, wanted: Option<&str>) {
        let id = ObjectId::new("", "ConfigMap", Some(name), "settings").at_version("v1");
        let mut found = None;
        for _ in 0..1_500 {
            let live = cluster.get(&id).await.unwrap();
            found = live.and_then(|live| live.get(&["data", "colour"]).and_then(Value::as_str).map(str::to_owned));
            if found.as_deref() == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let status = self.application(name).await.and_then(|application| application.status);
        panic!("`{name}` has {found:?}, expected {wanted:?}: {status:?}");
    }

    /// Waits until a condition of an Application has these words.
    async fn says(&self, name: &str, kind: &str, words: &str) {
        let mut said = Vec::new();
        for _ in 0..1_500 {
            let status = self.application(name).await.and_then(|application| application.status);
            said = status.and_then(|status| status.conditions).unwrap_or_default();
            if said.iter().any(|one| one.condition_type.as_str() == kind && one.message.contains(words)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("`{name}` never says `{words}`: {said:?}");
    }

    async fn is_gone(&self, name: &str) {
        for _ in 0..1_500 {
            if self.application(name).await.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("`{name}` stays: {:?}", self.application(name).await.and_then(|application| application.status));
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_are_deployed_and_kept_where_their_destination_says() {
    let bench = Bench::start();
    bench.write(secret("one", json!({"name": "one", "server": "https://one.example", "config": "{}"}))).await;
    bench.define("by-server", json!({"server": "https://one.example"})).await;
    bench.define("by-name", json!({"name": "one"})).await;
    bench.define("here", json!({"server": OWN})).await;
    for name in ["by-server", "by-name"] {
        bench.has(&bench.one, name, Some("blue")).await;
        bench.has(&bench.own, name, None).await;
    }
    bench.has(&bench.own, "here", Some("blue")).await;
    bench.has(&bench.one, "here", None).await;
    let by_hand = Object::from_value(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "by-server"},
        "data": {"colour": "red"},
    }));
    bench.one.write(Write::new(&by_hand.unwrap(), Verb::Apply { force: true }, "somebody")).await.unwrap();
    bench.has(&bench.one, "by-server", Some("blue")).await;
    bench.delete("by-server").await;
    bench.is_gone("by-server").await;
    bench.has(&bench.one, "by-server", None).await;
    bench.has(&bench.one, "by-name", Some("blue")).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_cannot_be_reached_is_told_and_delays_nobody() {
    let bench = Bench::start();
    bench.write(secret("down", json!({"name": "down", "server": "https://down.example"}))).await;
    for number in 0..30 {
        bench.define(&format!("down-{number}"), json!({"server": "https://down.example"})).await;
    }
    bench.define("here", json!({"server": OWN})).await;
    bench.has(&bench.own, "here", Some("blue")).await;
    let words =
        "Failed to load live state: failed to get cluster info for \"https://down.example\": connection refused";
    bench.says("down-0", "ComparisonError", words).await;
    bench.stores.is_down.store(false, Ordering::SeqCst);
    // Another version of the Secret is another way to the cluster, which is tried at once.
    let fields = json!({"name": "up", "server": "https://down.example"});
    bench.write(secret("down", fields)).await;
    bench.has(&bench.other, "down-29", Some("blue")).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_that_nobody_knows_are_told_in_argo_cds_words() {
    let bench = Bench::start();
    for name in ["a", "b"] {
        let fields = json!({"name": "twice", "server": format!("https://{name}.example")});
        bench.write(secret(name, fields)).await;
    }
    bench.define("none", json!({"server": "https://none.example"})).await;
    bench.define("nowhere", json!({"name": "nowhere"})).await;
    bench.define("twice", json!({"name": "twice"})).await;
    bench.define("both", json!({"name": "twice", "server": OWN})).await;
    let unknown = "error getting cluster by server \"https://none.example\": rpc error: code = NotFound desc = cluster \
                   \"https://none.example\" not found";
    bench.says("none", "InvalidSpecError", unknown).await;
    bench.says("nowhere", "InvalidSpecError", "there are no clusters with this name: nowhere").await;
    let twice = "there are 2 clusters with the same name: [https://a.example https://b.example]";
    bench.says("twice", "InvalidSpecError", twice).await;
    bench.says("both", "InvalidSpecError", "can't have both name and server defined").await;
    // Nobody could delete anything there.
    bench.delete("none").await;
    bench.is_gone("none").await;
    bench.end().await;
}
