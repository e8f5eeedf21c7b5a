//! What the operator did, as Kubernetes Events of an Application, in Argo CD's words (util/argo/audit_logger.go, v3.5).

use gitops_core::api::{API_VERSION, APPLICATION_KIND, Application};
use gitops_core::cluster::{Cluster, Verb, Write};
use gitops_core::{Object, Timestamp};
use serde_json::json;

use super::event::Event;
use crate::FIELD_MANAGER;

/// Who tells.
const COMPONENT: &str = "gitops-controller";

/// Reason, type and words.
type Words = (&'static str, &'static str, String);

/// The Kubernetes Event that says what happened to an Application; none where it says nothing there.
pub(super) fn notice(event: &Event, application: &Application, now: Timestamp) -> Option<Object> {
    let (reason, kind, message) = words(event)?;
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let metadata = &application.metadata;
    let name = format!("{}.{:x}", application.name(), now.as_nanosecond());
    let body = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": metadata.namespace()},
        "involvedObject": {
            "apiVersion": API_VERSION, "kind": APPLICATION_KIND, "name": application.name(),
            "namespace": metadata.namespace(), "uid": metadata.uid, "resourceVersion": metadata.resource_version,
        },
        "reason": reason, "type": kind, "message": message, "count": 1,
        "firstTimestamp": time, "lastTimestamp": time, "source": {"component": COMPONENT},
    });
    Object::from_value(body).ok()
}

fn words(event: &Event) -> Option<Words> {
    match event {
        Event::Syncing { initiator, revision: Some(revision), .. } => {
            Some(("OperationStarted", "Normal", format!("Initiated {initiator} sync to '{revision}'")))
        }
        Event::Synced { revision, phase, message, partial, .. } => {
            let sync = if *partial { "Partial sync" } else { "Sync" };
            let (kind, end) = match phase.as_str() {
                "Succeeded" => ("Normal", "succeeded".to_owned()),
                _ => ("Warning", format!("failed: {message}")),
            };
            Some(("OperationCompleted", kind, format!("{sync} operation to {revision} {end}")))
        }
        _ => None,
    }
}

/// Writes it. That it was told is worth less than what was done: where it cannot be, nothing else fails.
pub(super) async fn tell(cluster: &dyn Cluster, notice: &Object) {
    let _ = cluster.write(Write::new(notice, Verb::Create, FIELD_MANAGER)).await;
}

#[cfg(test)]
mod tests {
    use super::super::queue::Key;
    use super::*;

    #[test]
    fn syncs_are_told_in_argo_cds_words() {
        let application = Application::new("web", Some("argocd".into()));
        let key = Key::new("argocd", "web");
        let words = |event: &Event| {
            let notice = notice(event, &application, Timestamp::UNIX_EPOCH);
            notice.map(|one| ["reason", "type", "message"].map(|field| one.text(&[field]).unwrap().to_owned()))
        };
        let begun =
            Event::Syncing { application: key.clone(), initiator: "automated".into(), revision: Some("abc".into()) };
        assert_eq!(words(&begun).unwrap(), ["OperationStarted", "Normal", "Initiated automated sync to 'abc'"]);
        let ended = |phase: &str, partial| Event::Synced {
            application: key.clone(),
            revision: "abc".into(),
            phase: phase.into(),
            message: "no".into(),
            partial,
            writes: 1,
        };
        let succeeded = words(&ended("Succeeded", true)).unwrap();
        assert_eq!(succeeded, ["OperationCompleted", "Normal", "Partial sync operation to abc succeeded"]);
        let failed = words(&ended("Failed", false)).unwrap();
        assert_eq!(failed, ["OperationCompleted", "Warning", "Sync operation to abc failed: no"]);
        assert_eq!(words(&Event::Deleted { application: key.clone() }), None);
    }
}
