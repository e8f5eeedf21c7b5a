//! The status of an ApplicationSet, in Argo CD's words (applicationset/controllers, applicationset/status, v3.5).

use std::collections::BTreeMap;

use gitops_core::api::{
    API_VERSION, APPLICATION_KIND, Application, ApplicationSetCondition, ApplicationSetConditionType,
    ApplicationSetStatus, ConditionStatus, HealthStatus, ResourceStatus, Time,
};
use gitops_core::{GroupVersionKind, Timestamp};

/// What went wrong with a set: one of Argo CD's words, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) message: String,
    /// Whether it lies with the generators, so that not all parameters are known.
    pub(super) of_generators: bool,
}

impl Failure {
    pub(super) fn new(reason: &str, message: impl Into<String>) -> Self {
        Self { reason: reason.into(), message: message.into(), of_generators: false }
    }
}

/// How far the steps of a set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rollout {
    /// A step is under way, counted from 1.
    Step(usize),
    /// All are done.
    Complete,
}

/// Writes what a look came to into a status. Conditions that say the same as before keep their time.
pub(super) fn conditions(
    status: &mut ApplicationSetStatus,
    failure: Option<&Failure>,
    rollout: Option<Rollout>,
    now: Timestamp,
) {
    use ApplicationSetConditionType::{ErrorOccurred, ParametersGenerated, ResourcesUpToDate, RolloutProgressing};
    let mut found = BTreeMap::new();
    let mut say = |aspect: ApplicationSetConditionType, holds: bool, reason: &str, message: &str| {
        let mut condition = ApplicationSetCondition::default();
        condition.condition_type = aspect.clone();
        condition.status = if holds { ConditionStatus::True } else { ConditionStatus::False };
        condition.reason = reason.to_owned();
        condition.message = message.to_owned();
        found.insert(aspect.as_str().to_owned(), condition);
    };
    match failure {
        Some(Failure { message, of_generators: true, .. }) => {
            say(ParametersGenerated, false, "ErrorOccurred", message);
        }
        _ => {
            let words = "Successfully generated parameters for all Applications";
            say(ParametersGenerated, true, "ParametersGenerated", words);
        }
    }
    match failure {
        Some(Failure { reason, message, .. }) => {
            say(ErrorOccurred, true, reason, message);
            say(ResourcesUpToDate, false, "ErrorOccurred", message);
        }
        None => {
            let words = "All applications have been generated successfully";
            say(ErrorOccurred, false, "ApplicationSetUpToDate", words);
            say(ResourcesUpToDate, true, "ApplicationSetUpToDate", words);
        }
    }
    match rollout {
        Some(Rollout::Step(step)) => {
            let words = format!("ApplicationSet is performing rollout of step {step}");
            say(RolloutProgressing, true, "ApplicationSetModified", &words);
        }
        Some(Rollout::Complete) => {
            say(RolloutProgressing, false, "ApplicationSetRolloutComplete", "ApplicationSet Rollout has completed");
        }
        None => {}
    }
    let before = status.conditions.take().unwrap_or_default();
    for condition in found.values_mut() {
        let same = |old: &&ApplicationSetCondition| {
            (&old.condition_type, &old.status, &old.reason, &old.message)
                == (&condition.condition_type, &condition.status, &condition.reason, &condition.message)
        };
        let time = before.iter().find(same).and_then(|old| old.last_transition_time);
        condition.last_transition_time = time.or(Some(Time(now)));
    }
    status.conditions = Some(found.into_values().collect());
}

/// Writes the Applications of a set into its status, as many as may be named.
pub(super) fn resources<'a>(
    status: &mut ApplicationSetStatus,
    applications: impl Iterator<Item = &'a Application>,
    named: usize,
) {
    let mut resources: Vec<ResourceStatus> = applications.map(resource).collect();
    resources.sort_by(|one, other| one.name.cmp(&other.name));
    status.resources_count = i64::try_from(resources.len()).ok();
    resources.truncate(named);
    status.resources = Some(resources);
    if status.resources_count == Some(0) {
        (status.resources, status.resources_count) = (None, None);
    }
}

fn resource(application: &Application) -> ResourceStatus {
    let gvk = GroupVersionKind::from_api_version(API_VERSION, APPLICATION_KIND);
    let seen = application.status.as_ref();
    let mut resource = ResourceStatus::default();
    resource.group = Some(gvk.group.into());
    resource.version = Some(gvk.version.into());
    resource.kind = Some(gvk.kind.into());
    resource.name.clone_from(&application.metadata.name);
    resource.namespace.clone_from(&application.metadata.namespace);
    resource.status = seen.and_then(|status| Some(status.sync.as_ref()?.status.clone())).filter(|it| it.is_known());
    let mut health = HealthStatus::default();
    health.status = seen.and_then(|status| status.health.as_ref()?.status.clone());
    resource.health = Some(health);
    resource
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn conditions_keep_their_time_where_they_say_the_same() {
        let mut status = ApplicationSetStatus::default();
        conditions(&mut status, None, None, at(1));
        let failure = Failure::new("RenderTemplateParamsError", "no");
        conditions(&mut status, Some(&failure), Some(Rollout::Step(2)), at(2));
        let said = |one: &ApplicationSetCondition| {
            let time = one.last_transition_time.unwrap().0.as_second();
            json!([one.condition_type.as_str(), one.status.as_str(), one.reason, one.message, time])
        };
        let generated = "Successfully generated parameters for all Applications";
        let found: Vec<_> = status.conditions.iter().flatten().map(said).collect();
        assert_eq!(
            json!(found),
            json!([
                ["ErrorOccurred", "True", "RenderTemplateParamsError", "no", 2],
                ["ParametersGenerated", "True", "ParametersGenerated", generated, 1],
                ["ResourcesUpToDate", "False", "ErrorOccurred", "no", 2],
                [
                    "RolloutProgressing",
                    "True",
                    "ApplicationSetModified",
                    "ApplicationSet is performing rollout of step 2",
                    2
                ],
            ])
        );
    }

    #[test]
    fn applications_are_named_as_far_as_there_is_room() {
        let application = |name: &str| Application::new(name, Some("argocd".into()));
        let all = [application("b"), application("a"), application("c")];
        let mut status = ApplicationSetStatus::default();
        resources(&mut status, all.iter(), 2);
        let names: Vec<_> = status.resources.iter().flatten().filter_map(|one| one.name.as_deref()).collect();
        assert_eq!((names.as_slice(), status.resources_count), (["a", "b"].as_slice(), Some(3)));
    }
}
