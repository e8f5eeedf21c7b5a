//! An ApplicationSet as the operator reads it.

use std::sync::Arc;

use gitops_core::annotations::APPLICATION_SET_REFRESH;
use gitops_core::api::{
    API_VERSION, APPLICATION_SET_KIND, ApplicationSetDeletionOrder, ApplicationSetRolloutStep, ApplicationSetStatus,
    ApplicationSetStrategy, ApplicationSetStrategyType, ApplicationSource, ObjectMeta,
};
use gitops_core::{GroupVersionKind, Object, ObjectId, ObjectRef, Value};
use jiff::SignedDuration;
use thiserror::Error;

use super::super::queue::Key;
use crate::appset::{Definition, DefinitionError};
use crate::webhook::Told;

/// How long Argo CD lets the answers of services count where a generator does not say.
const OF_SERVICES: SignedDuration = SignedDuration::from_mins(30);

/// A set at one version.
#[derive(Debug)]
pub(in crate::operator) struct Set {
    pub(super) definition: Definition,
    pub(super) metadata: ObjectMeta,
    pub(super) status: ApplicationSetStatus,
    pub(super) strategy: ApplicationSetStrategy,
    spec: Value,
}

/// Why an object cannot be read as a set.
#[derive(Debug, Error)]
pub(super) enum SetError {
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    #[error("{part} cannot be read")]
    Part {
        part: &'static str,
        #[source]
        source: serde_json::Error,
    },
}

impl Set {
    pub(super) fn read(object: &Object) -> Result<Self, SetError> {
        let body = Value::Object(object.body().clone());
        let definition = Definition::read(&body, object.namespace().unwrap_or_default())?;
        Ok(Self {
            definition,
            metadata: part(&body, "/metadata", "metadata")?,
            status: part(&body, "/status", "status")?,
            strategy: part(&body, "/spec/strategy", "spec.strategy")?,
            spec: body.get("spec").cloned().unwrap_or_default(),
        })
    }

    pub(super) fn key(&self) -> Key {
        Key::new(self.definition.namespace.as_str(), self.definition.name.as_str())
    }

    /// Whether another version of a set is one to look at: the set's status changes with looks, and only a rollout goes on by
    /// what it noted there.
    pub(super) fn asks(before: &Self, after: &Self) -> bool {
        let (old, new) = (&before.metadata, &after.metadata);
        before.spec != after.spec
            || old.labels != new.labels
            || old.finalizers != new.finalizers
            || old.deletion_timestamp.is_some() != new.deletion_timestamp.is_some()
            || old.annotations != new.annotations
                && (new.annotation(APPLICATION_SET_REFRESH).is_some()
                    || old.annotation(APPLICATION_SET_REFRESH).is_none())
            || after.rolls() && before.status.application_status != after.status.application_status
    }

    /// Whether generators are to be asked anew for another version of a set.
    pub(super) fn asks_anew(before: &Self, after: &Self) -> bool {
        let request = |set: &Self| set.metadata.annotation(APPLICATION_SET_REFRESH).map(str::to_owned);
        before.spec != after.spec || request(after).is_some() && request(before) != request(after)
    }

    /// Whether its Applications are synced in steps.
    pub(super) fn rolls(&self) -> bool {
        self.strategy.strategy_type == Some(ApplicationSetStrategyType::RollingSync)
            && self.strategy.rolling_sync.is_some()
    }

    /// The steps, where its Applications are synced in such.
    pub(super) fn steps(&self) -> &[ApplicationSetRolloutStep] {
        let steps = self.strategy.rolling_sync.as_ref().filter(|_| self.rolls()).and_then(|sync| sync.steps.as_ref());
        steps.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether its Applications are deleted in the reverse order of its steps.
    pub(super) fn is_deleted_in_reverse(&self) -> bool {
        let reverse = ApplicationSetDeletionOrder::Reverse.as_str();
        let order = self.strategy.deletion_order.as_ref();
        !self.steps().is_empty() && order.is_some_and(|order| order.as_str().eq_ignore_ascii_case(reverse))
    }

    /// How long the answers of its generators count; without end where none asks anybody outside of the cluster. `usual` is for
    /// Git and for decisions about clusters.
    pub(super) fn period(&self, usual: SignedDuration) -> Option<SignedDuration> {
        let mut shortest: Option<SignedDuration> = None;
        each(&self.definition.generators, &mut |name, generator| {
            let own = generator.get("requeueAfterSeconds").and_then(Value::as_i64).map(SignedDuration::from_secs);
            let period = match name {
                "git" | "clusterDecisionResource" => own.unwrap_or(usual),
                "scmProvider" | "pullRequest" | "plugin" => own.unwrap_or(OF_SERVICES),
                _ => return,
            };
            if period > SignedDuration::ZERO {
                shortest = Some(shortest.map_or(period, |before| before.min(period)));
            }
        });
        shortest
    }

    /// Whether what it makes depends on which clusters are known.
    pub(super) fn needs_clusters(&self) -> bool {
        let mut needs = false;
        each(&self.definition.generators, &mut |name, _| {
            needs |= matches!(name, "clusters" | "clusterDecisionResource");
        });
        needs
    }

    /// Whether its generators may answer something else since a Git server told of something. A plugin may look at anything.
    pub(super) fn concerned(&self, told: &Told) -> bool {
        let mut concerned = false;
        each(&self.definition.generators, &mut |name, generator| match name {
            "git" => {
                let text = |field: &str| generator.get(field).and_then(Value::as_str).unwrap_or_default();
                let mut source = ApplicationSource::new(text("repoURL"));
                source.target_revision = Some(text("revision").to_owned());
                // What a template names is not known before it is filled in.
                concerned |= text("repoURL").contains("{{") || told.pushes.iter().any(|push| push.concerns(&source));
            }
            "pullRequest" => {
                let generator = serde_json::from_value(generator.clone()).ok();
                concerned |=
                    told.pull_request.as_ref().zip(generator).is_some_and(|(one, generator)| one.concerns(&generator));
            }
            "plugin" => concerned = true,
            _ => {}
        });
        concerned
    }
}

/// Where a set is.
pub(super) fn reference(key: &Key) -> ObjectRef {
    let gvk = kind();
    ObjectId::new(gvk.group, gvk.kind, Some(&key.namespace), &key.name).at_version(gvk.version)
}

pub(super) fn kind() -> GroupVersionKind {
    GroupVersionKind::from_api_version(API_VERSION, APPLICATION_SET_KIND)
}

/// Shared, since looks and the loop hold it.
pub(super) type Shared = Arc<Set>;

fn part<T: serde::de::DeserializeOwned + Default>(
    body: &Value,
    pointer: &str,
    part: &'static str,
) -> Result<T, SetError> {
    match body.pointer(pointer) {
        None | Some(Value::Null) => Ok(T::default()),
        Some(value) => serde_json::from_value(value.clone()).map_err(|source| SetError::Part { part, source }),
    }
}

/// Every generator by its name, those inside of others included.
fn each(generators: &[Value], tell: &mut impl FnMut(&str, &Value)) {
    for (name, generator) in generators.iter().filter_map(Value::as_object).flatten() {
        tell(name, generator);
        if let ("matrix" | "merge", Some(inside)) =
            (name.as_str(), generator.get("generators").and_then(Value::as_array))
        {
            inside_of(inside, tell);
        }
    }
}

/// The same for generators inside of one. A function of its own, so that the type of `tell` does not grow with the depth.
fn inside_of(generators: &[Value], tell: &mut dyn FnMut(&str, &Value)) {
    each(generators, &mut |name, generator| tell(name, generator));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::webhook::Push;

    fn set(spec: Value) -> Set {
        let object = json!({
            "apiVersion": API_VERSION, "kind": APPLICATION_SET_KIND,
            "metadata": {"name": "set", "namespace": "argocd"}, "spec": spec,
        });
        Set::read(&Object::from_value(object).unwrap()).unwrap()
    }

    fn git(more: Value) -> Value {
        let mut git = json!({"repoURL": "https://git.example/team/apps.git", "revision": "main"});
        more.as_object().unwrap().iter().for_each(|(key, value)| git[key] = value.clone());
        json!({ "git": git })
    }

    #[test]
    fn the_shortest_period_of_all_generators_counts() {
        let seconds = |generators: Value| {
            let period = set(json!({"generators": generators})).period(SignedDuration::from_mins(3));
            period.map(|period| period.as_secs())
        };
        assert_eq!(seconds(json!([{"list": {"elements": []}}, {"clusters": {}}])), None);
        assert_eq!(seconds(json!([git(json!({})), {"plugin": {"configMapRef": {"name": "p"}}}])), Some(180));
        let inside = json!([{"matrix": {"generators": [{"clusters": {}}, git(json!({"requeueAfterSeconds": 20}))]}}]);
        assert_eq!(seconds(inside), Some(20));
        assert_eq!(seconds(json!([git(json!({"requeueAfterSeconds": 0}))])), None);
    }

    #[test]
    fn a_push_concerns_the_generators_of_its_repository() {
        let addresses = ["https://git.example/team/apps".to_owned()].into();
        let mut push = Push { addresses, revision: "main".into(), moves_head: true };
        let concerned = |push: &Push, generators: Value| {
            let told = Told { pushes: vec![push.clone()], paths: Default::default(), pull_request: None };
            set(json!({"generators": generators})).concerned(&told)
        };
        let inside = json!([{"matrix": {"generators": [{"clusters": {}}, git(json!({}))]}}]);
        assert!(concerned(&push, json!([git(json!({}))])) && concerned(&push, inside));
        assert!(!concerned(&push, json!([git(json!({"revision": "v1"}))])));
        assert!(!concerned(&push, json!([{"list": {"elements": []}}])));
        push.addresses = ["https://git.example/other".to_owned()].into();
        assert!(!concerned(&push, json!([git(json!({}))])));
    }
}
