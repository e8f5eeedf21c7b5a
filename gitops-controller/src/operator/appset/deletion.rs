//! The end of an ApplicationSet. Its Applications go with it by their owner, unless its policy keeps them, and step by step
//! where that is asked for (applicationset/controllers and progressivesync, Argo CD v3.5).

use std::sync::Arc;

use gitops_core::annotations::RESOURCES_FINALIZER;
use gitops_core::api::{APPLICATION_SET_KIND, Application, ApplicationsSyncPolicy};
use jiff::SignedDuration;
use serde_json::json;

use super::look::{SetLook, SetLookError};
use super::rollout::step_of;
use super::set::{Set, reference};
use super::write;
use crate::appset::Definition;
use crate::engine::Engine;

/// How long after an Application was asked to go it is looked at again, where nothing tells of its end.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// Does what is due before a set that is deleted may go, and lets it go.
pub(super) async fn delete(
    engine: &Engine,
    set: &Set,
    definition: &Definition,
    owned: &[Arc<Application>],
) -> Result<SetLook, SetLookError> {
    let cluster = engine.cluster.as_ref();
    let deletes = matches!(definition.policy, ApplicationsSyncPolicy::Sync | ApplicationsSyncPolicy::CreateDelete);
    if !deletes {
        for application in owned {
            let mut released = Application::clone(application);
            let owners = released.metadata.owner_references.take().into_iter().flatten();
            let others: Vec<_> =
                owners.filter(|one| one.kind != APPLICATION_SET_KIND || one.name != definition.name).collect();
            released.metadata.owner_references = Some(others).filter(|others| !others.is_empty());
            write::update(cluster, application, &released).await?;
        }
    } else if set.is_deleted_in_reverse() {
        let mut last_first: Vec<&Arc<Application>> = owned.iter().collect();
        last_first.sort_by_key(|one| std::cmp::Reverse(step_of(set.steps(), one)));
        if let Some(next) = last_first.first() {
            if next.metadata.deletion_timestamp.is_none() {
                write::delete(cluster, next).await?;
            }
            let again = engine.clock.now().checked_add(PAUSE).ok();
            return Ok(SetLook { again, ..SetLook::default() });
        }
    }
    if set.metadata.has_finalizer(RESOURCES_FINALIZER) {
        let held = set.metadata.finalizers.iter().flatten();
        let left: Vec<&String> = held.filter(|one| *one != RESOURCES_FINALIZER).collect();
        write::patch_set(cluster, &reference(&set.key()), json!({"metadata": {"finalizers": left}}), None).await?;
    }
    Ok(SetLook::default())
}
