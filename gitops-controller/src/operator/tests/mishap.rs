//! A part that panics, behind the seam that it stands behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gitops_core::api::Application;
use jiff::SignedDuration;
use serde_json::json;

use super::Bench;
use crate::applications::Applications;
use crate::audit::{AuditError, FileJournal, Journal, Record};
use crate::operator::OperatorOptions;

/// An audit trail that panics before anything is written.
struct Broken {
    inner: FileJournal,
    is_broken: AtomicBool,
    panics: AtomicUsize,
}

impl Journal for Broken {
    fn ready(&self) -> Result<(), AuditError> {
        if self.is_broken.load(Ordering::SeqCst) {
            self.panics.fetch_add(1, Ordering::SeqCst);
            panic!("the secret of a library");
        }
        self.inner.ready()
    }

    fn append(&self, record: &Record) -> Result<(), AuditError> {
        self.inner.append(record)
    }

    fn read(&self, application: Option<&str>) -> Result<Vec<Record>, AuditError> {
        self.inner.read(application)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_of_one_look_at_one_application() {
    let place = tempfile::tempdir().unwrap();
    let inner = FileJournal::new(place.path().join("audit.jsonl"));
    let journal = Arc::new(Broken { inner, is_broken: AtomicBool::new(true), panics: AtomicUsize::new(0) });
    let options = OperatorOptions { poll: SignedDuration::from_hours(1), ..OperatorOptions::default() };
    let bench = Bench::recording(options, &[], place, Arc::clone(&journal) as Arc<dyn Journal>).await;
    let words = |application: &Application| {
        let conditions = application.status.iter().flat_map(|status| status.conditions.iter().flatten());
        conditions.map(|one| format!("{}: {}", one.condition_type.as_str(), one.message)).collect::<String>()
    };
    bench.until("told", |application| words(application).starts_with("UnknownError: internal error")).await;
    assert!(!words(&bench.application().await).contains("secret"), "what a panic says may be anything");

    // One that writes nothing.
    let other = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "other", "namespace": "argocd"},
        "spec": {
            "project": "default", "source": {"repoURL": bench.repository.url(), "path": "app", "targetRevision": "HEAD"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "elsewhere"},
        },
    });
    bench.write(other).await;
    let applications = Applications::of(bench.cluster.as_ref());
    for round in 0.. {
        let other = applications.get("argocd", "other").await.unwrap();
        if other.status.is_some_and(|status| status.sync.is_some()) {
            break;
        }
        assert!(round < 1_500, "the other one waits for it");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    // Again and again, until it ends well.
    for round in 0.. {
        if journal.panics.load(Ordering::SeqCst) > 1 {
            break;
        }
        assert!(round < 1_500, "it is not looked at again");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    journal.is_broken.store(false, Ordering::SeqCst);
    let ended = |application: &Application| {
        let status = application.status.as_ref();
        let state = status.and_then(|status| status.operation_state.as_ref());
        words(application).is_empty() && state.is_some_and(|state| state.phase.as_str() == "Succeeded")
    };
    bench.until("ended", ended).await;
    bench.has(Some("blue")).await;
    bench.end().await;
}
