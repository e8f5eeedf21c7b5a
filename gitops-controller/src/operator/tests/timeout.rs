//! Operations that have a time.

use std::sync::Arc;
use std::time::Duration;

use gitops_core::ObjectId;
use gitops_core::api::Application;
use gitops_core::cluster::Verb;
use gitops_fixtures::TestRepository;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Bench, settings};
use crate::audit::FileJournal;
use crate::conduct::Conduct;
use crate::operator::OperatorOptions;

/// A hook before the sync that never ends.
const HOOK: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: wait\n  annotations: {argocd.argoproj.io/hook: PreSync, gitops.engine/simulate: hang}\nspec:\n  template:\n    spec: {restartPolicy: Never, containers: [{name: a, image: a}]}\n";
const ENDED: &str = "Operation terminated, triggered by controller sync timeout";

/// A bench whose first sync would never end, and may take so long; `status` is in the status before.
async fn bench(seconds: i64, status: Value) -> Bench {
    let place = tempfile::tempdir().unwrap();
    let journal = Arc::new(FileJournal::new(place.path().join("audit.jsonl")));
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("app/settings.yaml", settings("blue").as_str()), ("app/hook.yaml", HOOK)]).unwrap();
    let options = OperatorOptions { poll: SignedDuration::from_millis(100), ..OperatorOptions::default() };
    let conduct = Conduct { sync_timeout: Some(SignedDuration::from_secs(seconds)), ..Conduct::default() };
    let application = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "web", "namespace": "argocd"},
        "status": status,
    });
    let objects = [(application, "gitops-engine", Verb::MergePatch)];
    Bench::over(repository, options, &objects, (place, journal), conduct).await
}

fn state(application: &Application) -> Value {
    let status = application.status.as_ref().and_then(|status| status.operation_state.as_ref());
    serde_json::to_value(status).unwrap()
}

async fn has_hook(bench: &Bench) -> bool {
    let id = ObjectId::new("batch", "Job", Some("shop"), "wait").at_version("v1");
    bench.cluster.get(&id).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_ends_with_its_time_and_is_not_begun_again() {
    let mut bench = bench(3, json!({})).await;
    bench.until("running", |application| state(application)["phase"] == "Running").await;
    while !has_hook(&bench).await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bench.until("ended", |application| state(application)["phase"] == "Failed").await;
    let ended = state(&bench.application().await);
    assert_eq!(ended["message"], ENDED);
    assert!(ended.get("retryCount").is_none(), "{ended}");
    assert!(!has_hook(&bench).await, "a hook that ran is ended");
    assert_eq!(bench.colour().await, None, "nothing is written after it");
    let told = |application: &Application| {
        let conditions = application.status.iter().flat_map(|status| status.conditions.iter().flatten());
        conditions.into_iter().any(|one| one.condition_type.as_str() == "SyncError" && one.message.contains(ENDED))
    };
    bench.until("told", told).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(state(&bench.application().await)["startedAt"], ended["startedAt"], "it is not tried again by itself");
    assert!(!has_hook(&bench).await);

    // Another commit is another sync.
    bench.repository.commit([("app/hook.yaml", "")]).unwrap();
    bench.has(Some("blue")).await;
    bench.until("synced", |application| state(application)["phase"] == "Succeeded").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_counts_from_the_first_attempt_and_while_the_next_one_is_waited_for() {
    let now = gitops_core::Timestamp::now();
    let operation = json!({
        "initiatedBy": {"username": "somebody"}, "sync": {"syncOptions": ["CreateNamespace=true"]},
        "retry": {"limit": 5, "backoff": {"duration": "1h"}},
    });
    let running = json!({"operationState": {
        "phase": "Running", "message": "no. Retrying attempt #1 at 3:04AM.", "retryCount": 1, "operation": operation,
        "startedAt": now.to_string(), "finishedAt": now.to_string(),
    }});
    let bench = bench(2, running).await;
    bench.until("ended", |application| state(application)["phase"] == "Failed").await;
    let ended = state(&bench.application().await);
    assert_eq!(ended["message"], format!("{ENDED} (retried 1 times)."));
    assert_eq!((has_hook(&bench).await, bench.colour().await), (false, None), "nothing of another attempt is begun");
    bench.end().await;
}
