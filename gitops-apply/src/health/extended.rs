//! Ingresses, autoscalers and API services.

use gitops_core::{Object, Value};

use super::Health;
use super::HealthStatus::{Degraded, Healthy, Progressing, Unknown};
use super::fields::{Condition, condition, conditions, list};

const CONDITIONS_ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/conditions";

pub(super) fn ingress(object: &Object) -> Health {
    let addressed = list(object, &["status", "loadBalancer", "ingress"]).next().is_some();
    Health::new(if addressed { Healthy } else { Progressing }, "")
}

pub(super) fn api_service(object: &Object) -> Health {
    match condition(object, "Available") {
        Some(available) => {
            let status = if available.is_true() { Healthy } else { Progressing };
            Health::new(status, format!("{}: {}", available.reason, available.message))
        }
        None => Health::new(Progressing, "Waiting to be processed"),
    }
}

pub(super) fn autoscaler(object: &Object) -> Health {
    match object.version() {
        "v2" => judge(conditions(object)),
        "v1" => {
            let Some(text) = object.annotation(CONDITIONS_ANNOTATION) else { return waiting() };
            match serde_json::from_str::<Vec<Value>>(text) {
                Ok(list) => judge(list.iter().map(Condition::read)),
                Err(error) => {
                    Health::new(Unknown, format!("failed to convert conditions annotation to typed: {error}"))
                }
            }
        }
        version => {
            let gvk = format!("autoscaling/{version}, Kind=HorizontalPodAutoscaler");
            Health::new(Unknown, format!("unsupported HPA GVK: {gvk}"))
        }
    }
}

fn waiting() -> Health {
    Health::new(Progressing, "Waiting to Autoscale")
}

fn judge<'a>(conditions: impl Iterator<Item = Condition<'a>>) -> Health {
    for one in conditions {
        let failed = matches!(
            (one.kind, one.reason),
            ("AbleToScale", "FailedGetScale" | "FailedUpdateScale")
                | ("ScalingActive", "FailedGetResourceMetric" | "InvalidSelector")
        );
        if failed {
            return Health::new(Degraded, one.message);
        }
        if matches!(one.kind, "AbleToScale" | "ScalingLimited") && one.is_true() {
            return Health::new(Healthy, one.message);
        }
    }
    waiting()
}
