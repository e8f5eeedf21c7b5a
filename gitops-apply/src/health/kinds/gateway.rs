//! Gateway API's gateways and their listeners.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Progressing};
use super::super::fields::list;
use super::{generation, has, items, text};

/// What a condition that does not hold says.
pub(super) fn failed(part: &Value, kind: &str) -> Option<String> {
    let mut conditions =
        items(part, "conditions").filter(|one| text(one, "type") == Some(kind) && text(one, "status") == Some("False"));
    let failed = conditions.next()?;
    Some(text(failed, "message").map_or_else(|| format!("Failed condition: {kind}"), str::to_owned))
}

/// What the condition about programming says until it holds.
pub(super) fn unprogrammed(part: &Value, what: &str) -> Option<String> {
    let mut conditions = items(part, "conditions")
        .filter(|one| text(one, "type") == Some("Programmed") && text(one, "status") != Some("True"));
    let waiting = conditions.next()?;
    Some(text(waiting, "message").map_or_else(|| format!("{what} is still being programmed"), str::to_owned))
}

fn judge(part: &Value, what: &str, prefix: &str) -> Option<Health> {
    for kind in ["ResolvedRefs", "Accepted"] {
        if let Some(message) = failed(part, kind) {
            return Some(Health::new(Degraded, format!("{prefix}{message}")));
        }
    }
    unprogrammed(part, what).map(|message| Health::new(Progressing, format!("{prefix}{message}")))
}

pub(super) fn gateway(object: &Object) -> Health {
    let own = object.get(&["status"]).and_then(|status| judge(status, "Gateway", ""));
    let mut listeners = list(object, &["status", "listeners"]);
    if let Some(health) = own.or_else(|| listeners.find_map(|one| judge(one, "Listener", "Listener: "))) {
        return health;
    }
    let spoken = has(object, &["status", "conditions"]) || list(object, &["status", "listeners"]).next().is_some();
    match spoken {
        true => Health::new(Healthy, "Gateway is healthy"),
        false => Health::new(Progressing, "Waiting for Gateway status"),
    }
}

pub(super) fn listener_set(object: &Object) -> Health {
    let waiting = || Health::new(Progressing, "Waiting for ListenerSet status");
    let Some(status) = object.get(&["status"]).filter(|status| !status.is_null()) else { return waiting() };
    let stale = |condition: &Value| {
        let observed = condition.get("observedGeneration").and_then(Value::as_i64);
        observed.zip(generation(object)).is_some_and(|(observed, wanted)| observed != wanted)
    };
    if items(status, "conditions").any(stale) {
        return waiting();
    }
    if let Some(message) = failed(status, "Accepted") {
        return Health::new(Degraded, message);
    }
    if let Some(message) = unprogrammed(status, "ListenerSet") {
        return Health::new(Progressing, message);
    }
    let mut listeners = items(status, "listeners");
    listeners.find_map(listener).unwrap_or_else(|| Health::new(Healthy, "ListenerSet is healthy"))
}

/// A listener's conditions in their order: the first that fails.
fn listener(listener: &Value) -> Option<Health> {
    for condition in items(listener, "conditions") {
        let state = (text(condition, "type").unwrap_or_default(), text(condition, "status").unwrap_or_default());
        let otherwise = match state {
            (kind @ ("ResolvedRefs" | "Accepted"), "False") => format!("Failed condition: {kind}"),
            ("Conflicted", "True") => "Listener is conflicted".to_owned(),
            _ => continue,
        };
        let message = text(condition, "message").unwrap_or(&otherwise);
        return Some(Health::new(Degraded, format!("Listener: {message}")));
    }
    unprogrammed(listener, "Listener").map(|message| Health::new(Progressing, format!("Listener: {message}")))
}
