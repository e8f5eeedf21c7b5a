//! Spark applications: running is healthy while as many executors run as were asked for.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Missing, Progressing};
use super::super::fields::integer_at;
use super::has;

pub(super) fn health(object: &Object) -> Health {
    let error = || object.text(&["status", "applicationState", "errorMessage"]).unwrap_or_default().to_owned();
    let (status, message) = match object.text(&["status", "applicationState", "state"]) {
        Some("") => (Progressing, "SparkApplication was added, enqueuing it for submission"),
        Some("RUNNING") if enough_executors(object) => (Healthy, "SparkApplication is Running"),
        Some("SUBMITTED") => (Progressing, "SparkApplication was submitted successfully"),
        Some("COMPLETED") => (Healthy, "SparkApplication was Completed"),
        Some("FAILED" | "SUBMISSION_FAILED" | "FAILING") => return Health::new(Degraded, error()),
        Some("PENDING_RERUN") => (Progressing, "SparkApplication is Pending Rerun"),
        Some("INVALIDATING") => (Missing, "SparkApplication is in InvalidatingState"),
        Some("SUCCEEDING") => (Progressing, SUCCEEDING),
        Some("UNKNOWN") => (Progressing, UNKNOWN),
        _ => (Progressing, "Waiting for Executor pods"),
    };
    Health::new(status, message)
}

const SUCCEEDING: &str = "The driver pod has been completed successfully. The executor pods terminate and are cleaned \
up.\n                                Under this circumstances, we assume the executor pod are completed.";
const UNKNOWN: &str =
    "SparkApplication is in UnknownState because either driver pod or one or all executor pods in unknown state  ";

fn enough_executors(object: &Object) -> bool {
    let Some(states) = object.get(&["status", "executorState"]).and_then(Value::as_object) else { return false };
    let running = states.values().filter(|state| *state == "RUNNING").count() as i64;
    let wanted = integer_at(object, &["spec", "executor", "instances"]);
    if wanted == Some(running) {
        return true;
    }
    if let Some((least, most)) = allocation(object) {
        return running >= least && running <= most;
    }
    !has(object, &["spec", "dynamicAllocation"]) && wanted.is_none() && running >= 1
}

/// How few and how many executors dynamic allocation allows, by its own field or by Spark's configuration.
fn allocation(object: &Object) -> Option<(i64, i64)> {
    let enabled = object.get(&["spec", "dynamicAllocation", "enabled"]).and_then(Value::as_bool);
    if enabled == Some(true) {
        let bound = |field| integer_at(object, &["spec", "dynamicAllocation", field]);
        return Some((bound("minExecutors").unwrap_or(0), bound("maxExecutors").unwrap_or(i64::MAX)));
    }
    let setting = |key: &str| object.text(&["spec", "sparkConf", key]);
    ["spark.streaming.dynamicAllocation", "spark.dynamicAllocation"].into_iter().find_map(|prefix| {
        if setting(&format!("{prefix}.enabled")) != Some("true") {
            return None;
        }
        let bound = |name: &str| setting(&format!("{prefix}.{name}"))?.parse().ok();
        Some((bound("minExecutors").unwrap_or(0), bound("maxExecutors").unwrap_or(i64::MAX)))
    })
}
