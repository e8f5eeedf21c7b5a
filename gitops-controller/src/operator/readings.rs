//! Reading the Applications that a watch tells of. Most of what it tells is that one was looked at again, which says nothing new.

use std::collections::HashMap;
use std::sync::Arc;

use gitops_core::api::Application;
use gitops_core::{Object, Value};
use serde::Deserialize;

use super::queue::Key;
use super::standings::State;

/// How each Application was read last.
#[derive(Default)]
pub(super) struct Readings(HashMap<Key, (Arc<Application>, Arc<State>)>);

impl Readings {
    /// The Application that an object is, without what a status says at length, and its state.
    ///
    /// # Errors
    /// Where a field is of another kind than it should be.
    pub(super) fn read(
        &mut self,
        key: &Key,
        object: &Object,
    ) -> Result<(Arc<Application>, Arc<State>), serde_json::Error> {
        let state = Arc::new(State::of(object));
        let before = self.0.get(key).filter(|(_, before)| before.wanted == state.wanted && before.said == state.said);
        let application = match before {
            Some((before, _)) => looked_at_again(before, object)?,
            None => Application::deserialize(object.body())?,
        };
        let reading = (Arc::new(lightened(application)), state);
        self.0.insert(key.clone(), reading.clone());
        Ok(reading)
    }

    /// An Application is gone.
    pub(super) fn forget(&mut self, key: &Key) {
        self.0.remove(key);
    }
}

/// An Application of which nothing is new but what its state does not say: its metadata, when it was looked at, and at which commit.
fn looked_at_again(before: &Application, object: &Object) -> Result<Application, serde_json::Error> {
    let mut application = before.clone();
    let body = object.body();
    application.metadata = read(body.get("metadata"))?;
    if let Some(status) = &mut application.status {
        let now = body.get("status");
        status.reconciled_at = read(now.and_then(|status| status.get("reconciledAt")))?;
        if let Some(sync) = &mut status.sync {
            let now = now.and_then(|status| status.get("sync"));
            sync.revision = read(now.and_then(|sync| sync.get("revision")))?;
            sync.revisions = read(now.and_then(|sync| sync.get("revisions")))?;
        }
    }
    Ok(application)
}

fn read<'a, T: Deserialize<'a>>(value: Option<&'a Value>) -> Result<T, serde_json::Error> {
    T::deserialize(value.unwrap_or(&Value::Null))
}

/// Takes off what a status says of each object and each revision, and who owns which field: every Application is kept in memory,
/// and a look reads it whole.
fn lightened(mut application: Application) -> Application {
    application.metadata.managed_fields = None;
    let Some(status) = &mut application.status else { return application };
    (status.resources, status.history, status.summary) = (None, None, None);
    if let Some(sync) = &mut status.sync {
        sync.compared_to = None;
    }
    if let Some(result) = status.operation_state.as_mut().and_then(|state| state.sync_result.as_mut()) {
        (result.resources, result.source, result.sources) = (None, None, None);
    }
    application
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(version: u32, change: impl FnOnce(&mut Value)) -> Object {
        let mut value = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "shop", "namespace": "argocd", "uid": "1", "resourceVersion": version.to_string(),
                         "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
            "spec": {"project": "default", "source": {"repoURL": "https://git/shop", "path": "."},
                     "destination": {"namespace": "shop"}},
            "status": {"reconciledAt": "2026-01-01T00:00:00Z", "history": [{"id": 1, "revision": "a", "deployedAt": "2026-01-01T00:00:00Z"}], "health": {"status": "Healthy"},
                       "resources": [{"kind": "ConfigMap", "name": "a"}], "conditions": [],
                       "sync": {"status": "Synced", "revision": "a", "comparedTo": {"destination": {}}}},
        });
        change(&mut value);
        Object::from_value(value).unwrap()
    }

    /// What is read of an Application that was told before is what is read of it where it was not.
    #[test]
    fn a_change_reads_as_the_whole() {
        let key = Key::new("argocd", "shop");
        let changes: [fn(&mut Value); 14] = [
            |_| {},
            |value| value["metadata"]["annotations"] = json!({"argocd.argoproj.io/refresh": "normal"}),
            |value| value["metadata"]["annotations"] = json!({"a": "b"}),
            |value| value["metadata"]["uid"] = "2".into(),
            |value| {
                value["metadata"]["ownerReferences"] =
                    json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "3"}])
            },
            |value| value["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z".into(),
            |value| value["status"]["reconciledAt"] = "2026-01-02T00:00:00Z".into(),
            |value| value["status"]["sync"]["revision"] = "b".into(),
            |value| value["status"]["sync"] = json!({"status": "Synced", "revisions": ["a", "b"]}),
            |value| value["status"]["sync"]["status"] = "OutOfSync".into(),
            |value| value["status"]["health"]["status"] = "Degraded".into(),
            |value| value["status"] = Value::Null,
            |value| value["operation"] = json!({"sync": {"revision": "c"}}),
            |value| value["spec"]["source"]["targetRevision"] = "v2".into(),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut readings = Readings::default();
            readings.read(&key, &told(1, |_| {})).unwrap();
            let object = told(2, change);
            let (application, state) = readings.read(&key, &object).unwrap();
            let whole = lightened(Application::deserialize(object.body()).unwrap());
            assert_eq!(*application, whole, "change {number}");
            assert_eq!(*state, State::of(&object), "change {number}");
        }
    }
}
