//! Policies of Open Cluster Management.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Progressing};
use super::super::fields::list;
use super::{has, items, text};

const WAITING: &str = "Waiting for the status to be reported";

pub(super) fn configuration(object: &Object) -> Health {
    let Some(compliant) = object.text(&["status", "compliant"]) else {
        return Health::new(Progressing, WAITING);
    };
    if object.get(&["status", "lastEvaluatedGeneration"]) != object.get(&["metadata", "generation"]) {
        return Health::new(Progressing, "Waiting for the status to be updated");
    }
    if !has(object, &["status", "compliancyDetails"]) {
        return Health::new(Progressing, "Waiting for compliance");
    }
    let details = list(object, &["status", "compliancyDetails"]).flat_map(|detail| items(detail, "conditions"));
    let messages: Vec<String> = details
        .filter_map(|condition| Some(format!("{} - {}", text(condition, "type")?, text(condition, "message")?)))
        .collect();
    Health::new(if compliant == "Compliant" { Healthy } else { Degraded }, messages.join("; "))
}

pub(super) fn policy(object: &Object) -> Health {
    if object.get(&["spec", "disabled"]).and_then(Value::as_bool) == Some(true) {
        return Health::new(Healthy, "Policy is disabled");
    }
    let Some(compliant) = object.text(&["status", "compliant"]) else {
        let placed = list(object, &["status", "placement"]).next().is_some();
        return match placed && !has(object, &["status", "status"]) {
            true => Health::new(Healthy, "No clusters match this policy"),
            false => Health::new(Progressing, WAITING),
        };
    };
    // A policy of the hub tells of its clusters, one that was copied to a cluster of its templates.
    let message = if has(object, &["status", "status"]) {
        summary(list(object, &["status", "status"]), "clusters", |entry| text(entry, "clustername"))
    } else if has(object, &["status", "details"]) {
        let name = |entry: &'_ Value| entry.pointer("/templateMeta/name").and_then(Value::as_str).map(str::to_owned);
        let failing = failing(list(object, &["status", "details"])).filter_map(name).collect();
        told(failing, "templates")
    } else {
        String::new()
    };
    Health::new(if compliant == "Compliant" { Healthy } else { Degraded }, message)
}

fn summary<'a>(
    entries: impl Iterator<Item = &'a Value>,
    what: &str,
    name: impl Fn(&'a Value) -> Option<&'a str>,
) -> String {
    told(failing(entries).filter_map(name).map(str::to_owned).collect(), what)
}

fn failing<'a>(entries: impl Iterator<Item = &'a Value>) -> impl Iterator<Item = &'a Value> {
    entries.filter(|entry| text(entry, "compliant") != Some("Compliant"))
}

fn told(failing: Vec<String>, what: &str) -> String {
    match failing.is_empty() {
        true => format!("All {what} are compliant"),
        false => format!("NonCompliant {what}: {}", failing.join(", ")),
    }
}
