//! Objects whose status is one report: disruption budgets, autoscalers, API services, the node.

use gitops_core::Value;
use serde_json::json;

use super::conditions::Condition;
use super::work::{Fate, Work, number};
use crate::failure::Failure;
use crate::server::{NODE, text};
use crate::store::{Key, parse};

/// The most pods that a budget counts.
const MAX_PODS: usize = 5_000;

/// Budgets count the pods that they select.
pub(super) fn budget(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() {
        return Ok(());
    }
    let place = Some(work.stored.key.namespace.as_str());
    let pods = work.server.session.bodies(("", "Pod"), place, None, MAX_PODS)?;
    let pods = pods.iter().map(|pod| parse(pod)).collect::<Result<Vec<Value>, _>>()?;
    let selected = |pod: &Value| {
        let wanted = work.object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        let held = |key: &str| pod.pointer("/metadata/labels").and_then(|labels| labels.get(key));
        wanted.into_iter().flatten().all(|(key, value)| held(key) == Some(value))
    };
    let pods: Vec<&Value> = pods.iter().filter(|pod| selected(pod)).collect();
    let expected = pods.len() as i64;
    let healthy = pods.iter().filter(|pod| super::work::is_ready(pod)).count() as i64;
    let desired = match (work.object.pointer("/spec/minAvailable"), work.object.pointer("/spec/maxUnavailable")) {
        (Some(least), _) => share(least, expected),
        (None, Some(most)) => (expected - share(most, expected)).max(0),
        (None, None) => expected.min(1),
    };
    let allowed = (healthy - desired).max(0);
    let condition = if allowed > 0 {
        Condition::new("DisruptionAllowed", true, "SufficientPods", "")
    } else {
        Condition::new("DisruptionAllowed", false, "InsufficientPods", "")
    };
    let mut condition = condition.write(work.object, &work.now(), None);
    let generation = work.number("/metadata/generation", 1);
    if let Some(condition) = condition.as_object_mut() {
        condition.insert("message".to_owned(), Value::from(""));
        condition.insert("observedGeneration".to_owned(), Value::from(generation));
    }
    work.report(json!({
        "observedGeneration": generation, "currentHealthy": healthy, "desiredHealthy": desired,
        "disruptionsAllowed": allowed, "expectedPods": expected, "conditions": [condition],
    }))
}

/// A number, or a share of one in percent, rounded up.
fn share(asked: &Value, of: i64) -> i64 {
    match asked {
        Value::String(percent) => percent
            .trim_end_matches('%')
            .parse::<i64>()
            .map_or(0, |percent| percent.saturating_mul(of).saturating_add(99).div_euclid(100)),
        other => other.as_i64().unwrap_or(0),
    }
}

/// Autoscalers find what they scale and leave its size.
pub(super) fn autoscaler(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() {
        return Ok(());
    }
    let group = work.text("/spec/scaleTargetRef/apiVersion").split_once('/').map_or("", |(group, _)| group);
    let (kind, name) = (work.text("/spec/scaleTargetRef/kind"), work.text("/spec/scaleTargetRef/name"));
    let target = work.server.session.get(&Key::new(group, kind, &work.stored.key.namespace, name))?;
    let now = work.now();
    let replicas = target.as_ref().map_or(0, |target| number(&target.body, "/spec/replicas", 1));
    let mut status = json!({"currentReplicas": replicas, "desiredReplicas": replicas});
    // The first version of the API keeps conditions in an annotation.
    if work.text("/apiVersion") != "autoscaling/v1" {
        let able = match (&target, work.fate()) {
            (Some(_), Fate::Ready) => {
                Condition::new("AbleToScale", true, "ReadyForNewScale", "recommended size matches current size")
            }
            _ => Condition::new("AbleToScale", false, "FailedGetScale", "the target's scale could not be read"),
        };
        let active = Condition::new("ScalingActive", target.is_some(), "ValidMetricFound", "metrics are simulated");
        let limited = Condition::new("ScalingLimited", false, "DesiredWithinRange", "the desired count is acceptable");
        let conditions = [able, active, limited].map(|condition| condition.write(work.object, &now, None));
        if let Some(status) = status.as_object_mut() {
            status.insert("conditions".to_owned(), Value::from(conditions.to_vec()));
            status.insert("currentMetrics".to_owned(), Value::Null);
        }
    }
    work.report(status)
}

/// API services are available.
pub(super) fn api_service(work: &Work<'_>) -> Result<(), Failure> {
    let available = match work.fate() {
        Fate::Ready => Condition::new("Available", true, "Passed", "all checks passed"),
        _ => Condition::new("Available", false, "FailedDiscoveryCheck", "simulated failure"),
    };
    work.report(json!({"conditions": [available.write(work.object, &work.now(), None)]}))
}

/// The one node is ready.
pub(super) fn node(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() || text(work.object, "/metadata/name") != NODE {
        return Ok(());
    }
    let now = work.now();
    let ready = Condition::new("Ready", true, "KubeletReady", "no kubelet runs: this node is simulated");
    let ready = ready.write(work.object, &now, None);
    work.report(json!({
        "conditions": [ready],
        "addresses": [{"type": "InternalIP", "address": "172.18.0.2"}, {"type": "Hostname", "address": NODE}],
        "capacity": {"cpu": "64", "memory": "256Gi", "pods": "110"},
        "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "110"},
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_up() {
        assert_eq!(share(&json!("50%"), 3), 2);
        assert_eq!(share(&json!(2), 3), 2);
        assert_eq!(share(&json!("x"), 3), 0);
    }
}
