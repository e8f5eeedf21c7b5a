//! The steps of a plan, each from what it is about.

use std::collections::BTreeSet;

use gitops_core::cluster::{Precondition, Propagation};
use gitops_core::{Object, ObjectRef};
use gitops_diff::{DiffKind, FIELD_MANAGER, ObjectDiff};

use super::build::Live;
use super::{PlanOptions, Step, StepAction, WriteMethod};
use crate::hook::{self, DeletePolicy};
use crate::prepare::DesiredObject;

/// How an object is written, by the options of the application, the desired object and the live one.
fn write_by(step: &mut Step, desired: &DesiredObject, live: Option<&Object>, options: &PlanOptions) {
    let given = |object: &Object| hook::has_option(object, "Force=true");
    step.method = WriteMethod::of(&desired.object, live, &options.sync_options);
    step.force = options.force || options.sync_options.is_true("Force");
    step.force |= given(&desired.object) || live.is_some_and(given);
    step.unrehearsed = !desired.served;
}

pub(super) fn write_step(
    desired: &DesiredObject,
    live: Option<&Object>,
    diff: &ObjectDiff,
    adopts: bool,
    options: &PlanOptions,
) -> Step {
    let mut step = match live {
        Some(live) if diff.kind != DiffKind::Create => {
            let reasons: BTreeSet<String> = diff.fields.iter().map(|field| field.reason.to_string()).collect();
            let reason = reasons.into_iter().collect::<Vec<_>>().join("; ");
            Step::new(desired.object.reference(), StepAction::Update, seen(live), reason)
        }
        _ => {
            let reason = "in Git, not in the cluster".to_owned();
            Step::new(desired.object.reference(), StepAction::Create, Precondition::Absent, reason)
        }
    };
    if adopts && step.action == StepAction::Update {
        step.adopts = true;
        step.reason = format!("adopted: no application owns it; {}", step.reason);
    }
    step.change.clone_from(&diff.fields);
    write_by(&mut step, desired, live, options);
    if let Some(live) = live.filter(|_| step.method.is_server_side()) {
        step.migrates = gitops_diff::taken_over(live, FIELD_MANAGER, &options.predecessors);
    }
    step
}

pub(super) fn hook_step(desired: &DesiredObject, delete: &[DeletePolicy], live: &Live, options: &PlanOptions) -> Step {
    let mut object = desired.object.reference();
    if object.id.name.is_empty() {
        let prefix = desired.object.text(&["metadata", "generateName"]).unwrap_or_default();
        object.id.name = format!("{prefix}*").into();
    }
    // The same hook, whatever state it is in: it is a run of its own, and is not compared.
    let there = live.get(&object.id);
    let precondition = there
        .and_then(Object::uid)
        .map_or(Precondition::Absent, |uid| Precondition::Live { uid: uid.into(), resource_version: None });
    let mut step = Step::new(object, StepAction::Hook, precondition, "a hook of this sync".into());
    step.hook_deletion = delete.to_vec();
    write_by(&mut step, desired, there, options);
    step.propagation = Some(propagation(options));
    step
}

pub(super) fn prune_step(object: ObjectRef, uid: String, unconfirmed: bool, options: &PlanOptions) -> Step {
    let precondition = Precondition::Live { uid, resource_version: None };
    let mut step = Step::new(object, StepAction::Prune, precondition, "no longer in Git".into());
    step.propagation = Some(propagation(options));
    step.unconfirmed = unconfirmed;
    step
}

/// What becomes of what deleted objects own: Argo CD's sync option `PrunePropagationPolicy`.
fn propagation(options: &PlanOptions) -> Propagation {
    match options.sync_options.value("PrunePropagationPolicy") {
        Some("foreground") => Propagation::Foreground,
        Some("background") => Propagation::Background,
        Some("orphan") => Propagation::Orphan,
        _ => options.propagation,
    }
}

fn seen(live: &Object) -> Precondition {
    let uid = live.uid().unwrap_or_default().into();
    Precondition::Live { uid, resource_version: live.resource_version().map(Into::into) }
}
