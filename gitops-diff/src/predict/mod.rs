//! The live object as it is, and as it would be after a sync, both in Argo CD's normal form: what its API calls the
//! normalized and the predicted live state, and whether they differ (Argo CD 3.6.1, `gitops-engine/pkg/diff`).
//!
//! What an Application differs in is told by [`crate::diff()`], which needs neither state.
//!
//! The states hold a Secret's payload: who shows them hides it first.

mod apply;
pub(crate) mod form;
mod webhook;

use gitops_core::annotations::{INSTANCE_LABEL, LAST_APPLIED, TRACKING_ID};
use gitops_core::{Map, Value};
use gitops_merge::schema::{Kind, Kinds};
use thiserror::Error;

use crate::normalize::trusted::drop_trusted;
use crate::normalize::{IgnoreRules, KnownTypes, Mismatch};
use crate::shape::kind_by;

/// What a prediction is told beside the two objects.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Prediction<'a> {
    /// Types of fields.
    pub kinds: &'a Kinds,
    /// The differences that do not count.
    pub ignore: &'a IgnoreRules,
    /// Fields of custom resources that hold built-in types.
    pub known: &'a KnownTypes,
    /// Whether the rules of an aggregated ClusterRole are left out.
    pub ignore_aggregated_rules: bool,
    /// What the server answered to a dry run, where it was asked.
    pub dry_run: Option<&'a Value>,
    /// Whether what webhooks change counts. Only seen with `dry_run`.
    pub webhook_changes: bool,
    /// The field manager of the sync.
    pub manager: &'a str,
    /// The rules of the desired object's own annotation.
    own: Option<&'a IgnoreRules>,
}

impl<'a> Prediction<'a> {
    /// A prediction that asks no server.
    pub fn new(kinds: &'a Kinds, ignore: &'a IgnoreRules, known: &'a KnownTypes, manager: &'a str) -> Self {
        Self {
            kinds,
            ignore,
            known,
            ignore_aggregated_rules: false,
            dry_run: None,
            webhook_changes: false,
            manager,
            own: None,
        }
    }
}

/// What is and what would be.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// Whether they differ.
    pub modified: bool,
    /// The live object; null where there is none.
    pub normalized_live: Value,
    /// The live object after a sync; null where nothing is desired.
    pub predicted_live: Value,
}

/// Why there is no prediction.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PredictError {
    /// Neither is there.
    #[error("there is neither a desired nor a live object")]
    Nothing,
    /// The objects do not fit their type.
    #[error("the objects do not merge: {0}")]
    Merge(String),
    /// The server's answer does not say which fields the sync owns.
    #[error("the dry run names no fields of the manager `{0}`")]
    NoManager(String),
}

/// Predicts what a sync would make of a live object.
///
/// # Errors
/// Where there is nothing to compare, or the two objects do not fit their type.
pub fn predict(desired: Option<&Map>, live: Option<&Map>, with: &Prediction<'_>) -> Result<Predicted, PredictError> {
    let own = desired.and_then(IgnoreRules::own);
    let with = &Prediction { own: own.as_ref(), ..*with };
    let (mut desired, mut live) = match (desired, live) {
        (None, None) => return Err(PredictError::Nothing),
        (Some(desired), None) => {
            let predicted_live = Value::Object(with.normal_form(desired, with.is_local()));
            return Ok(Predicted { modified: true, normalized_live: Value::Null, predicted_live });
        }
        (None, Some(live)) => {
            let normalized_live = Value::Object(with.normal_form(live, with.is_local()));
            return Ok(Predicted { modified: false, normalized_live, predicted_live: Value::Null });
        }
        (Some(desired), Some(live)) => (desired.clone(), live.clone()),
    };
    track(&desired, &mut live);
    let rules = std::iter::once(with.ignore).chain(with.own);
    let managers: Vec<String> = rules.flat_map(|rules| rules.managers_for(&desired)).collect();
    drop_trusted(&mut desired, &mut live, &managers, Some(with.kinds));
    let mut desired = with.normal_form(&desired, with.is_local());
    let live = with.normal_form(&live, with.is_local());
    if let Some(dry_run) = with.dry_run {
        return on_server(dry_run, live, with);
    }
    let original = text(&live, &["metadata", "annotations", LAST_APPLIED]);
    let mut original: Option<Map> = original.and_then(|text| serde_json::from_str(text).ok());
    if let Some(original) = &mut original {
        with.normalize(original, true);
    }
    form::without_place(&mut desired);
    let three_way = original.map(|mut original| {
        form::without_place(&mut original);
        apply::client_side(&original, &desired, &live, with)
    });
    match three_way {
        Some(Ok(predicted)) => Ok(predicted),
        // A last-applied object that does not fit its type is as good as none.
        _ => apply::client_side(&desired, &desired, &live, with),
    }
}

/// Takes the differences that do not count out of an object, and writes its known fields canonically: the part of the
/// normal form that settings decide.
///
/// # Errors
/// Where a known field has a value of another type.
pub fn normalize(object: &mut Map, with: &Prediction<'_>) -> Result<(), Mismatch> {
    with.by_settings(object)
}

fn on_server(dry_run: &Value, live: Map, with: &Prediction<'_>) -> Result<Predicted, PredictError> {
    let mut predicted = dry_run.as_object().cloned().unwrap_or_default();
    if !with.webhook_changes {
        predicted = webhook::without_changes(&predicted, &live, with)?;
    }
    let mut predicted = with.normal_form(&predicted, true);
    let mut live = live;
    with.normalize(&mut live, true);
    for side in [&mut predicted, &mut live] {
        form::remove(side, &["metadata", "managedFields"]);
        form::remove(side, &["metadata", "resourceVersion"]);
        form::remove(side, &["metadata", "generation"]);
        form::remove(side, &["metadata", "annotations", LAST_APPLIED]);
    }
    Ok(compared(live, predicted))
}

fn compared(live: Map, predicted: Map) -> Predicted {
    let (normalized_live, predicted_live) = (Value::Object(live), Value::Object(predicted));
    Predicted { modified: normalized_live != predicted_live, normalized_live, predicted_live }
}

/// A live object that carries the label of an application and no tracking annotation was synced by label: it gets the
/// annotation that is desired, and loses a label that is not.
fn track(desired: &Map, live: &mut Map) {
    let label = ["metadata", "labels", INSTANCE_LABEL];
    let mark = ["metadata", "annotations", TRACKING_ID];
    let is_definition = text(live, &["kind"]) == Some("CustomResourceDefinition");
    if text(live, &label).unwrap_or_default().is_empty() || is_definition {
        return;
    }
    if text(live, &mark).unwrap_or_default().is_empty() {
        let wanted = text(desired, &mark).unwrap_or_default().to_owned();
        form::set(live, &mark, wanted.into());
    }
    if text(desired, &label).unwrap_or_default().is_empty() {
        form::remove(live, &label);
    }
}

impl<'a> Prediction<'a> {
    fn is_local(&self) -> bool {
        self.dry_run.is_none()
    }

    /// The built-in kind of an object.
    fn builtin(&self, object: &Map) -> Option<&'a Kind> {
        let (api_version, kind) = (text(object, &["apiVersion"])?, text(object, &["kind"])?);
        let kind = kind_by(self.kinds, api_version, kind).filter(|kind| !kind.is_custom())?;
        Some(kind)
    }

    /// An object as Go's types write it, normalized; `full` with the rules and the known types.
    fn normal_form(&self, object: &Map, full: bool) -> Map {
        let mut object = form::typed(object, self.builtin(object));
        self.normalize(&mut object, full);
        object
    }

    fn normalize(&self, object: &mut Map, full: bool) {
        form::remove(object, &["metadata", "creationTimestamp"]);
        form::by_kind(object, self);
        if full {
            // A known field of another type is compared as it is, as in Argo CD.
            self.by_settings(object).ok();
        }
    }

    fn by_settings(&self, object: &mut Map) -> Result<(), Mismatch> {
        for rules in std::iter::once(self.ignore).chain(self.own) {
            rules.remove_from(object);
        }
        let api_version = text(object, &["apiVersion"]).unwrap_or_default();
        let group = api_version.split_once('/').map_or("", |(group, _)| group).to_owned();
        let kind = text(object, &["kind"]).unwrap_or_default().to_owned();
        self.known.normalize(&group, &kind, object, self.kinds)
    }
}

/// The text at a path of keys.
fn text<'m>(object: &'m Map, path: &[&str]) -> Option<&'m str> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(*first)?, |value, key| value.get(*key))?.as_str()
}
