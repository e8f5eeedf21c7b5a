//! Several Applications at once: those that others depend on come first.

use std::collections::BTreeMap;

use gitops_apply::order::applications::{ApplicationOrderError, Dependent, stages};
use gitops_core::api::{Application, SyncStatusCode};
use thiserror::Error;

use crate::applications::{ApplicationError, Applications};
use crate::compare::control_namespace;
use crate::engine::Engine;

/// Why Applications are not synced.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OrderError {
    /// Some wait for each other, or for one that there is not.
    #[error("the applications cannot be ordered")]
    Order(#[from] ApplicationOrderError),
    /// One waits for another that is not well and not synced along with it.
    #[error("`{application}` depends on the application `{dependency}`, which {why}")]
    NotReady {
        /// The one that waits.
        application: String,
        /// What it waits for.
        dependency: String,
        /// What keeps that one.
        why: String,
    },
    /// An Application cannot be read.
    #[error(transparent)]
    Application(#[from] ApplicationError),
}

/// An Application and those that it waits for, by its annotations.
pub fn dependent(application: &Application) -> Dependent {
    let annotations = application.metadata.annotations.as_ref();
    let none = BTreeMap::new();
    Dependent::new(control_namespace(application), application.name(), annotations.unwrap_or(&none))
}

impl Engine {
    /// Applications in stages: those of a stage depend only on those of earlier ones. What they depend on beside themselves has to
    /// be in the cluster, synced and healthy.
    ///
    /// # Errors
    /// Where some wait for each other, be it by way of others, or for one that there is not or that is not well.
    pub async fn stages(&self, applications: Vec<Application>) -> Result<Vec<Vec<Application>>, OrderError> {
        let mut asked: BTreeMap<String, Application> = BTreeMap::new();
        for application in applications {
            asked.insert(dependent(&application).application, application);
        }
        let mut known: BTreeMap<String, Dependent> =
            asked.iter().map(|(name, application)| (name.clone(), dependent(application))).collect();
        let mut others: BTreeMap<String, Application> = BTreeMap::new();
        let mut open: Vec<String> = known.values().flat_map(|one| one.after.clone()).collect();
        while let Some(name) = open.pop() {
            if known.contains_key(&name) {
                continue;
            }
            let Some((namespace, short)) = name.split_once('/') else { continue };
            let found = match Applications::of(self.cluster.as_ref()).get(namespace, short).await {
                Err(ApplicationError::NotFound { .. }) => continue,
                found => found?,
            };
            let one = dependent(&found);
            open.extend(one.after.iter().cloned());
            known.insert(name.clone(), one);
            others.insert(name, found);
        }
        let all: Vec<Dependent> = known.into_values().collect();
        let order = stages(&all)?;
        for one in all.iter().filter(|one| asked.contains_key(&one.application)) {
            let direct = one.after.iter().filter_map(|name| others.get_key_value(name));
            for (dependency, found) in direct {
                if let Some(why) = not_ready(found) {
                    let (application, dependency) = (one.application.clone(), dependency.clone());
                    return Err(OrderError::NotReady { application, dependency, why });
                }
            }
        }
        let mut of_stage =
            |stage: &Vec<&str>| -> Vec<Application> { stage.iter().filter_map(|name| asked.remove(*name)).collect() };
        Ok(order.iter().map(&mut of_stage).filter(|stage| !stage.is_empty()).collect())
    }
}

/// Why an Application is not to be relied on; none where it is synced and healthy.
fn not_ready(application: &Application) -> Option<String> {
    let status = application.status.as_ref();
    let sync = status.and_then(|status| status.sync.as_ref());
    if sync.is_none_or(|sync| sync.status != SyncStatusCode::Synced) {
        return Some("is not synced".into());
    }
    let health = status.and_then(|status| status.health.as_ref()?.status.as_ref().map(|code| code.as_str().to_owned()));
    match health.as_deref() {
        Some("Healthy") => None,
        other => Some(format!("is {}", other.unwrap_or("of unknown health"))),
    }
}
