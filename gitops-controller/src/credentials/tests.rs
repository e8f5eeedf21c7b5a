//! Which Secret is for whom, and the operator on the embedded cluster before private servers.

mod ssh;
mod sweep;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gitops_core::api::Application;
use gitops_core::cluster::{Cluster, Verb, Write};
use gitops_core::tree::pack;
use gitops_core::{Object, ObjectId, Value};
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_fixtures::{ChartRepository, GitBehaviour, GitServer, TEST_AUTHORITY, TestRepository, WebServer};
use gitops_git::{Access, Caller, RepositoryCache};
use gitops_merge::schema::Kinds;
use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::access::ProjectAccess;
use super::{CredentialSet, RepositoryCredentials};
use crate::applications::Applications;
use crate::audit::FileJournal;
use crate::engine::Engine;
use crate::operator::{Operator, OperatorOptions};

fn secret(name: &str, kind: &str, fields: Value) -> Object {
    Object::from_value(json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": name, "namespace": "argocd", "uid": name, "resourceVersion": "1",
            "labels": {"argocd.argoproj.io/secret-type": kind},
        },
        "stringData": fields,
    }))
    .unwrap()
}

fn config_map(name: &str, data: Value) -> Object {
    Object::from_value(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}},
        "data": data,
    }))
    .unwrap()
}

fn caller(objects: &[Object], address: &str, project: &str) -> Result<Caller, String> {
    let set = Arc::new(CredentialSet::new(objects.iter(), None));
    let access = ProjectAccess::new(set, &RepositoryCredentials::of("argocd"), project);
    access.caller(address).map_err(|error| error.to_string())
}

fn header(caller: &Caller) -> Option<String> {
    caller.credentials().map(|credentials| credentials.authorization().unwrap())
}

/// GitHub cannot run here: a server of the test stands in for it.
#[test]
fn an_app_asks_as_it_is_installed_for_the_owner_of_a_repository() {
    let server = WebServer::start().unwrap();
    let told = json!([{"id": 5, "account": {"login": "Team"}}, {"id": 6, "account": {"login": "other"}}]);
    server.set("app/installations?per_page=100&page=1", 200, told.to_string().as_bytes());
    for (id, token) in [(5, "team"), (6, "other"), (7, "said")] {
        server.set(
            &format!("app/installations/{id}/access_tokens"),
            201,
            json!({"token": token}).to_string().as_bytes(),
        );
    }
    let fields = |url: &str, installation: &str| {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
        json!({"url": url, "githubAppID": "1", "githubAppPrivateKey": key, "githubAppInstallationID": installation,
            "githubAppEnterpriseBaseUrl": server.url("")})
    };
    let objects = [
        secret("app", "repo-creds", fields("https://host.example", "")),
        secret("said", "repository", fields("https://host.example/team/said", "7")),
        secret("plain", "repository", json!({"url": "https://host.example/other/plain"})),
    ];
    let set = Arc::new(CredentialSet::new(objects.iter(), None));
    let found = |address: &str| {
        let access = ProjectAccess::new(Arc::clone(&set), &RepositoryCredentials::of("argocd"), "default");
        access.caller(address).map_err(|error| error.to_string())
    };
    let basic = |token: &str| Some(format!("Basic {}", STANDARD.encode(format!("x-access-token:{token}"))));
    for (address, token) in
        [("team/web", "team"), ("Team/web", "team"), ("other/plain", "other"), ("team/said", "said")]
    {
        let found = found(&format!("https://host.example/{address}.git")).unwrap();
        assert_eq!(header(&found), basic(token), "{address}");
    }
    let nobody = found("https://host.example/nobody/web").unwrap();
    let refused = nobody.credentials().unwrap().authorization().unwrap_err();
    assert!(crate::causes::chain(&refused).contains("is not installed for `nobody`"), "{refused:?}");
    let ownerless = found("https://host.example/web").unwrap_err();
    assert!(ownerless.contains("`githubAppInstallationID`"), "{ownerless}");
    let listed = server.asked().iter().filter(|path| path.contains("per_page")).count();
    assert_eq!(listed, 1);
}

#[test]
fn the_longest_address_and_the_own_project_decide() {
    let objects = [
        secret("host", "repo-creds", json!({"url": "https://host.example", "bearerToken": "host"})),
        secret("org", "repo-creds", json!({"url": "https://host.example/org", "bearerToken": "org"})),
        secret("web", "repository", json!({"url": "https://host.example/org/web.git", "bearerToken": "web"})),
        secret(
            "mine",
            "repository",
            json!({"url": "https://host.example/org/web", "bearerToken": "mine", "project": "shop"}),
        ),
        secret(
            "theirs",
            "repo-creds",
            json!({"url": "https://host.example/org/web/", "bearerToken": "x", "project": "other"}),
        ),
        secret("bare", "repository", json!({"url": "https://host.example/org/bare", "insecure": "true"})),
        secret("cluster", "cluster", json!({"url": "https://host.example/org/web", "bearerToken": "cluster"})),
    ];
    let shown = |address: &str, project: &str| header(&caller(&objects, address, project).unwrap());
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    assert_eq!(shown("https://host.example/x", "shop"), bearer("host"));
    assert_eq!(shown("https://host.example/org/api", "shop"), bearer("org"));
    assert_eq!(shown("https://host.example/org/web", "default"), bearer("web"));
    assert_eq!(shown("https://me@host.example/Org/web.git", "shop"), bearer("mine"));
    assert_eq!(shown("https://host.example.evil/org/web", "shop"), None);
    assert_eq!(shown("http://host.example/org/web", "shop"), None);
    let bare = caller(&objects, "https://host.example/org/bare", "shop").unwrap();
    assert!(bare.tls.insecure && header(&bare) == bearer("org"), "a template completes the repository's own");
    let anybody = caller(&objects, "https://elsewhere.example/x", "shop").unwrap();
    let words = anybody.missing.clone().unwrap();
    assert!(anybody.partition().is_none() && words.contains("`argocd`") && words.contains("project `shop`"), "{words}");
}

#[test]
fn what_is_fetched_is_kept_by_the_secret_and_its_version() {
    let fields = json!({"url": "https://host.example/x", "password": "p"});
    let partition = |object: &Object, project: &str| {
        caller(std::slice::from_ref(object), "https://host.example/x", project).unwrap().partition()
    };
    let one = secret("one", "repository", fields.clone());
    let first = partition(&one, "shop");
    assert!(first.is_some() && first == partition(&one, "other"), "projects that a Secret serves share what it got");
    let mut body = Value::Object(one.body().clone());
    body["metadata"]["resourceVersion"] = "2".into();
    body["stringData"] = fields.clone();
    assert_ne!(first, partition(&Object::from_value(body).unwrap(), "shop"));
    assert_ne!(first, partition(&secret("two", "repository", fields), "shop"));
}

#[test]
fn every_field_of_a_secret_counts() {
    let ssh = json!({"url": "git@host.example:org/x.git", "sshPrivateKey": "KEY", "insecureIgnoreHostKey": "false"});
    let tls = json!({"url": "https://h.example/x", "tlsClientCertData": "CERT", "tlsClientCertKey": "KEY", "username": "u", "password": "p",
        "proxy": "http://proxy.example:3128", "noProxy": "internal.example"});
    let plain = json!({"url": "http://h.example/x", "username": "u", "password": "p"});
    let registry =
        json!({"url": "h.example:5000/org", "type": "helm", "enableOCI": "true", "username": "u", "password": "p"});
    let objects = [
        secret("ssh", "repository", ssh),
        secret("tls", "repository", tls),
        secret("plain", "repository", plain),
        secret("registry", "repo-creds", registry),
        config_map("argocd-ssh-known-hosts-cm", json!({"ssh_known_hosts": "host.example ssh-ed25519 AAAA"})),
        config_map("argocd-tls-certs-cm", json!({"h.example": "AUTHORITY"})),
    ];
    let found = |address: &str| caller(&objects, address, "default").unwrap();
    let ssh = found("ssh://git@host.example/org/x").ssh.unwrap();
    assert_eq!(
        (ssh.key.as_deref(), &*ssh.known_hosts, ssh.any_host),
        (Some("KEY"), "host.example ssh-ed25519 AAAA", false)
    );
    let nobody = found("git@other.example:x").ssh.unwrap();
    assert_eq!((nobody.key, nobody.any_host), (None, false), "no key of this process's own is shown");
    let tls = found("https://h.example/x");
    assert_eq!((tls.tls.identity.as_slice(), tls.tls.authorities.as_slice()), (&b"CERT\nKEY"[..], &b"AUTHORITY"[..]));
    assert_eq!((header(&tls).as_deref(), tls.proxy.is_some(), tls.clear_text), (Some("Basic dTpw"), true, false));
    assert!(found("http://h.example/x").clear_text);
    let registry = found("oci://h.example:5000/org/web");
    assert_eq!((header(&registry).as_deref(), registry.clear_text), (Some("Basic dTpw"), false));
    let half = secret("half", "repository", json!({"url": "https://h.example/x", "tlsClientCertData": "CERT"}));
    let refused = caller(&[half], "https://h.example/x", "default").unwrap_err();
    assert!(refused.contains("`argocd/half`") && refused.contains("`tlsClientCertKey`"), "{refused}");
    let app = |key: &str, installation: &str| {
        let fields = json!({"url": "https://github.com/org", "githubAppID": "1", "githubAppPrivateKey": key,
            "githubAppInstallationID": installation});
        caller(&[secret("app", "repo-creds", fields)], "https://github.com/org/x", "default").unwrap_err()
    };
    let (malformed, unnumbered) = (app("KEY", "1"), app("KEY", "one"));
    assert!(malformed.contains("no RSA key") && !malformed.contains("KEY"), "{malformed}");
    assert!(unnumbered.contains("`githubAppInstallationID` is no number"), "{unnumbered}");
    let printed = format!("{objects:?} {tls:?} {registry:?} {ssh:?}");
    assert!(!printed.contains("KEY") && !printed.contains("dTpw"), "{printed}");
}

/// An operator on the embedded cluster.
struct Bench {
    place: tempfile::TempDir,
    cluster: Arc<dyn Cluster>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Bench {
    fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    /// The same with what lies in a folder already.
    fn start_in(place: tempfile::TempDir) -> Self {
        let cluster: Arc<dyn Cluster> = Arc::new(EmbeddedCluster::open(place.path(), &Options::new()).unwrap());
        let journal = Arc::new(FileJournal::new(place.path().join("audit.jsonl")));
        let repositories = RepositoryCache::new(place.path().join("repositories"));
        let kinds = Arc::new(Kinds::builtin().unwrap());
        let mut engine = Engine::new(Arc::clone(&cluster), repositories, kinds, journal).with_folder(place.path());
        engine.credentials = Some(RepositoryCredentials::of("argocd"));
        let options = OperatorOptions { poll: SignedDuration::from_hours(1), ..OperatorOptions::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(Operator::new(engine, options).run(async {
            let _ = stopped.await;
        }));
        Self { place, cluster, stop, running }
    }

    async fn write(&self, mut object: Object) {
        object = Object::from_value(without_identity(&object)).unwrap();
        self.cluster.write(Write::new(&object, Verb::Apply { force: true }, "test")).await.unwrap();
    }

    async fn define(&self, name: &str, project: &str, source: Value) {
        for object in [
            json!({
                "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": project, "namespace": "argocd"},
                "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
                    "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]},
            }),
            json!({
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
                "spec": {
                    "project": project, "source": source,
                    "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
                    "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]},
                },
            }),
        ] {
            let object = Object::from_value(object).unwrap();
            self.cluster.write(Write::new(&object, Verb::Apply { force: true }, "test")).await.unwrap();
        }
    }

    /// Waits until an Application has its ConfigMap deployed, or says so in a condition.
    async fn until(&self, name: &str, wanted: impl Fn(bool, &str) -> bool) -> String {
        let settings = ObjectId::new("", "ConfigMap", Some(name), "settings").at_version("v1");
        let mut words = String::new();
        for _ in 0..1_500 {
            let application: Application = Applications::of(self.cluster.as_ref()).get("argocd", name).await.unwrap();
            let conditions = application.status.and_then(|status| status.conditions).unwrap_or_default();
            words = conditions.iter().map(|one| one.message.as_str()).collect();
            let deployed = self.cluster.get(&settings).await.unwrap().is_some();
            if wanted(deployed, &words) {
                return words;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("`{name}` is not as it should be: {words}");
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
        drop(self.place);
    }
}

fn without_identity(object: &Object) -> Value {
    let mut body = object.reveal(&gitops_core::Reveal::granted(gitops_core::secret::Purpose::RenderedOutput));
    if let Some(metadata) = body["metadata"].as_object_mut() {
        metadata.remove("uid");
        metadata.remove("resourceVersion");
    }
    body
}

fn has_git() -> bool {
    let found = std::process::Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: no git program");
    }
    found
}

fn private(root: &Path) -> (TestRepository, GitServer) {
    let mut repository = TestRepository::new().unwrap();
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  a: b\n";
    repository.commit([("app/settings.yaml", settings)]).unwrap();
    std::os::unix::fs::symlink(repository.path().join(".git"), root.join("x.git")).unwrap();
    let behaviour = GitBehaviour { authorization: Some("Basic bWU6aHVudGVyMg=="), ..GitBehaviour::default() };
    let server = GitServer::start_encrypted(root, behaviour).unwrap();
    (repository, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_fetched_for_whom_a_secret_says_so_and_nobody_else() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let (_repository, server) = private(root.path());
    let bench = Bench::start();
    let authority = String::from_utf8_lossy(TEST_AUTHORITY).into_owned();
    bench.write(config_map("argocd-tls-certs-cm", json!({"127.0.0.1": authority}))).await;
    let source = json!({"repoURL": server.url("x.git"), "path": "app", "targetRevision": "HEAD"});
    bench.define("shop", "shop", source.clone()).await;
    let words = bench.until("shop", |_, words| words.contains("none were given")).await;
    let wanted = "no Secret in the namespace `argocd` with the label `argocd.argoproj.io/secret-type: repository`";
    assert!(words.contains("authentication failed") && words.contains(wanted), "{words}");

    let fields =
        json!({"type": "git", "url": server.url("x"), "username": "me", "password": "hunter2", "project": "shop"});
    bench.write(secret("shop", "repository", fields)).await;
    bench.until("shop", |deployed, _| deployed).await;

    // The same commit lies in the cache by now.
    let commit = Applications::of(bench.cluster.as_ref()).get("argocd", "shop").await.unwrap();
    let commit = commit.status.unwrap().sync.unwrap().revision.unwrap();
    let mut pinned = source.clone();
    pinned["targetRevision"] = commit.into();
    bench.define("other", "other", pinned).await;
    let words = bench.until("other", |deployed, words| deployed || words.contains("none were given")).await;
    assert!(words.contains("project `other`") && !words.contains("hunter2"), "{words}");

    let fields = json!({"url": server.url(""), "username": "me", "password": "wr0ng"});
    bench.write(secret("templates", "repo-creds", fields)).await;
    bench.until("other", |_, words| words.contains("refused the credentials") && !words.contains("wr0ng")).await;
    let fields = json!({"url": server.url(""), "username": "me", "password": "hunter2"});
    bench.write(secret("templates", "repo-creds", fields)).await;
    bench.until("other", |deployed, _| deployed).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_chart_repository_is_asked_as_a_secret_says() {
    let mut charts = ChartRepository::new().unwrap();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n";
    let files = [
        ("Chart.yaml", &b"apiVersion: v2\nname: web\nversion: 1.0.0\n"[..]),
        ("templates/a.yaml", template.as_bytes()),
    ];
    charts.add("web", "1.0.0", &pack("web", files).unwrap());
    charts.server().guard("charts", "Basic bWU6aHVudGVyMg==", "Basic realm=\"x\"");
    let bench = Bench::start();
    bench.define("web", "web", json!({"repoURL": charts.url(), "chart": "web", "targetRevision": "1.*"})).await;
    let words = bench.until("web", |_, words| words.contains("status 401")).await;
    assert!(words.contains("no Secret in the namespace `argocd`"), "{words}");
    let fields = json!({"type": "helm", "name": "web", "url": charts.url(), "username": "me", "password": "hunter2"});
    bench.write(secret("web", "repository", fields)).await;
    bench.until("web", |deployed, _| deployed).await;
    bench.end().await;
}
