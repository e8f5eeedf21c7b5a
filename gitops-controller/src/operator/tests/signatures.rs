use std::path::Path;

use gitops_core::Value;
use gitops_core::api::Application;
use gitops_core::cluster::Verb;
use jiff::SignedDuration;
use serde_json::json;

use super::Bench;
use crate::integrity::tests::Signing;
use crate::operator::OperatorOptions;

/// The project `default`, which takes commits that were signed by a key.
fn project(key: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default", "namespace": "argocd"},
        "spec": {
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            "signatureKeys": [{"keyID": key}],
        },
    })
}

/// Signs the state of the branch as a commit after it.
fn sign(signing: &Signing, repository: &Path, key: &str) {
    let made = signing.git_in(repository, key, &["commit-tree", "HEAD^{tree}", "-p", "HEAD", "-S", "-m", "Sign"]);
    signing.git_in(repository, key, &["update-ref", "HEAD", &made]);
}

fn refusal(application: &Application) -> Option<String> {
    let conditions = application.status.as_ref()?.conditions.as_ref()?;
    let error = conditions.iter().find(|condition| condition.condition_type.as_str() == "ComparisonError")?;
    Some(error.message.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_signed_is_not_deployed() {
    let Some(signing) = Signing::new() else { return };
    let options = OperatorOptions { poll: SignedDuration::from_millis(100), ..OperatorOptions::default() };
    let apply = Verb::Apply { force: true };
    let ann = signing.fingerprint("ann");
    let objects = [(project(&ann), "somebody", apply), (signing.signers(&["ann"]), "somebody", apply)];
    let mut bench = Bench::with(options, &objects).await;
    let says = |words: &'static str| move |found: &Application| refusal(found).is_some_and(|text| text.contains(words));
    bench.until("a refusal", says("GIT/GPG: Failed verifying revision")).await;
    assert!(refusal(&bench.application().await).unwrap().ends_with("unsigned (key_id=)"));
    assert_eq!(bench.colour().await, None);
    sign(&signing, bench.repository.path(), "ann");
    bench.has(Some("blue")).await;
    bench.until("no refusal", |found| refusal(found).is_none()).await;
    bench.repository.commit([("app/settings.yaml", super::settings("green").as_str())]).unwrap();
    sign(&signing, bench.repository.path(), "bob");
    bench.until("another refusal", says("signed with key not in keyring")).await;
    assert_eq!(bench.colour().await.as_deref(), Some("blue"));
    sign(&signing, bench.repository.path(), "ann");
    bench.has(Some("green")).await;
    bench.end().await;
}
