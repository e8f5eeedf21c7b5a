//! A private repository behind a real server of ssh.

use gitops_fixtures::{SshServer, TestRepository};
use serde_json::{Value, json};

use super::{Bench, config_map, has_git, secret};

const KNOWN: &str = "argocd-ssh-known-hosts-cm";

impl Bench {
    async fn know(&self, hosts: &str) {
        self.write(config_map(KNOWN, json!({"ssh_known_hosts": hosts}))).await;
    }
}

fn is_unknown(words: &str) -> bool {
    words.contains("the host `127.0.0.1` shows no key that is known of it") && words.contains(KNOWN)
}

/// A repository that a host of ssh has, and its address; none where the programs for it are not there.
fn served() -> Option<(SshServer, TestRepository, String)> {
    if !has_git() {
        return None;
    }
    let server = SshServer::start().unwrap()?;
    let mut repository = TestRepository::new().unwrap();
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  a: b\n";
    repository.commit([("app/settings.yaml", settings)]).unwrap();
    let url = server.url(&repository.path().join(".git"));
    Some((server, repository, url))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_fetched_over_ssh_from_a_host_that_is_known() {
    let Some((server, _repository, url)) = served() else { return };
    let source = json!({"repoURL": url, "path": "app", "targetRevision": "HEAD"});
    let bench = Bench::start();
    let show = async |insecure: bool| {
        let mut fields: Value = json!({"type": "git", "url": url, "sshPrivateKey": server.key().unwrap()});
        if insecure {
            fields["insecure"] = "true".into();
        }
        bench.write(secret("shop", "repository", fields)).await;
    };

    bench.define("shop", "shop", source.clone()).await;
    bench.until("shop", |deployed, words| !deployed && is_unknown(words)).await;
    bench.know(&server.known_host().unwrap()).await;
    let words = bench.until("shop", |_, words| words.contains("none were given")).await;
    assert!(
        words.contains("authentication failed") && words.contains("no Secret in the namespace `argocd`"),
        "{words}"
    );
    show(false).await;
    bench.until("shop", |deployed, _| deployed).await;

    bench.know(&server.wrong_host().unwrap()).await;
    bench.until("shop", |_, words| is_unknown(words)).await;
    bench.define("other", "other", source.clone()).await;
    bench.until("other", |deployed, words| !deployed && is_unknown(words)).await;
    show(true).await;
    bench.until("other", |deployed, _| deployed).await;

    let fields = json!({"url": url, "sshPrivateKey": unlisted_key(), "insecure": "true"});
    bench.write(secret("shop", "repository", fields)).await;
    let refused = |words: &str| words.contains("the server refused the credentials") && !words.contains("PRIVATE");
    bench.until("other", |_, words| refused(words)).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_reached_through_the_proxy_of_its_secret_alone() {
    let Some((server, _repository, url)) = served() else { return };
    let bench = Bench::start();
    bench.know(&server.known_host().unwrap()).await;
    let show = async |proxy: &str| {
        let fields = json!({"type": "git", "url": url, "sshPrivateKey": server.key().unwrap(), "proxy": proxy});
        bench.write(secret("shop", "repository", fields)).await;
    };
    show("http://127.0.0.1:9").await;
    let source = json!({"repoURL": url, "path": "app", "targetRevision": "HEAD"});
    bench.define("shop", "shop", source).await;
    bench.until("shop", |deployed, words| !deployed && words.contains("`socks5://HOST:PORT`")).await;

    let proxy = server.proxy().unwrap();
    let address = proxy.url();
    proxy.stop().unwrap();
    show(&address).await;
    bench.until("shop", |deployed, words| !deployed && !words.is_empty() && !words.contains("socks5")).await;
    let proxy = server.proxy().unwrap();
    show(&proxy.url()).await;
    bench.until("shop", |deployed, _| deployed).await;
    // The host proves itself through the proxy too.
    bench.know(&server.wrong_host().unwrap()).await;
    bench.until("shop", |_, words| is_unknown(words)).await;
    bench.end().await;
}

/// A key that may log in nowhere.
fn unlisted_key() -> String {
    let place = tempfile::tempdir().unwrap();
    let key = place.path().join("key");
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-N", "", "-t", "ed25519", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    std::fs::read_to_string(key).unwrap()
}
