//! Another controller at an Application: two that write its status and its objects would undo each other's work, so that this
//! one stands back until it is told to take over.
//!
//! Who wrote an Application's status last is known by who owns `status.reconciledAt` among its managed fields. Argo CD's
//! application controller writes that at least every few minutes for as long as it runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gitops_core::annotations::TAKE_OVER;
use gitops_core::api::{Application, ApplicationConditionType, Time};
use gitops_core::{Cluster, Object, Timestamp};
use jiff::SignedDuration;
use serde_json::Value;

use super::queue::Key;
use crate::FIELD_MANAGER;
use crate::applications::{ApplicationError, Applications, reference};
use crate::engine::Engine;
use crate::status;

/// The condition of an Application that another controller works at.
pub(super) const CONDITION: &str = "OtherControllerError";

/// For how long after its last write another controller is believed to be at work: Argo CD compares every Application at least
/// every three minutes.
const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// What is known of other controllers.
pub(super) struct Rivals {
    /// Whether every Application is taken over.
    takes_over: bool,
    /// The cluster that keeps the Applications, with who owns their fields; none where the engine's own tells that.
    direct: Option<Arc<dyn Cluster>>,
    /// The last looks that were this operator's own, of which nobody has to be asked; none where it stands back.
    own: Mutex<HashMap<Key, Option<Time>>>,
}

/// Another controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rival {
    /// The field manager that it writes under.
    manager: String,
    /// When it did so last.
    wrote: Timestamp,
}

impl Rivals {
    pub(super) fn new(takes_over: bool, direct: Option<Arc<dyn Cluster>>) -> Self {
        Self { takes_over, direct, own: Mutex::default() }
    }

    /// Another controller that wrote to an Application lately, and is not to be taken over from.
    pub(super) async fn find(
        &self,
        engine: &Engine,
        key: &Key,
        application: &Application,
    ) -> Result<Option<Rival>, ApplicationError> {
        let Some(reconciled) = application.status.as_ref().and_then(|status| status.reconciled_at) else {
            return Ok(None);
        };
        if self.takes_over || application.metadata.annotation(TAKE_OVER) == Some("true") {
            self.forget(key);
            return Ok(None);
        }
        if self.known().get(key) == Some(&Some(reconciled)) {
            return Ok(None);
        }
        // What a cluster remembers of Applications may be without who owns their fields.
        let cluster = self.direct.as_ref().unwrap_or(&engine.cluster);
        let target = reference(&key.namespace, &key.name);
        let read = cluster.get(&target).await;
        let read = read.map_err(|source| ApplicationError::Cluster { name: key.name.clone(), source })?;
        let found = read
            .as_ref()
            .and_then(last_writer)
            .filter(|rival| rival.manager != FIELD_MANAGER && engine.clock.now().duration_since(rival.wrote) < RECENT);
        self.known().insert(key.clone(), found.is_none().then_some(reconciled));
        Ok(found)
    }

    /// Notes a change of an Application that came while this operator was at work at it: it is its own, or asked about at the next.
    pub(super) fn note(&self, key: &Key, before: Option<&Application>, after: &Application) {
        let reconciled = |one: &Application| one.status.as_ref().and_then(|status| status.reconciled_at);
        let now = reconciled(after);
        let mut known = self.known();
        if now.is_some() && before.is_some_and(|before| reconciled(before) != now) && known.get(key) != Some(&None) {
            known.insert(key.clone(), now);
        }
    }

    /// Notes that this operator wrote an Application's status at a time.
    pub(super) fn wrote(&self, key: &Key, at: Timestamp) {
        let mut known = self.known();
        // Statuses are to the second.
        if known.get(key) != Some(&None) {
            known.insert(key.clone(), Timestamp::from_second(at.as_second()).ok().map(Time));
        }
    }

    pub(super) fn forget(&self, key: &Key) {
        self.known().remove(key);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Option<Time>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rival {
    /// When it is looked at again whether it still works.
    pub(super) fn until(&self) -> Timestamp {
        self.wrote.checked_add(RECENT).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn words(&self) -> String {
        format!(
            "`{}` works at this Application too, and nothing is done here: end that controller, or take over at once with the \
             annotation `{TAKE_OVER}: \"true\"`",
            self.manager
        )
    }

    /// Says so in the Application's conditions, and nothing else; whether they did not say it yet.
    pub(super) async fn tell(
        &self,
        applications: &Applications<'_>,
        application: &Application,
        now: Timestamp,
    ) -> Result<bool, ApplicationError> {
        let before = application.status.as_ref();
        let known = before.and_then(|status| status.conditions.clone()).unwrap_or_default();
        if known.iter().any(|one| one.condition_type.as_str() == CONDITION && one.message == self.words()) {
            return Ok(false);
        }
        let mut told = application.clone();
        let others = known.iter().filter(|one| one.condition_type.as_str() != CONDITION);
        let mut wanted: Vec<(ApplicationConditionType, String)> =
            others.map(|one| (one.condition_type.clone(), one.message.clone())).collect();
        wanted.push((CONDITION.into(), self.words()));
        told.status.get_or_insert_default().conditions = status::conditions(Some(&known), &wanted, now);
        applications.set_conditions(&told).await?;
        Ok(true)
    }
}

/// Who wrote `status.reconciledAt` last, and when.
fn last_writer(object: &Object) -> Option<Rival> {
    let entries = object.get(&["metadata", "managedFields"])?.as_array()?;
    let owns = |entry: &&Value| entry.pointer("/fieldsV1/f:status/f:reconciledAt").is_some();
    let newest = entries.iter().filter(owns).max_by_key(|entry| entry["time"].as_str().map(str::to_owned))?;
    Some(Rival { manager: newest["manager"].as_str()?.to_owned(), wrote: newest["time"].as_str()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_owns_the_time_of_the_last_look_made_it() {
        let entry = |manager: &str, time: &str, field: &str| {
            json!({"manager": manager, "operation": "Update", "time": time, "apiVersion": "argoproj.io/v1alpha1",
                   "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {".": {}, field: {}}}})
        };
        let with = |entries: Value| {
            let metadata = json!({"name": "web", "namespace": "argocd", "managedFields": entries});
            last_writer(
                &Object::from_value(json!({"apiVersion": "v1", "kind": "Application", "metadata": metadata})).unwrap(),
            )
        };
        let controller = entry("argocd-application-controller", "2026-01-02T03:04:05Z", "f:reconciledAt");
        let tool = entry("kubectl", "2026-01-02T04:00:00Z", "f:health");
        let rival = with(json!([tool, controller])).unwrap();
        assert_eq!(
            (rival.manager.as_str(), rival.wrote.to_string().as_str()),
            ("argocd-application-controller", "2026-01-02T03:04:05Z")
        );
        assert_eq!(with(json!([tool])), None);
    }
}
